/* SPDX-License-Identifier: MIT */
/* Directories that are missing, full, read-only, taken away, or out of sight. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/host/host.h"
#include "tests/place.h"

/* ---- what TIMEKEEPER_DIR says ---- */

static void points_to(const char *dir)
{
	setenv("TIMEKEEPER_DIR", dir, 1);
}

/* Refused, and the reason says what is meant. */
static void refused(const char *dir, int error, const char *reason)
{
	points_to(dir);
	host_start();
	must(tk_open("host", NULL) == -error, "not %s", strerror(error));
	must(strstr(tk_why(), reason), "the reason does not name '%s'", reason);
	host_goes_on(NULL);
}

static void missing(unsigned step)
{
	(void)step;
	refused("/nowhere/at/all", ENOENT, "/nowhere/at/all");
}

static void a_file(unsigned step)
{
	char path[128];

	(void)step;
	snprintf(path, sizeof(path), "%s/file", host_place());
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	refused(path, ENOTDIR, path);
	unlink(path);
}

static void a_link(unsigned step)
{
	char path[128];

	(void)step;
	snprintf(path, sizeof(path), "%s/link", host_place());
	must(!symlink("/tmp", path), "no link");
	refused(path, ENOTDIR, path);
	unlink(path);
}

static void endless(unsigned step)
{
	static char path[5001];

	(void)step;
	memset(path, 'd', sizeof(path) - 1);
	path[0] = '/';
	refused(path, ENAMETOOLONG, "TIMEKEEPER_DIR");
}

/* No file fits below it any more. */
static void nearly_endless(unsigned step)
{
	char path[4090] = "/";

	(void)step;
	for (size_t i = 1; i < sizeof(path) - 1; i++)
		path[i] = i % 200 ? 'd' : '/';
	refused(path, ENOENT, "dddd");
}

/* A daemon goes to / after it has opened: what was relative then still means the same. */
static void relative(unsigned step)
{
	char was[256];

	(void)step;
	must(getcwd(was, sizeof(was)) && !chdir(host_place()), "nowhere to go");
	points_to(".");
	host_start();
	host_open(NULL);
	must(!chdir("/"), "nowhere to go");
	host_run();
	host_exact();
	host_close();
	must(!chdir(was), "nowhere to go back to");
}

/* ---- directories of the test's own making ---- */

static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS))
		host_skip("a mount namespace of one's own takes root");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		host_skip("in a chroot mounts cannot be kept to oneself");
}

static void mount_place(const char *options, unsigned long flags)
{
	own_mounts();
	must(!mount("place", host_place(), "tmpfs", flags, options), "cannot mount: %s", options);
}

static void of_size(const char *what, unsigned n)
{
	char options[64];

	snprintf(options, sizeof(options), "mode=700,%s=%u", what, n);
	mount_place(options, 0);
	host_start();
	host_goes_on(NULL);
}

static void full(unsigned step)
{
	of_size("size", (step + 1) * 4096); /* 0 means no limit */
}

static void no_inodes(unsigned step)
{
	of_size("nr_inodes", step + 1);
}

static void read_only(unsigned step)
{
	(void)step;
	mount_place("mode=700", MS_RDONLY);
	host_start();
	host_goes_on(NULL);
}

/* No TIMEKEEPER_DIR, or an empty one: the default, in a /dev/shm of our own. */
static void by_default(unsigned step)
{
	char path[64];

	own_mounts();
	must(!mount("shm", "/dev/shm", "tmpfs", 0, NULL), "cannot mount");
	snprintf(path, sizeof(path), "/dev/shm/timekeeper-%u", geteuid());
	host_looks_at(path);
	if (step)
		unsetenv("TIMEKEEPER_DIR");
	else
		points_to("");
	host_start();
	host_goes_on(NULL);
	must(place_remove_empty(path), "left files in %s", path);
}

static void no_dev_shm(unsigned step)
{
	(void)step;
	own_mounts();
	must(!mount("dev", "/dev", "tmpfs", MS_RDONLY, NULL), "cannot mount");
	unsetenv("TIMEKEEPER_DIR");
	host_start();
	host_goes_on(NULL);
	must(strstr(tk_why(), "/dev/shm"), "no reason");
}

/* ---- taken away ---- */

static void remove_segments(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf %s/*", host_place());
	must(!system(command), "cannot remove");
}

/* Threads that have a lane keep it; others get none. */
static void removed(unsigned step)
{
	host_start();
	host_open(NULL);
	remove_segments();
	if (step)
		must(place_remove_empty(host_place()), "cannot remove %s", host_place());
	host_run();
	must(strstr(tk_why(), "gone"), "the reason does not say so");
	host_close();
}

static void replaced(unsigned step)
{
	char command[512];

	(void)step;
	host_start();
	host_open(NULL);
	snprintf(command, sizeof(command),
		 "cd %s && for s in *; do mv $s ../tk-moved-$$ && mkdir $s && touch $s/mine && "
		 "rm -r ../tk-moved-$$; done",
		 host_place());
	must(!system(command), "cannot replace");
	host_run();
	must(strstr(tk_why(), "gone"), "the reason does not say so");
	host_close();
	snprintf(command, sizeof(command), "rm %s/*/mine && rmdir %s/*", host_place(),
		 host_place());
	must(!system(command), "what took its place was touched");
}

/* A server that goes into an empty directory for good: no /proc, no /sys, no /dev. */
static void chrooted(unsigned step)
{
	char was[128];

	(void)step;
	strcpy(was, host_place());
	host_start();
	if (chroot(was))
		host_skip("chroot() takes root");
	points_to("/");
	host_looks_at("/");
	host_goes_on(NULL);
	host_looks_at(was);
}

static void chrooted_later(unsigned step)
{
	(void)step;
	host_start();
	host_open(NULL);
	if (chroot("/usr"))
		host_skip("chroot() takes root");
	host_run();
	host_close();
	host_leaves_files();
}

const struct scenario scenarios[] = {
	{ "TIMEKEEPER_DIR does not exist", missing, 0, OPEN_REFUSED },
	{ "TIMEKEEPER_DIR is a file", a_file, 0, OPEN_REFUSED },
	{ "TIMEKEEPER_DIR is a link", a_link, 0, OPEN_REFUSED },
	{ "TIMEKEEPER_DIR is 5,000 bytes", endless, 0, OPEN_REFUSED },
	{ "TIMEKEEPER_DIR is 4,089 bytes", nearly_endless, 0, OPEN_REFUSED },
	{ "TIMEKEEPER_DIR is relative", relative, 0, WORKS },
	{ "TIMEKEEPER_DIR is empty, or not set", by_default, 2, WORKS },
	{ "no /dev/shm", no_dev_shm, 0, OPEN_REFUSED },
	{ "a file system of so many pages", full, 64, OPEN_REFUSED | JOIN_REFUSED | WORKS },
	{ "a file system of so many inodes", no_inodes, 16, OPEN_REFUSED | JOIN_REFUSED | WORKS },
	{ "read-only", read_only, 0, OPEN_REFUSED },
	{ "segment, or all, removed after open", removed, 2, JOIN_REFUSED },
	{ "segment replaced after open", replaced, 0, JOIN_REFUSED },
	{ "chroot without /proc, /sys and /dev", chrooted, 0, WORKS },
	{ "chroot after open", chrooted_later, 0, JOIN_REFUSED },
	{ 0 },
};
