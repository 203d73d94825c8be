/* SPDX-License-Identifier: MIT */
/*
 * ring/lock.h - locks on bytes of a file, by which processes tell each other that they live.
 *
 * All are OFD locks: one belongs to an open file description, not to a process. It is gone when the
 * last descriptor and the last mapping of that description are gone, however the process ends.
 * Closing another descriptor of the same file does not drop it, and every pid namespace sees it. A
 * byte need not exist to be locked: the files may be empty.
 *
 * Any thread; a system call each; never blocks.
 */
#ifndef TK_RING_LOCK_H
#define TK_RING_LOCK_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TK_LOCK_SET 256u

/** Some of TK_LOCK_SET bytes in a row. */
struct tk_lock_set {
	uint64_t bits[TK_LOCK_SET / 64];
};

static inline bool tk_lock_set_has(const struct tk_lock_set *s, unsigned i)
{
	return s->bits[i / 64] >> i % 64 & 1;
}

/**
 * Lock `n` bytes from `first` on (n = 0: all there can be), F_RDLCK (needs a descriptor that reads)
 * or F_WRLCK (one that writes). @return 0, -EAGAIN: somebody else has locked one of them, or
 * -errno.
 */
int tk_lock_take(int fd, short type, off_t first, off_t n);

/**
 * Whether a lock of somebody else would keep us from taking this one: F_RDLCK asks for write locks,
 * F_WRLCK for either kind. Locks taken through `fd` itself are not seen.
 */
bool tk_lock_is_taken(int fd, short type, off_t first, off_t n);

/** Which of the TK_LOCK_SET bytes from `first` on are locked so: two system calls a lock, and
 * one. */
void tk_lock_list(int fd, short type, off_t first, struct tk_lock_set *set);

#endif
