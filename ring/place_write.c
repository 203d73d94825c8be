/* SPDX-License-Identifier: MIT */
#include "ring/place_write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *tk_place_remedy(int error)
{
	switch (error) {
	case EFBIG:
		return "; raise `ulimit -f`";
	case EMFILE:
		return "; raise `ulimit -n`";
	case EACCES:
		return "; if the program gives up privileges, let it call tk_open() and its "
		       "threads tk_join() before that";
	case ENOSPC:
	case ENOMEM:
		return "; free or enlarge it, ask for fewer slots, or set TIMEKEEPER_DIR";
	default:
		return "";
	}
}

int tk_place_choose(char dir[PATH_MAX])
{
	size_t length, here;
	char *end;

	if (tk_segments_dir(dir, PATH_MAX))
		return -ENAMETOOLONG;
	if (dir[0] == '/')
		return 0;
	length = strlen(dir);
	end = dir + PATH_MAX - length - 1;
	memmove(end, dir, length + 1);
	if (!getcwd(dir, (size_t)(end - dir)))
		return errno == ERANGE ? -ENAMETOOLONG : -errno;
	here = strlen(dir);
	dir[here] = '/';
	memmove(dir + here + 1, end, length + 1);
	return 0;
}

/* The directory may have existed, with another group. If it has the setgid bit, somebody chose that
 * group on purpose, and the files in it get it, too: keep it. Of a directory that was just made the
 * umask may have taken any bit, even the owner's. */
static void let_group_in(int fd, const struct stat *st)
{
	mode_t mode = st->st_mode & 07777;

	if (st->st_gid != getegid() && !(mode & S_ISGID))
		(void)!fchown(fd, (uid_t)-1, getegid());
	if ((mode & TK_PLACE_MODE_GROUP) != TK_PLACE_MODE_GROUP)
		(void)fchmod(fd, mode | TK_PLACE_MODE_GROUP);
}

int tk_place_make(const char *dir, bool group, char why[TK_WHY_MAX])
{
	struct stat st;
	int fd;

	if (mkdir(dir, group ? TK_PLACE_MODE_GROUP : TK_PLACE_MODE) && errno != EEXIST)
		return tk_fail(why, errno, "cannot make the directory %.150s: %s", dir,
			       strerrordesc_np(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return tk_fail(why, errno, "cannot open the directory %.150s: %s", dir,
			       strerrordesc_np(errno));
	if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		close(fd);
		return tk_fail(why, EPERM,
			       "the directory %.150s belongs to another user, or others may write "
			       "into it: set TIMEKEEPER_DIR to one of your own, mode 0700",
			       dir);
	}
	if (group)
		let_group_in(fd, &st);
	return fd;
}
