/* SPDX-License-Identifier: MIT */
#include "ring/lock.h"

#include <errno.h>
#include <string.h>

int tk_lock_take(int fd, short type, off_t first, off_t n)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = n };

	return fcntl(fd, F_OFD_SETLK, &lock) ? -errno : 0;
}

/* Find one lock that stands in the way. */
static bool find(int fd, short type, off_t first, off_t n, struct flock *found)
{
	*found = (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = n
	};
	return fcntl(fd, F_OFD_GETLK, found) == 0 && found->l_type != F_UNLCK;
}

bool tk_lock_is_taken(int fd, short type, off_t first, off_t n)
{
	struct flock found;

	return find(fd, type, first, n, &found);
}

/* The kernel reports any one lock within a range, so what lies on either side of it is asked again:
 * a stack of ranges, of which there are never more than there are bytes. */
void tk_lock_list(int fd, short type, off_t first, struct tk_lock_set *set)
{
	struct {
		off_t from, to;
	} ranges[TK_LOCK_SET + 1] = { { first, first + TK_LOCK_SET } };
	unsigned n = 1;

	memset(set, 0, sizeof(*set));
	while (n) {
		off_t from = ranges[--n].from, to = ranges[n].to, start, end;
		struct flock found;

		if (from >= to || !find(fd, type, from, to - from, &found))
			continue;
		start = found.l_start > from ? found.l_start : from;
		end = found.l_len && found.l_start + found.l_len < to ? found.l_start + found.l_len
								      : to;
		for (off_t i = start - first; i < end - first; i++)
			set->bits[i / 64] |= UINT64_C(1) << i % 64;
		ranges[n].from = from;
		ranges[n++].to = start;
		ranges[n].from = end;
		ranges[n++].to = to;
	}
}
