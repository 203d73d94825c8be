/* SPDX-License-Identifier: MIT */
/* Whether an owner lives, whatever it does to itself, and whoever asks from wherever. */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring/segment_read.h"
#include "ring/segment_write.h"
#include "tests/place.h"

static char why[TK_WHY_MAX];
static int dir;

static void set_up(void)
{
	dir = place_make_open();
	cr_assert_geq(dir, 0);
}

static void tear_down(void)
{
	cr_assert(place_remove());
}

TestSuite(owner, .init = set_up, .fini = tear_down, .timeout = 60);

static bool open_segment(struct tk_segment_writer *s)
{
	struct tk_segment_options o = { .app = "app", .max_timers = 8, .max_lanes = 1 };

	return tk_segment_create(s, &o, why) == 0;
}

/* fork(), with these flags for clone(). */
static pid_t start(uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* ---- what an owner does to itself ---- */

static void nothing(void)
{
}

static void close_all(void)
{
	/* As daemons do. */
	(void)!syscall(SYS_close_range, 0, ~0u, 0);
}

static void open_and_close_its_head(void)
{
	char path[512];
	DIR *d = opendir(place);

	for (const struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%s/head", place, e->d_name);
		close(open(path, O_RDWR));
	}
	closedir(d);
}

static void give_up_privileges(void)
{
	if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
		_exit(9);
	close_all();
}

static void change_root(void)
{
	if (geteuid() == 0 && (chroot(place) || chdir("/")))
		_exit(9);
	close_all();
}

static void change_namespaces(void)
{
	if (geteuid() == 0 && unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET))
		_exit(9);
	close_all();
}

static void call_mlockall(void)
{
	(void)mlockall(MCL_CURRENT);
	(void)munlockall();
}

static const struct {
	const char *name;
	void (*harm)(void);
	uint64_t flags;
} owners[] = {
	{ "does nothing", nothing, 0 },
	{ "closes every descriptor", close_all, 0 },
	{ "opens and closes its head", open_and_close_its_head, 0 },
	{ "gives up its privileges", give_up_privileges, 0 },
	{ "changes its root", change_root, 0 },
	{ "changes namespaces", change_namespaces, 0 },
	{ "locks memory", call_mlockall, 0 },
	{ "is the first of a pid namespace", nothing, CLONE_NEWPID },
	{ "the same, and closes every descriptor", close_all, CLONE_NEWPID },
};

#define OWNERS (sizeof(owners) / sizeof(owners[0]))

struct owner {
	pid_t pid;
	char name[TK_SEGMENT_NAME_MAX + 1];
};

/* What it says goes through shared memory, for it has no descriptors. */
struct said {
	char name[TK_SEGMENT_NAME_MAX + 1];
	bool ready;
};

static struct owner make_owner(unsigned which)
{
	struct said *said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct owner o = { 0 };
	int status;

	o.pid = start(geteuid() ? 0 : owners[which].flags);
	cr_assert_geq(o.pid, 0);
	if (o.pid == 0) {
		struct tk_segment_writer s;

		if (!open_segment(&s))
			_exit(8);
		memcpy(said->name, s.name, sizeof(s.name));
		owners[which].harm();
		__atomic_store_n(&said->ready, true, __ATOMIC_RELEASE);
		for (;;)
			pause();
	}
	while (!__atomic_load_n(&said->ready, __ATOMIC_ACQUIRE)) {
		cr_assert_eq(waitpid(o.pid, &status, WNOHANG), 0, "%s: status %#x",
			     owners[which].name, (unsigned)status);
		usleep(100);
	}
	memcpy(o.name, said->name, sizeof(o.name));
	munmap(said, sizeof(*said));
	return o;
}

static enum tk_owner ask(const char *name)
{
	struct tk_segment *s = tk_segment_attach(dir, name, TK_LANE_LOOK, why);
	enum tk_owner owner;

	cr_assert_not_null(s, "%s", why);
	owner = tk_segment_owner(s);
	tk_segment_detach(s);
	return owner;
}

/* From a process that is the first of another pid namespace. */
static enum tk_owner ask_from_elsewhere(const char *name)
{
	pid_t pid = start(geteuid() ? 0 : CLONE_NEWPID);
	int status;

