/* SPDX-License-Identifier: MIT */
/*
 * ring/guard.h - keeps a reader alive when somebody truncates a file that it has mapped.
 *
 * Touching a page beyond the end of a truncated file raises SIGBUS. This installs a handler that
 * puts zero pages over the whole mapping that faulted and sets the flag that was registered with
 * it. The access is repeated and reads zeroes; the reader gives the segment up when it sees the
 * flag. A SIGBUS at any other address goes to the handler that was there before.
 *
 * Only for programs that read segments: the library in the watched program never changes a signal's
 * disposition. Call tk_guard_install() once and early, from any thread; add and remove from any
 * thread.
 */
#ifndef TK_RING_GUARD_H
#define TK_RING_GUARD_H

#include <stddef.h>

/** @return 0 or -errno. */
int tk_guard_install(void);

/** Guard [addr, addr + size). *bad is set to 1 on a fault. @return 0, or -ENOSPC (32,768 mappings).
 */
int tk_guard_add(const void *addr, size_t size, volatile int *bad);

/** End the guard of the mapping that begins at `addr`; call it before munmap(). */
void tk_guard_remove(const void *addr);

#endif
