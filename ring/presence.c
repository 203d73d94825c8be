/* SPDX-License-Identifier: MIT */
#include "ring/presence.h"

#include <sys/stat.h>
#include <unistd.h>

#include "ring/segment.h"
#include "ring/test_point.h"

static bool is_empty(const struct tk_lock_set *set)
{
	return !(set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]);
}

void tk_presence_make(int place)
{
	int fd = openat(place, TK_PLACE_COLLECTORS,
			O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	TK_TEST_POINT("presence.made");
}

bool tk_presence_list(int place, struct tk_lock_set *present)
{
	int fd = tk_place_open(place, TK_PLACE_COLLECTORS, O_RDONLY | O_NONBLOCK);
	struct stat dir, st;

	*present = (struct tk_lock_set){ 0 };
	if (fd < 0)
		return false;
	/* By write locks: who may only read the file cannot pretend to be there. */
	if (!fstat(place, &dir) && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    st.st_uid == dir.st_uid)
		tk_lock_list(fd, F_RDLCK, 0, present);
	close(fd);
	return !is_empty(present);
}

static void leave_out(struct tk_lock_set *set, const struct tk_lock_set *those)
{
	for (unsigned i = 0; i < TK_LOCK_SET / 64; i++)
		set->bits[i] &= ~those->bits[i];
}

bool tk_presence_needs(const struct tk_lock_set *present, int headfd)
{
	struct tk_lock_set rest = *present, done;

	tk_lock_list(headfd, F_WRLCK, TK_SEGMENT_DONE, &done);
	leave_out(&rest, &done);
	return !is_empty(&rest);
}

bool tk_presence_missed(const struct tk_lock_set *present, int headfd)
{
	struct tk_lock_set rest = *present, attached, done;

	tk_lock_list(headfd, F_WRLCK, TK_SEGMENT_ATTACHED, &attached);
	tk_lock_list(headfd, F_WRLCK, TK_SEGMENT_DONE, &done);
	leave_out(&rest, &attached);
	leave_out(&rest, &done);
	return !is_empty(&rest);
}
