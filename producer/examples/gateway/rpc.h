/* SPDX-License-Identifier: MIT */
/*
 * rpc.h - JSON-RPC 2.0: the text of a request into calls, calls into the text of the answer.
 *
 *	gw_sendTransaction [{"from","to","value","nonce","data"}]	the transaction's hash
 *	eth_getBalance     ["0x<address>"]				gwei
 *	eth_blockNumber    []
 *	eth_chainId        []
 *
 * Addresses are "0x" and 40 hex digits, data is "0x" and an even number of them, quantities are
 * "0x" and up to 16 or a JSON integer. Parameters come by position or by name. nonce (the sender's
 * next, if left out) and data are optional, and so is "latest" after the address of a balance.
 *
 * A call that is refused keeps its place in the request and carries the error to where answers are
 * written. No function here prints; a call is touched by one thread at a time.
 */
#ifndef GW_RPC_H
#define GW_RPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producer/examples/gateway/accounts.h"
#include "producer/examples/gateway/work.h"

#define GW_CHAIN_ID 1337

enum rpc_method {
	RPC_SEND_TRANSACTION,
	RPC_GET_BALANCE,
	RPC_BLOCK_NUMBER,
	RPC_CHAIN_ID,
	RPC_METHODS,
};

enum rpc_error {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL_ERROR = -32603,
	RPC_REJECTED = -32000, /* well-formed, but not to be done: nonce, funds, ... */
};

struct rpc_call {
	struct rpc_request *request;
	json_t *id; /* NULL: a notification, which gets no answer */
	json_t *params;
	enum rpc_method method;

	enum rpc_error error; /* 0: none so far */
	const char *message;  /* static text about it */

	/* From the parameters. Of a balance, only `from`. */
	struct gw_address from;
	struct gw_address to;
	uint64_t value;
	uint64_t nonce;
	bool has_nonce;
	const char *data; /* hex digits, without 0x: rpc_data_byte() */
	size_t bytes;     /* of data */

	/* What the actors tell each other. */
	struct gw_hash digest; /* validator: of the transaction; simulator: of what became of it */
	uint64_t signature;
	uint64_t sequence;
	struct gw_account *sender;
	struct gw_account *receiver;
	unsigned int simulator;

	uint64_t quantity; /* the result, where it is a number; else it is the digest */
	char *answer;      /* rpc_answer() */
};

struct rpc_request {
	void *owner;       /* whoever waits for the answer */
	json_t *json;      /* ids, parameters and data point into it */
	bool batch;        /* the answer is an array */
	size_t unanswered; /* calls still on their way: the responder's */
	size_t n;
	struct rpc_call call[];
};

/**
 * Take a request apart. Text that is no request at all becomes one refused call, so there always
 * is something to answer. @return NULL only without memory.
 */
struct rpc_request *rpc_parse(const char *text, size_t bytes);
void rpc_free(struct rpc_request *request);

/** Read and check a call's parameters. It is refused if they are wrong. */
void rpc_read_params(struct rpc_call *call);

/** Byte i of a transaction's data. */
uint8_t rpc_data_byte(const struct rpc_call *call, size_t i);

/** Refuse a call. `message` is kept, not copied. */
void rpc_refuse(struct rpc_call *call, enum rpc_error error, const char *message);

/** Write a call's answer, `call->answer`; of a notification, nothing. */
void rpc_answer(struct rpc_call *call);

/** The whole answer, for the caller to free(); NULL if there is nothing to say. All calls must have
 * been answered. */
char *rpc_join(struct rpc_request *request);

#endif
