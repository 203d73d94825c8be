/* SPDX-License-Identifier: MIT */
#include "ring/presence.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ring/place_read.h"
#include "ring/test_point.h"

static int take_slot(int fd, unsigned *slot, char why[TK_WHY_MAX])
{
	int ret = 0;

	for (*slot = 0; *slot < TK_PRESENCE_SLOTS; ++*slot) {
		ret = tk_lock_take(fd, F_WRLCK, (off_t)*slot, 1);
		if (ret != -EAGAIN)
			break;
	}
	if (*slot == TK_PRESENCE_SLOTS)
		return tk_fail(why, EUSERS, "%u collectors watch it already", TK_PRESENCE_SLOTS);
	if (ret)
		return tk_fail(why, -ret, TK_PLACE_COLLECTORS ": cannot be locked: %s",
			       strerror(-ret));
	return 0;
}

int tk_presence_enter(int place, unsigned *slot, char why[TK_WHY_MAX])
{
	struct stat dir, st;
	int fd, ret;

	if (fstat(place, &dir))
		return tk_fail(why, errno, "%s", strerror(errno));
	if (dir.st_uid == geteuid())
		tk_presence_make(place);
	fd = tk_place_open_file(place, TK_PLACE_COLLECTORS, O_RDWR, dir.st_uid, &st, why);
	if (fd < 0)
		return fd;
	ret = take_slot(fd, slot, why);
	if (ret) {
		close(fd);
		return ret;
	}
	TK_TEST_POINT("presence.entered");
	return fd;
}
