/* SPDX-License-Identifier: MIT */
#include "collector/serve/http/gzip.h"

#include <stdlib.h>
#include <zlib.h>

#define LEVEL        1
#define WINDOW_BITS  (15 + 16) /* 16: with gzip's header and checksum */
#define MEMORY_LEVEL 9
#define STEP         (1u << 20) /* bytes of input: zlib counts in 32 bits */

/* Room for the whole result is there. @return whether all of it was written */
static int deflate_all(z_stream *z, const unsigned char *bytes, size_t n)
{
	int state = Z_OK;

	for (size_t at = 0; state == Z_OK; at += STEP) {
		size_t left = n - at;

		z->next_in = (unsigned char *)(size_t)(bytes + at);
		z->avail_in = (unsigned int)(left < STEP ? left : STEP);
		state = deflate(z, left <= STEP ? Z_FINISH : Z_NO_FLUSH);
	}
	return state == Z_STREAM_END;
}

void *tk_gzip(const void *bytes, size_t n, size_t *n_out)
{
	z_stream z = { 0 };
	size_t room;
	void *out, *kept;

	if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY))
		return NULL;
	room = deflateBound(&z, n);
	out = room > 0xffffffff ? NULL : malloc(room);
	z.next_out = out;
	z.avail_out = (unsigned int)room;
	if (!out || !deflate_all(&z, bytes, n)) {
		deflateEnd(&z);
		free(out);
		return NULL;
	}
	*n_out = z.total_out;
	deflateEnd(&z);
	kept = realloc(out, *n_out);
	if (kept)
		out = kept;
	return out;
}
