/* SPDX-License-Identifier: MIT */
/*
 * collector/serve/index.h - things that are found by a text, in the order in which they came.
 *
 * Each begins with a struct tk_index_key. A table of open addressing, at most half full, finds them
 * by hash; the list has them in order. One thread per object.
 */
#ifndef TK_COLLECTOR_SERVE_INDEX_H
#define TK_COLLECTOR_SERVE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What an entry begins with. */
struct tk_index_key {
	char *text; /* n bytes, without a NUL */
	size_t n;
	uint64_t hash;
};

/** All zero: empty. */
struct tk_index {
	void **entry;
	size_t n;
	uint32_t *place; /* slots: 0, or an entry's number + 1 */
	size_t slots;    /* a power of two, or 0 */
};

/** @return the entry, or NULL */
void *tk_index_find(const struct tk_index *x, const char *text, size_t n);

/**
 * A new entry of `size` bytes, all zero but its key. There must be none yet.
 * @return NULL: no memory
 */
void *tk_index_add(struct tk_index *x, const char *text, size_t n, size_t size);

/** Remove the entries for which goes() is true; it has freed what they hold but key and entry. */
void tk_index_sweep(struct tk_index *x, bool (*goes)(void *arg, void *entry), void *arg);

/** Remove them all; likewise. */
void tk_index_free(struct tk_index *x, void (*end)(void *entry));

#endif
