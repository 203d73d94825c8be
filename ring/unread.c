/* SPDX-License-Identifier: MIT */
#include "ring/unread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring/test_point.h"

/* Whoever finds it unfinished finishes it: each step does the same by whomever it is done. Sizing
 * beyond RLIMIT_FSIZE would raise a signal, and touching what is not reserved another. */
static int finish(int fd, const char *app)
{
	struct tk_unread head = { .magic = TK_UNREAD_MAGIC, .version = TK_UNREAD_VERSION };
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur < TK_UNREAD_SIZE)
		return -EFBIG;
	if (fallocate(fd, 0, 0, TK_UNREAD_SIZE) &&
	    (errno != EOPNOTSUPP || ftruncate(fd, TK_UNREAD_SIZE)))
		return -errno;
	TK_TEST_POINT("unread.sized");
	snprintf(head.app, sizeof(head.app), "%s", app);
	if (pwrite(fd, head.app, sizeof(head.app), offsetof(struct tk_unread, app)) < 0 ||
	    pwrite(fd, &head, offsetof(struct tk_unread, processes), 0) < 0)
		return -errno;
	TK_TEST_POINT("unread.made");
	return 0;
}

static int check(int fd, const char *app)
{
	uint64_t magic = 0;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    pread(fd, &magic, sizeof(magic), 0) < 0)
		return -EBADMSG;
	if (magic != 0 && magic != TK_UNREAD_MAGIC)
		return -EBADMSG;
	return magic == 0 || st.st_size < TK_UNREAD_SIZE ? finish(fd, app) : 0;
}

static int open_figure(int place, const char *app, bool group)
{
	char name[TK_PLACE_NAME_MAX];
	int fd, ret;

	tk_place_safe(name, app, TK_PLACE_UNREAD);
	fd = openat(place, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ret = check(fd, app);
	if (ret) {
		close(fd);
		return ret;
	}
	if (group)
		(void)fchmod(fd, 0640);
	return fd;
}

int tk_unread_add(int place, const char *app, uint64_t records, bool group)
{
	int fd = open_figure(place, app, group);
	struct tk_unread *u;

	if (fd < 0)
		return fd;
	u = mmap(NULL, TK_UNREAD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (u == MAP_FAILED)
		return -errno;
	__atomic_fetch_add(&u->records, records, __ATOMIC_RELAXED);
	TK_TEST_POINT("unread.records");
	__atomic_fetch_add(&u->processes, 1, __ATOMIC_RELAXED);
	TK_TEST_POINT("unread.added");
	munmap(u, TK_UNREAD_SIZE);
	return 0;
}
