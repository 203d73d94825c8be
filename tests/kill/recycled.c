/* SPDX-License-Identifier: MIT */
/*
 * A pid that was a producer's and is another's now, in this pid namespace or in a different one, is
 * not the producer. Needs the right to choose a pid (clone3's set_tid), or is skipped.
 */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kill/kill.h"

#define TICK_US 10000 /* in which /proc tells when a process began */

static const struct plan plan = { .point = -1, .slots = 256, .threads = 1, .salt = 1 };

/* As fork(), with that pid, or as the first of a new pid namespace. */
static pid_t clone_as(pid_t pid, uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	if (pid) {
		args.set_tid = (uint64_t)(uintptr_t)&pid;
		args.set_tid_size = 1;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static pid_t start_producer(struct page *page, uint64_t flags)
{
	pid_t pid;

	memset(page, 0, sizeof(*page));
	pid = clone_as(0, flags);
	if (pid == 0)
		producer(&plan, page);
	return pid;
}

/* Attach to the one segment there is, as soon as there is one. */
static struct tk_segment *attach(struct worker *w, char name[TK_SEGMENT_NAME_MAX + 1])
{
	static struct tally tallies[SEGMENTS];
	struct watcher watcher = { &plan, w->dirfd, TK_LANE_OLDEST, .tallies = tallies };
	uint64_t until = now_us() + DEADLINE_US;
	char why[TK_WHY_MAX];

	while (watcher.n == 0 && now_us() < until)
		watch(&watcher);
	if (watcher.n == 0)
		return NULL;
	memcpy(name, watcher.watched[0].name, TK_SEGMENT_NAME_MAX + 1);
	watch_no_more(&watcher);
	return tk_segment_attach(w->dirfd, name, TK_LANE_LOOK, why);
}

/* The program, in the namespace it is in, says this of the one segment's owner. */
static bool ls_says(struct worker *w, const char *owner, char why[200])
{
	char said[16];

	if (!w->timekeeper)
		return true;
	return program_owner(w, said, why) &&
	       (!strcmp(said, owner) || fail(why, "ls says %s of a %s producer", said, owner));
}

static bool owner_is(struct worker *w, struct tk_segment *s, enum tk_owner owner, const char *name,
		     char why[200])
{
	enum tk_owner is = tk_segment_owner(s);

	if (is != owner)
		return fail(why, "it seems %d, but is %s", (int)is, name);
	return ls_says(w, name, why);
}

/* The producer is dead; another process has its pid. */
static int same_namespace(struct worker *w, char why[200])
{
	char name[TK_SEGMENT_NAME_MAX + 1];
	uint64_t began = now_us();
	pid_t pid = start_producer(w->page, 0), other;
	struct tk_segment *s = attach(w, name);
	bool good;

	/* Two processes of one pid do not begin in one tick: pids would have to wrap. */
	while (now_us() < began + 3 * TICK_US)
		usleep(TICK_US);
	end(pid);
	if (!s)
		return fail(why, "no segment appeared");
	other = clone_as(pid, 0);
	if (other == 0) {
		pause();
		_exit(0);
	}
	if (other != pid) {
		tk_segment_detach(s);
		(void)fail(why, "may not choose a pid: %s", strerror(errno));
		return clean(w, why) ? -1 : 0;
	}
	good = owner_is(w, s, TK_OWNER_DEAD, "dead", why) && clean(w, why);
	tk_segment_detach(s);
	end(other);
	return good;
}

/* Is it taken for one's own by a process that has the same pid in another namespace? */
static bool not_own(struct worker *w, const char *name, char why[200])
{
	pid_t pid = clone_as(0, CLONE_NEWPID);
	char said[TK_WHY_MAX];
	int status;

	if (pid == 0)
		_exit(tk_segment_attach(w->dirfd, name, TK_LANE_LOOK, said) == NULL);
	status = await(pid, DEADLINE_US);
	return status == 0 || fail(why, "a collector of the same pid in another pid namespace does "
					"not attach");
}

/* The producer is the first process of its namespace, as in a container: of our pid 1 that says
 * nothing, neither that it lives nor that it is dead. */
static bool other_namespace(struct worker *w, char why[200])
{
	char name[TK_SEGMENT_NAME_MAX + 1];
	pid_t pid = start_producer(w->page, CLONE_NEWPID);
	struct tk_segment *s = attach(w, name);
	bool good = s || fail(why, "no segment appeared");

	good = good && (s->info.pid == 1 || fail(why, "its pid is not 1, but %u", s->info.pid));
	good = good && owner_is(w, s, TK_OWNER_ALIVE, "alive", why) && not_own(w, name, why);
	end(pid);
	good = good && owner_is(w, s, TK_OWNER_DEAD, "dead", why) && not_own(w, name, why);
	if (s)
		tk_segment_detach(s);
	return clean(w, why) && good;
}

int recycled_pids(struct worker *w, char why[200])
{
	int ret = same_namespace(w, why);

	return ret == 1 ? other_namespace(w, why) : ret;
}
