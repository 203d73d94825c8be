/* SPDX-License-Identifier: MIT */
#include "producer/examples/gateway/rpc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A "0x00000000000000000000000000000000000000aa"
#define B "0x00000000000000000000000000000000000000bB"

static struct rpc_request *parsed(const char *text)
{
	struct rpc_request *request = rpc_parse(text, strlen(text));

	cr_assert(request != NULL);
	return request;
}

/* What a request is answered when the line does nothing but read parameters. */
static void expect_answer(const char *text, const char *expected)
{
	struct rpc_request *request = parsed(text);
	char *answer;

	for (size_t i = 0; i < request->n; i++) {
		if (!request->call[i].error)
			rpc_read_params(&request->call[i]);
		rpc_answer(&request->call[i]);
	}
	answer = rpc_join(request);
	if (expected)
		cr_assert(answer && strcmp(answer, expected) == 0, "%s\ngave %s\nnot  %s", text,
			  answer ? answer : "nothing", expected);
	else
		cr_assert(answer == NULL, "%s\ngave %s", text, answer);
	free(answer);
	rpc_free(request);
}

static enum rpc_error error_of(const char *text)
{
	struct rpc_request *request = parsed(text);
	enum rpc_error error;

	cr_assert(request->n == 1);
	if (!request->call[0].error)
		rpc_read_params(&request->call[0]);
	error = request->call[0].error;
	rpc_free(request);
	return error;
}

Test(rpc, malformed_json_is_a_parse_error_with_id_null)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"}",
		"[",
		"[1,",
		"{\"jsonrpc\":\"2.0\",\"id\":1",
		"nonsense",
		"{\"a\":1}x",
		"\"\\ud800\"",
		"{\"jsonrpc\":\"2.0\",}",
		"\xff\xfe",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_answer(texts[i],
			      "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
			      "\"message\":\"this is not JSON\"}}");
}

Test(rpc, every_prefix_of_a_request_is_refused_and_nothing_worse)
{
	const char *text = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gw_sendTransaction\","
			   "\"params\":[{\"from\":\"" A "\",\"to\":\"" B "\",\"value\":\"0x1\"}]}]";

	for (size_t n = 0; n < strlen(text); n++) {
		struct rpc_request *request = rpc_parse(text, n);

		cr_assert(request && request->n == 1);
		cr_assert(request->call[0].error == RPC_PARSE_ERROR, "at %zu", n);
		rpc_free(request);
	}
}

Test(rpc, nesting_without_end_is_refused)
{
	char deep[100001];

	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	cr_assert(error_of(deep) == RPC_PARSE_ERROR);
}

Test(rpc, what_is_not_a_request_is_invalid)
{
	static const char *const texts[] = {
		"[]",
		"[1]",
		"{}",
		"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"eth_chainId\"}",
		"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"eth_chainId\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":1}",
		"{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"eth_chainId\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"eth_chainId\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":\"x\"}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert(error_of(texts[i]) == RPC_INVALID_REQUEST, "%s", texts[i]);
}

Test(rpc, an_invalid_request_is_answered_even_without_an_id)
{
	expect_answer("{\"jsonrpc\":\"2.0\",\"method\":1}",
		      "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
		      "\"message\":\"method must be a string\"}}");
	expect_answer("{\"id\":5,\"method\":\"eth_chainId\"}",
		      "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32600,"
		      "\"message\":\"jsonrpc must be \\\"2.0\\\"\"}}");
}

Test(rpc, ids_come_back_as_they_were)
{
	static const char *const ids[] = { "1", "-7", "null", "\"\"", "\"a\\\"b\\\\\"", "1.5" };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		char text[128], expected[128];

		snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"x\"}",
			 ids[i]);
		snprintf(expected, sizeof(expected),
			 "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":-32601,"
			 "\"message\":\"no such method\"}}",
			 ids[i]);
		expect_answer(text, expected);
	}
}

Test(rpc, notifications_are_not_answered)
{
	expect_answer("{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"}", NULL);
	expect_answer("{\"jsonrpc\":\"2.0\",\"method\":\"no_such\"}", NULL);
	expect_answer("{\"jsonrpc\":\"2.0\",\"method\":\"eth_getBalance\",\"params\":[1]}", NULL);
	expect_answer("[{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"}]", NULL);
}