	if (pid == 0) {
		struct tk_segment *s = tk_segment_attach(dir, name, TK_LANE_LOOK, why);

		_exit(s ? (int)tk_segment_owner(s) : 99);
	}
	waitpid(pid, &status, 0);
	return (enum tk_owner)WEXITSTATUS(status);
}

/* The kernel drops the lock when the last reference to the process's memory goes: exec does that
 * after it has closed descriptors, and whoever reads /proc/<pid> may hold one for a moment. */
static bool is_dead_soon(enum tk_owner (*asks)(const char *name), const char *name)
{
	for (unsigned i = 0; i < 20000 && asks(name) != TK_OWNER_DEAD; i++)
		usleep(1000);
	return asks(name) == TK_OWNER_DEAD;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(owner, lives_until_it_dies)
{
	for (unsigned i = 0; i < OWNERS; i++) {
		struct owner o = make_owner(i);

		cr_expect_eq(ask(o.name), TK_OWNER_ALIVE, "%s", owners[i].name);
		cr_expect_eq(ask_from_elsewhere(o.name), TK_OWNER_ALIVE, "%s", owners[i].name);
		end(o.pid);
		cr_expect(is_dead_soon(ask, o.name), "%s", owners[i].name);
		cr_expect(is_dead_soon(ask_from_elsewhere, o.name), "%s", owners[i].name);
	}
}

/* Nobody's next program of the app removes it. */
Test(owner, is_not_pruned_while_it_lives)
{
	struct owner o[OWNERS];
	struct tk_segment_writer s;

	for (unsigned i = 0; i < OWNERS; i++)
		o[i] = make_owner(i);
	for (unsigned i = 0; i < 3; i++)
		cr_assert(open_segment(&s), "%s", why);
	for (unsigned i = 0; i < OWNERS; i++) {
		cr_expect_eq(ask(o[i].name), TK_OWNER_ALIVE, "%s", owners[i].name);
		end(o[i].pid);
	}
}

/* ---- ends ---- */

static void wait_for_end_of(int fd)
{
	char byte;

	cr_assert_eq(read(fd, &byte, 1), 0);
	close(fd);
}

/* exec keeps the pid and the start time; the program is another. Again and again: nothing is left
 * that nobody knows what to make of. */
Test(owner, ends_with_exec)
{
	struct tk_segment_writer *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int gone[2];
	pid_t pid;

	cr_assert_eq(pipe2(gone, O_CLOEXEC), 0);
	pid = start(0);
	if (pid == 0) {
		if (open_segment(s))
			execlp("sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	close(gone[1]);
	wait_for_end_of(gone[0]);
	cr_expect(is_dead_soon(ask, s->name));
	end(pid);
}

Test(owner, ends_with_exit)
{
	struct tk_segment_writer *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = start(0);

	if (pid == 0)
		_exit(!open_segment(s));
	waitpid(pid, NULL, 0);
	cr_expect(is_dead_soon(ask, s->name));
}

/* A child does not hold its parent's lock, whatever made it; and leaves alone what lies in the
 * place of the page that does. */
Test(owner, is_not_its_child)
{
	struct tk_segment_writer *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int alive[2], ready[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe2(alive, O_CLOEXEC) | pipe2(ready, O_CLOEXEC), 0);
	pid = start(0);
	if (pid == 0) {
		if (!open_segment(s))
			_exit(1);
		if (start(0) == 0) {
			int *other = mmap(s->lock, 4096, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

			close(alive[1]);
			if (other == MAP_FAILED || (void *)other != s->lock)
				_exit(1);
			tk_segment_forget(s);
			*other = 7;
			if (write(ready[1], "x", 1) != 1)
				_exit(1);
			(void)!read(alive[0], &byte, 1);
			_exit(0);
		}
		for (;;)
			pause();
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1, "the child did not come so far");
	{
		DIR *d = opendir(place);
		const struct dirent *e;
		char name[TK_SEGMENT_NAME_MAX + 1] = "";

		while ((e = readdir(d)))
			if (tk_place_pid(e->d_name))
				snprintf(name, sizeof(name), "%.*s", (int)TK_SEGMENT_NAME_MAX,
					 e->d_name);
		closedir(d);
		cr_assert_eq(ask(name), TK_OWNER_ALIVE);
		end(pid);
		cr_expect(is_dead_soon(ask, name), "its child lives");
	}
}
