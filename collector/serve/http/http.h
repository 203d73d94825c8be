/* SPDX-License-Identifier: MIT */
/*
 * collector/serve/http/http.h - the server: /metrics, /healthz, an index, and nothing else.
 *
 * No thread of its own: its owner calls tk_http_run(), which answers what is due. What it answers
 * is written once for each interval, form and encoding, and shared by all who ask meanwhile.
 *
 * What others may do to it is bounded. A connection carries one request, of 16 KiB at most, which
 * must be there after 10 s, and takes its answer within 30. Of 128 connections (fewer, where there
 * are few descriptors: tk_http_connections()), the oldest that has not asked for anything goes for
 * a new one; so who opens thousands keeps nobody out. Of answers, eight besides the newest are in
 * memory at most: whoever takes the oldest loses the connection. The kernel holds 512 KiB for each.
 *
 * One thread per object.
 */
#ifndef TK_COLLECTOR_SERVE_HTTP_HTTP_H
#define TK_COLLECTOR_SERVE_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct tk_http;

/**
 * How many connections there may be at most: 160, or an eighth of the descriptors that this process
 * may have. A fifth of them are for those that are ended to make room.
 */
unsigned tk_http_connections(void);

/** What its owner is asked. */
struct tk_http_source {
	void *arg;
	/* @return n bytes, to be freed; NULL: no memory */
	char *(*render)(void *arg, bool openmetrics, size_t *n);
	bool (*is_healthy)(void *arg);
};

/** @listener: a socket, which is its own from now on. @return NULL and errno */
struct tk_http *tk_http_open(int listener, const struct tk_http_source *source);

/** Answer what comes within timeout_ms, or less if a signal comes. */
void tk_http_run(struct tk_http *h, int timeout_ms);

/** There are newer figures: what is asked from now on is rendered anew. */
void tk_http_renew(struct tk_http *h);

/** Close all connections. */
void tk_http_close(struct tk_http *h);

#endif
