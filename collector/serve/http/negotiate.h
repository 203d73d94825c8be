/* SPDX-License-Identifier: MIT */
/*
 * collector/serve/http/negotiate.h - which of two forms a client prefers, by its headers
 * (RFC 9110, section 12.5). Any thread; no allocation; a header that makes no sense asks for
 * nothing.
 */
#ifndef TK_COLLECTOR_SERVE_HTTP_NEGOTIATE_H
#define TK_COLLECTOR_SERVE_HTTP_NEGOTIATE_H

#include <stdbool.h>

/**
 * Accept: whether OpenMetrics is wanted: it is named, in version 1.0.0, 0.0.1 or none, and no less
 * than text/plain. NULL, wildcards and anything else: the text format.
 */
bool tk_accepts_openmetrics(const char *accept);

/** Accept-Encoding: whether gzip is wanted: it, or `*`, is named, and not with q=0. */
bool tk_accepts_gzip(const char *accept_encoding);

#endif
