/* SPDX-License-Identifier: MIT */
/*
 * The body of a request to the example gateway, parsed and answered as its actors would. Whatever
 * it is, each call that is no notification gets one answer, which is valid JSON-RPC 2.0 and carries
 * its id; and all of them together are valid JSON.
 */
#include <string.h>

#include "producer/examples/gateway/rpc.h"
#include "tests/fuzz/fuzz.h"

static void serve(struct rpc_call *call)
{
	unsigned sum = 0;

	if (!call->error)
		rpc_read_params(call);
	REQUIRE(!call->data || call->error || strlen(call->data) == 2 * call->bytes);
	if (!call->error && call->method == RPC_SEND_TRANSACTION)
		for (size_t i = 0; i < call->bytes; i++)
			sum += rpc_data_byte(call, i);
	call->quantity = sum;
	rpc_answer(call);
}

/* Of all that is sent, only a valid request without an id asks for no answer. */
static bool is_notification(const json_t *json)
{
	const char *version = json_string_value(json_object_get(json, "jsonrpc"));
	const json_t *params = json_object_get(json, "params");

	return version && !strcmp(version, "2.0") && !json_object_get(json, "id") &&
	       json_is_string(json_object_get(json, "method")) &&
	       (!params || json_is_array(params) || json_is_object(params));
}

static void check_answer(const struct rpc_call *call)
{
	json_t *answer, *error;

	REQUIRE(!call->answer == !call->id);
	if (!call->answer)
		return;
	answer = json_loads(call->answer, 0, NULL);
	REQUIRE(answer);
	REQUIRE(json_object_size(answer) == 3);
	REQUIRE(!strcmp(json_string_value(json_object_get(answer, "jsonrpc")), "2.0"));
	REQUIRE(json_equal(json_object_get(answer, "id"), call->id));
	error = json_object_get(answer, "error");
	REQUIRE(!error == !call->error);
	REQUIRE(!error == json_is_string(json_object_get(answer, "result")));
	REQUIRE(!error || json_integer_value(json_object_get(error, "code")) == call->error);
	REQUIRE(!error || json_is_string(json_object_get(error, "message")));
	json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpc_request *request = rpc_parse((const char *)data, size);
	size_t answers = 0;
	json_t *all;
	char *text;

	REQUIRE(request && request->n > 0);
	for (size_t i = 0; i < request->n; i++) {
		const json_t *json = request->json;

		serve(&request->call[i]);
		json = request->batch ? json_array_get(json, i) : json;
		REQUIRE(!request->call[i].answer == is_notification(json));
		check_answer(&request->call[i]);
		answers += request->call[i].answer != NULL;
	}
	text = rpc_join(request);
	REQUIRE(!text == !answers);
	if (text) {
		all = json_loads(text, 0, NULL);
		REQUIRE(request->batch ? json_array_size(all) == answers : json_is_object(all));
		json_decref(all);
	}
	free(text);
	rpc_free(request);
	return 0;
}
