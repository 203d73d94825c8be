/* SPDX-License-Identifier: MIT */
/*
 * ring/guard.h - surviving the truncation of a file that is mapped.
 *
 * Touching a page beyond the end of a truncated file raises SIGBUS. For programs that read
 * segments, never for the library in the watched program: one handler, which puts zero pages over
 * the whole of the mapping that faulted and sets the flag that came with it; the access then goes
 * on and reads zeroes, and the reader gives the segment up when it sees the flag. A SIGBUS
 * elsewhere goes where it went before.
 *
 * tk_guard_install() once, early, from any thread; add and remove from any thread.
 */
#ifndef TK_RING_GUARD_H
#define TK_RING_GUARD_H

#include <stddef.h>

/** @return 0 or -errno. */
int tk_guard_install(void);

/** Guard [addr, addr + size). *bad is set to 1 on a fault. @return 0, or -ENOSPC (32,768 mappings).
 */
int tk_guard_add(const void *addr, size_t size, volatile int *bad);

/** Before unmapping. */
void tk_guard_remove(const void *addr);

#endif
