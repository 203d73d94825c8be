/* SPDX-License-Identifier: MIT */
/*
 * What other users may be up to, and a watch on what they are after.
 *
 *	mischief watch FILE...	says whatever is done to files, and to what is in directories:
 *				opened, read, written, made, removed
 *	mischief swap A B	exchanges two names, over and over
 *	mischief lock FILE	holds a read lock on it
 *
 * Each says "ready" once it is at it, and goes on until it is killed.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <unistd.h>

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

/* Not that a name of it was removed (IN_ATTRIB, IN_DELETE_SELF): its directory, if watched,
 * tells. */
#define DONE (IN_ACCESS | IN_MODIFY | IN_OPEN | IN_CLOSE | IN_CREATE | IN_DELETE | IN_MOVE)

static int watch(char **files)
{
	char buffer[sizeof(struct inotify_event) + NAME_MAX + 1];
	int fd = inotify_init1(IN_CLOEXEC);

	for (char **file = files; *file; file++) {
		if (inotify_add_watch(fd, *file, DONE | IN_DONT_FOLLOW) < 0) {
			perror(*file);
			return 1;
		}
	}
	ready();
	while (read(fd, buffer, sizeof(buffer)) > 0) {
		const struct inotify_event *e = (const void *)buffer;

		if (e->mask & IN_IGNORED) /* what was watched is no more */
			continue;
		printf("watch %d: events 0x%x %s\n", e->wd, e->mask, e->len ? e->name : "");
		fflush(stdout);
	}
	return 1;
}

static _Noreturn void swap(const char *a, const char *b)
{
	ready();
	for (;;) {
		if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE))
			usleep(100); /* one of them is not there at the moment */
	}
}

static int lock(const char *file)
{
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd = open(file, O_RDONLY);

	if (fd < 0 || fcntl(fd, F_SETLK, &l)) {
		perror(file);
		return 1;
	}
	ready();
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves nobody behind */
	if (argc > 2 && !strcmp(argv[1], "watch"))
		return watch(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "swap"))
		swap(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "lock"))
		return lock(argv[2]);
	fprintf(stderr, "usage: mischief watch FILE... | swap A B | lock FILE\n");
	return 2;
}