Test(rpc, a_batch_is_answered_in_order_without_its_notifications)
{
	expect_answer(
		"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_blockNumber\"},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"eth_blockNumber\"},7,"
		"{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"method\":\"eth_chainId\",\"params\":{}}]",
		"[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x0\"},"
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
		"\"message\":\"a request is a JSON object\"}},"
		"{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"result\":\"0x0\"}]");
	expect_answer("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_blockNumber\"}]",
		      "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x0\"}]");
}

#define SEND(tx) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gw_sendTransaction\",\"params\":" tx "}"

Test(rpc, wrong_parameters)
{
	static const char *const texts[] = {
		SEND("[]"),
		SEND("[1]"),
		SEND("{}"),
		SEND("[{\"to\":\"" B "\",\"value\":1}]"),
		SEND("[{\"from\":\"" A "\",\"value\":1}]"),
		SEND("[{\"from\":\"" A "\",\"to\":\"" B "\"}]"),
		SEND("[{\"from\":\"" A "0\",\"to\":\"" B "\",\"value\":1}]"),
		SEND("[{\"from\":\"00000000000000000000000000000000000000aaaa\",\"to\":\"" B
		     "\",\"value\":1}]"),
		SEND("[{\"from\":\"0x00000000000000000000000000000000000000ag\",\"to\":\"" B
		     "\",\"value\":1}]"),
		SEND("[{\"from\":\"" A "\",\"to\":\"" B "\",\"value\":-1}]"),
		SEND("[{\"from\":\"" A "\",\"to\":\"" B "\",\"value\":1.5}]"),
		SEND("[{\"from\":\"" A "\",\"to\":\"" B "\",\"value\":\"0x\"}]"),
		SEND("[{\"from\":\"" A "\",\"to\":\"" B "\",\"value\":\"0x10000000000000000\"}]"),
		SEND("[{\"from\":\"" A "\",\"to\":\"" B "\",\"value\":1,\"nonce\":\"7\"}]"),
		SEND("[{\"from\":\"" A "\",\"to\":\"" B "\",\"value\":1,\"data\":\"0x0\"}]"),
		SEND("[{\"from\":\"" A "\",\"to\":\"" B "\",\"value\":1,\"data\":5}]"),
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gw_sendTransaction\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBalance\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBalance\",\"params\":[\"0x1\"]}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert(error_of(texts[i]) == RPC_INVALID_PARAMS, "%s", texts[i]);
}

Test(rpc, a_transaction_is_read_whole)
{
	struct rpc_request *request = parsed(SEND("[{\"from\":\"" A "\",\"to\":\"" B
						  "\",\"value\":\"0xffffffffffffffff\","
						  "\"nonce\":3,\"data\":\"0xC0ffee\"}]"));
	struct rpc_call *call = &request->call[0];

	rpc_read_params(call);
	cr_assert(eq(int, (int)call->error, 0));
	cr_assert(eq(u8, call->from.byte[19], 0xaa));
	cr_assert(eq(u8, call->to.byte[19], 0xbb));
	cr_assert(eq(u64, call->value, UINT64_MAX));
	cr_assert(call->has_nonce);
	cr_assert(eq(u64, call->nonce, 3));
	cr_assert(eq(sz, call->bytes, 3));
	cr_assert(eq(u8, rpc_data_byte(call, 0), 0xc0));
	cr_assert(eq(u8, rpc_data_byte(call, 2), 0xee));
	rpc_free(request);
}

Test(rpc, parameters_by_name_and_what_is_optional)
{
	struct rpc_request *request =
		parsed(SEND("{\"from\":\"" A "\",\"to\":\"" B "\",\"value\":0}"));

	rpc_read_params(&request->call[0]);
	cr_assert(eq(int, (int)request->call[0].error, 0));
	cr_assert(not(request->call[0].has_nonce));
	cr_assert(eq(sz, request->call[0].bytes, 0));
	rpc_free(request);
	cr_assert(error_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBalance\","
			   "\"params\":{\"address\":\"" A "\"}}") == 0);
	cr_assert(error_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBalance\","
			   "\"params\":[\"" A "\",\"latest\"]}") == 0);
}

Test(rpc, a_transaction_is_answered_with_its_hash)
{
	struct rpc_request *request =
		parsed(SEND("{\"from\":\"" A "\",\"to\":\"" B "\",\"value\":0}"));
	char *answer;

	request->call[0].digest.byte[0] = 0x1f;
	request->call[0].digest.byte[31] = 0x0e;
	rpc_answer(&request->call[0]);
	answer = rpc_join(request);
	cr_assert(eq(str, answer,
		     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x1f00000000000000000000000000"
		     "00000000000000000000000000000000000e\"}"));
	free(answer);
	rpc_free(request);
}
