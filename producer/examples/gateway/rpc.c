/* SPDX-License-Identifier: MIT */
#include "producer/examples/gateway/rpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const method_names[RPC_METHODS] = {
	[RPC_SEND_TRANSACTION] = "gw_sendTransaction",
	[RPC_GET_BALANCE] = "eth_getBalance",
	[RPC_BLOCK_NUMBER] = "eth_blockNumber",
	[RPC_CHAIN_ID] = "eth_chainId",
};

void rpc_refuse(struct rpc_call *call, enum rpc_error error, const char *message)
{
	call->error = error;
	call->message = message;
}

/* ---- the envelope ---------------------------------------------------------------------------- */

static bool find_method(struct rpc_call *call, const char *name)
{
	for (unsigned int i = 0; i < RPC_METHODS; i++) {
		if (strcmp(name, method_names[i]) == 0) {
			call->method = (enum rpc_method)i;
			return true;
		}
	}
	return false;
}

static bool is_id(const json_t *id)
{
	return json_is_string(id) || json_is_number(id) || json_is_null(id);
}

/* What is not a valid request is never a notification: its error is answered, with id null. */
static void refuse_request(struct rpc_call *call, enum rpc_error error, const char *message)
{
	if (!call->id)
		call->id = json_null();
	rpc_refuse(call, error, message);
}

static void read_envelope(struct rpc_call *call, json_t *json)
{
	const char *version = json_string_value(json_object_get(json, "jsonrpc"));
	const char *method = json_string_value(json_object_get(json, "method"));
	json_t *id = json_object_get(json, "id");

	call->params = json_object_get(json, "params");
	if (is_id(id))
		call->id = id;
	if (!json_is_object(json))
		refuse_request(call, RPC_INVALID_REQUEST, "a request is a JSON object");
	else if (!version || strcmp(version, "2.0") != 0)
		refuse_request(call, RPC_INVALID_REQUEST, "jsonrpc must be \\\"2.0\\\"");
	else if (id && !is_id(id))
		refuse_request(call, RPC_INVALID_REQUEST, "id must be a string, a number or null");
	else if (!method)
		refuse_request(call, RPC_INVALID_REQUEST, "method must be a string");
	else if (call->params && !json_is_array(call->params) && !json_is_object(call->params))
		refuse_request(call, RPC_INVALID_REQUEST, "params must be an array or an object");
	else if (!find_method(call, method))
		rpc_refuse(call, RPC_METHOD_NOT_FOUND, "no such method");
}

static struct rpc_request *request_of(json_t *json, size_t n)
{
	struct rpc_request *request = calloc(1, sizeof(*request) + n * sizeof(request->call[0]));

	if (!request) {
		json_decref(json);
		return NULL;
	}
	request->json = json;
	request->unanswered = n;
	request->n = n;
	for (size_t i = 0; i < n; i++)
		request->call[i].request = request;
	return request;
}

static struct rpc_request *refused_request(json_t *json, enum rpc_error error, const char *message)
{
	struct rpc_request *request = request_of(json, 1);

	if (request)
		refuse_request(&request->call[0], error, message);
	return request;
}

struct rpc_request *rpc_parse(const char *text, size_t bytes)
{
	json_t *json = json_loadb(text, bytes, 0, NULL);
	bool batch = json_is_array(json);
	struct rpc_request *request;

	if (!json)
		return refused_request(NULL, RPC_PARSE_ERROR, "this is not JSON");
	if (batch && json_array_size(json) == 0)
		return refused_request(json, RPC_INVALID_REQUEST, "an empty batch");
	request = request_of(json, batch ? json_array_size(json) : 1);
	if (!request)
		return NULL;
	request->batch = batch;
	for (size_t i = 0; i < request->n; i++)
		read_envelope(&request->call[i], batch ? json_array_get(json, i) : json);
	return request;
}

void rpc_free(struct rpc_request *request)
{
	if (!request)
		return;
	for (size_t i = 0; i < request->n; i++)
		free(request->call[i].answer);
	json_decref(request->json);
	free(request);
}

/* ---- parameters ------------------------------------------------------------------------------ */

/* 16: not a digit. */
static unsigned hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A' + 10);
	return 16;
}

/* The digits after 0x, or NULL if this is not such a string. */
static const char *hex_digits(const json_t *json, size_t *n)
{
	const char *text = json_string_value(json);

	if (!text || strncmp(text, "0x", 2) != 0)
		return NULL;
	*n = json_string_length(json) - 2;
	for (size_t i = 0; i < *n; i++) {
		if (hex_value(text[2 + i]) > 15)
			return NULL;
	}
	return text + 2;
}

static uint8_t hex_byte(const char *digits, size_t i)
{
	return (uint8_t)(hex_value(digits[2 * i]) << 4 | hex_value(digits[2 * i + 1]));
}

uint8_t rpc_data_byte(const struct rpc_call *call, size_t i)
{
	return hex_byte(call->data, i);
}

