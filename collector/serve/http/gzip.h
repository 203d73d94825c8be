/* SPDX-License-Identifier: MIT */
/*
 * collector/serve/http/gzip.h - an answer, compressed. Level 1: metrics repeat themselves so much
 * that it finds nearly all there is, in half the time of the next level.
 */
#ifndef TK_COLLECTOR_SERVE_HTTP_GZIP_H
#define TK_COLLECTOR_SERVE_HTTP_GZIP_H

#include <stddef.h>

/** @return n_out bytes, to be freed; NULL: no memory */
void *tk_gzip(const void *bytes, size_t n, size_t *n_out);

#endif
