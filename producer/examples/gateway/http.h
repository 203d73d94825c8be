/* SPDX-License-Identifier: MIT */
/*
 * http.h - the front: HTTP/1.1 on 127.0.0.1, and the first actor of the line, ingest.
 *
 * One thread waits for the network with epoll_wait and drives libmicrohttpd by hand. That is what
 * makes the origin honest: it is stamped when epoll_wait returns, before anybody has looked at the
 * bytes. A request is parsed, its calls go down the line, and its connection is suspended; the
 * responder resumes it, and this thread sends the answer.
 *
 *	200  the answer			405  not a POST
 *	204  only notifications		413  body or batch too large
 *					503  too many calls on their way: try again
 */
#ifndef GW_HTTP_H
#define GW_HTTP_H

#include <stdbool.h>
#include <stdint.h>

struct gw_http;

/**
 * Listen on 127.0.0.1:port; port 0: any free one. At most `in_flight` calls are let in at a time.
 * The actors are started first, this thread after them.
 * @return NULL and errno: EADDRINUSE, EACCES, ENOMEM, EIO (libmicrohttpd would not start), ...
 */
struct gw_http *gw_http_start(uint16_t port, unsigned int in_flight, bool pin);

/** Where it listens. */
uint16_t gw_http_port(const struct gw_http *http);

/** Stop listening, answer what is under way, end. Clients get a second to take their answers. */
void gw_http_stop(struct gw_http *http);

#endif
