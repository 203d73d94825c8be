/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/list.h - lists that grow by one at a time, in amortised constant time.
 *
 * realloc() to one more each time is cheap in glibc only: other allocators copy the whole list.
 * (AddressSanitizer made a minute of what takes a second.)
 */
#ifndef TK_COLLECTOR_MACHINE_LIST_H
#define TK_COLLECTOR_MACHINE_LIST_H

#include <stdlib.h>

/**
 * Make room for one more in a list of n entries: at powers of two, for as many again. The list may
 * have got shorter in between.
 * @return the list, or NULL: it is unchanged
 */
static inline void *tk_list_grow(void *list, size_t n, size_t entry)
{
	if (n & (n - 1))
		return list;
	return reallocarray(list, n ? 2 * n : 1, entry);
}

#endif
