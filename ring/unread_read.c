/* SPDX-License-Identifier: MIT */
#include "ring/unread.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ring/place_read.h"

int tk_unread_read(int place, const char *name, struct tk_unread *unread, char why[TK_WHY_MAX])
{
	struct stat dir, st;
	int fd, ret;

	if (fstat(place, &dir))
		return tk_fail(why, errno, "%s", strerror(errno));
	fd = tk_place_open_file(place, name, O_RDONLY, dir.st_uid, &st, why);
	if (fd < 0)
		return fd;
	ret = tk_place_read(fd, unread, sizeof(*unread), 0);
	close(fd);
	if (ret || unread->magic == 0)
		return tk_fail(why, EAGAIN, "%s is still being made", name);
	if (unread->magic != TK_UNREAD_MAGIC || unread->version != TK_UNREAD_VERSION ||
	    !memchr(unread->app, 0, sizeof(unread->app)) || !tk_name_valid(unread->app))
		return tk_fail(why, EBADMSG, "%s is not a count of what was not read", name);
	return 0;
}