static bool read_address(const json_t *json, struct gw_address *address)
{
	size_t n;
	const char *digits = hex_digits(json, &n);

	if (!digits || n != sizeof(address->byte) * 2)
		return false;
	for (size_t i = 0; i < sizeof(address->byte); i++)
		address->byte[i] = hex_byte(digits, i);
	return true;
}

static bool read_quantity(const json_t *json, uint64_t *quantity)
{
	size_t n;
	const char *digits = hex_digits(json, &n);

	if (json_is_integer(json) && json_integer_value(json) >= 0) {
		*quantity = (uint64_t)json_integer_value(json);
		return true;
	}
	if (!digits || n == 0 || n > 16)
		return false;
	*quantity = strtoull(digits, NULL, 16);
	return true;
}

/* The only or first parameter, by position or by name. */
static json_t *first_param(const struct rpc_call *call, const char *name)
{
	if (json_is_array(call->params))
		return json_array_get(call->params, 0);
	return json_object_get(call->params, name);
}

/* @return what is wrong with it, or NULL. */
static const char *read_transaction(struct rpc_call *call)
{
	json_t *tx = json_is_array(call->params) ? json_array_get(call->params, 0) : call->params;
	json_t *nonce = json_object_get(tx, "nonce");
	json_t *data = json_object_get(tx, "data");
	size_t digits = 0;

	if (!json_is_object(tx))
		return "params must hold a transaction: {from, to, value, nonce, data}";
	if (!read_address(json_object_get(tx, "from"), &call->from))
		return "from must be an address: 0x and 40 hex digits";
	if (!read_address(json_object_get(tx, "to"), &call->to))
		return "to must be an address: 0x and 40 hex digits";
	if (!read_quantity(json_object_get(tx, "value"), &call->value))
		return "value must be a quantity: 0x and up to 16 hex digits, or an integer";
	call->has_nonce = nonce != NULL;
	if (nonce && !read_quantity(nonce, &call->nonce))
		return "nonce must be a quantity: 0x and up to 16 hex digits, or an integer";
	if (data)
		call->data = hex_digits(data, &digits);
	if (data && (!call->data || digits % 2))
		return "data must be bytes: 0x and an even number of hex digits";
	call->bytes = digits / 2;
	return NULL;
}

void rpc_read_params(struct rpc_call *call)
{
	const char *wrong = NULL;

	if (call->method == RPC_SEND_TRANSACTION)
		wrong = read_transaction(call);
	else if (call->method == RPC_GET_BALANCE &&
		 !read_address(first_param(call, "address"), &call->from))
		wrong = "params must hold an address: 0x and 40 hex digits";
	if (wrong)
		rpc_refuse(call, RPC_INVALID_PARAMS, wrong);
}

/* ---- answers --------------------------------------------------------------------------------- */

static int answer_error(struct rpc_call *call, const char *id)
{
	return asprintf(
		&call->answer,
		"{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,\"message\":\"%s\"}}", id,
		call->error, call->message);
}

static int answer_quantity(struct rpc_call *call, const char *id)
{
	return asprintf(&call->answer, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":\"0x%llx\"}", id,
			(unsigned long long)call->quantity);
}

static int answer_hash(struct rpc_call *call, const char *id)
{
	char hex[2 * GW_HASH + 1];

	for (size_t i = 0; i < GW_HASH; i++)
		snprintf(hex + 2 * i, 3, "%02x", call->digest.byte[i]);
	return asprintf(&call->answer, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":\"0x%s\"}", id,
			hex);
}

void rpc_answer(struct rpc_call *call)
{
	char *id;
	int length;

	if (!call->id)
		return;
	id = json_dumps(call->id, JSON_ENCODE_ANY | JSON_COMPACT);
	if (!id)
		return;
	if (call->error)
		length = answer_error(call, id);
	else if (call->method == RPC_SEND_TRANSACTION)
		length = answer_hash(call, id);
	else
		length = answer_quantity(call, id);
	if (length < 0)
		call->answer = NULL;
	free(id);
}

static char *join_batch(const struct rpc_request *request, size_t bytes)
{
	char *text = malloc(bytes);
	char *end = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < request->n; i++) {
		if (!request->call[i].answer)
			continue;
		*end = end == text ? '[' : ',';
		end = stpcpy(end + 1, request->call[i].answer);
	}
	memcpy(end, "]", sizeof("]"));
	return text;
}

char *rpc_join(struct rpc_request *request)
{
	size_t bytes = 0;
	char *only;

	if (!request->batch) {
		only = request->call[0].answer;
		request->call[0].answer = NULL;
		return only;
	}
	for (size_t i = 0; i < request->n; i++) {
		if (request->call[i].answer)
			bytes += strlen(request->call[i].answer) + 1;
	}
	return bytes ? join_batch(request, bytes + 2) : NULL;
}
