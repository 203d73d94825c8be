/* SPDX-License-Identifier: MIT */
/*
 * actors.h - the line of actors that a call goes down, one thread each:
 *
 *	         +-----------+   +-----------+   +------------+   +--------+   +-----------+
 *	ingest ->| validator |-->| sequencer |-->| simulator0 |-->| sealer |-->| responder |->
 *answered
 *	         +-----------+   +-----------+-->| simulator1 |-->+--------+   +-----------+
 *	                                         +------------+
 *
 *	validator	reads the parameters, hashes the transaction, signs it
 *	sequencer	gives it its place, finds its accounts, chooses the simulator they belong to
 *	simulators	check the signature, nonce and funds, move the money
 *	sealer		adds it to the block; a block every 2 s
 *	responder	writes the answer
 *
 * Every actor times its own work and how old the message was when it began. What has been refused,
 * or does not concern an actor, passes it untimed.
 *
 * Nothing is lost and nothing can block: no more calls are let in than a channel has room for, so
 * no channel is ever full.
 */
#ifndef GW_ACTORS_H
#define GW_ACTORS_H

#include <stdbool.h>

#include "producer/examples/gateway/rpc.h"
#include <timekeeper.h>

/** What travels: a message dressed with its origin, 24 bytes. Whoever holds it owns the call. */
typedef TK_MESSAGE(struct rpc_call *) gw_message;

struct gw_line;

/** Called by the responder's thread when all calls of a request have been answered. The request is
 * the callee's then. */
typedef void (*gw_answered)(struct rpc_request *request);

/**
 * Start the actors. `capacity` is how many calls may be on their way at a time: who pushes more
 * than that loses them. `pin`: a cpu for each, from the second on that the process may use.
 * @return NULL and errno.
 */
struct gw_line *gw_line_start(unsigned int capacity, bool pin, gw_answered answered);

/** End the actors. All requests must have been answered. */
void gw_line_stop(struct gw_line *line);

/** Send one call down the line. Only from the ingest thread. */
void gw_line_push(struct gw_line *line, const gw_message *message);

/** Wake the line after pushing. Only from the ingest thread. */
void gw_line_ring(struct gw_line *line);

/** Cpus a gateway needs to have one for each of its threads. */
unsigned int gw_threads(void);

/** The n-th cpu that this process may use, or -1. */
int gw_nth_cpu(unsigned int n);

#endif
