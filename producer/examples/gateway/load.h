/* SPDX-License-Identifier: MIT */
/*
 * load.h - drives a gateway over real loopback connections (HTTP keep-alive), from a thread of its
 * own.
 *
 * Open loop: request k is due at start + k / rate, whatever became of those before, and its latency
 * counts from when it was due, not from when a connection was free for it. So a gateway that stalls
 * cannot hide it by slowing its measure down ("coordinated omission"). At rate 0 every connection
 * sends its next request when it has the answer to its last; that measures throughput.
 */
#ifndef GW_LOAD_H
#define GW_LOAD_H

#include <stdint.h>
#include <stdio.h>

struct gw_load;

/** Begin. @return NULL and errno: no memory, or the gateway could not be connected to. */
struct gw_load *gw_load_start(uint16_t port, double rate, unsigned int connections);

/** Stop sending, wait a second for what is under way, print the summary. @return how many requests
 * were not answered, or with an error. */
uint64_t gw_load_stop(struct gw_load *load, FILE *out);

#endif
