/* SPDX-License-Identifier: MIT */
/*
 * Death behind each single instruction of one record: between a push's halves, inside DPDK's
 * enqueue, in the middle of a turn, and on the whole way into a lane that another thread left. A
 * new victim for each: its tracer lets it do so many instructions and kills it; or has a handler
 * interrupt it there, which records more than a chunk, and kills it in the handler.
 */
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kill/kill.h"

#define STEPS_MAX 100000u

struct stepped {
	const char *name;
	enum operation operation;
	bool queue;
	bool watched;    /* by a reader that has taken all so far */
	bool handler;    /* interrupts it there, and is killed in its stead */
	uint32_t stride; /* instructions between two deaths */
};

/* Joining is thousands of instructions; which of them it is today says the seed. */
static const struct stepped all[] = {
	{ "a push", PUSH, false, true, false, 1 },
	{ "a push with a turn", TURN, false, true, false, 1 },
	{ "a push that overwrites", LAPPED, false, false, false, 1 },
	{ "a push into a lane taken over", REJOIN, false, true, false, 32 },
	{ "an interrupted push", PUSH, false, true, true, 1 },
	{ "an interrupted push with a turn", TURN, false, false, true, 1 },
	{ "an interrupted push that overwrites", LAPPED, false, true, true, 1 },
	{ "an enqueue", PUSH, true, true, false, 1 },
	{ "an enqueue into a full queue", DROPPED, true, false, false, 1 },
	{ "an enqueue into a lane taken over", REJOIN, true, true, false, 32 },
	{ "an interrupted enqueue", PUSH, true, true, true, 1 },
	{ "an interrupted enqueue into a full queue", DROPPED, true, false, true, 1 },
};

static pid_t start_stepped(const struct plan *p, struct page *page, enum operation operation)
{
	pid_t pid = start();

	if (pid)
		return pid;
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	stepped_producer(p, page, operation);
}

/* @return whether it stopped again. */
static bool step(pid_t pid)
{
	int status;

	return ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status);
}

/* @return false: it ended. *done: the operation was over before. */
static bool steps(pid_t pid, const struct page *page, uint32_t n, bool *done)
{
	for (uint32_t i = 0; i < n && !*done; i++) {
		if (!step(pid))
			return false;
		*done = __atomic_load_n(&page->done, __ATOMIC_RELAXED);
	}
	return true;
}

/* A handler comes now; it stops itself where it is to be killed. */
static bool interrupt(pid_t pid)
{
	int status;

	return ptrace(PTRACE_CONT, pid, NULL, SIGUSR1) == 0 && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status);
}

static bool held_to_account(struct watcher *w, const struct page *page, char why[200])
{
	bool good = (watch_to_the_end(w) || fail(why, "a reader does not come to its end")) &&
		    accounted(w, page, why) && (!w->alone || late_reader_gets_all(w, page, why));

	watch_no_more(w);
	return good;
}

/* Let it do n instructions, kill it, and account. */
static bool death_behind(struct worker *w, const struct stepped *s, uint32_t n, bool *done,
			 char why[200])
{
	static struct tally tallies[2][SEGMENTS];
	struct plan p = { .point = -1,
			  .queue = s->queue,
			  .slots = 256,
			  .threads = 1,
			  .salt = 1,
			  .handlers = s->handler };
	struct watcher early = { &p, w->dirfd, TK_LANE_OLDEST, .tallies = tallies[0] };
	struct watcher late = { &p, w->dirfd, TK_LANE_OLDEST, true, .tallies = tallies[1] };
	bool good;
	pid_t pid;

	memset(w->page, 0, sizeof(*w->page));
	memset(tallies, 0, sizeof(tallies));
	if (s->queue)
		early.tallies = late.tallies = w->page->queue;
	pid = start_stepped(&p, w->page, s->operation);
	good = await(pid, DEADLINE_US) >= 0;
	if (good && s->watched)
		watch(&early);
	good = good && steps(pid, w->page, n, done) && (*done || !s->handler || interrupt(pid));
	good = good || fail(why, "it does not get as far");
	if (good && s->watched)
		watch(&early);
	end(pid);
	good = good && (!s->watched || held_to_account(&early, w->page, why));
	return good && held_to_account(&late, w->page, why) && clean(w, why);
}

bool step_through(struct worker *w, uint64_t seed, uint64_t *deaths, char why[200])
{
	char what[200];

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bool done = false;
		uint32_t n = (uint32_t)(seed % all[i].stride);

		for (; !done; n += all[i].stride, ++*deaths) {
			if (n > STEPS_MAX)
				return fail(why, "%s does not end", all[i].name);
			if (!death_behind(w, &all[i], n, &done, what))
				return fail(why, "%s, killed behind %u instructions: %.150s",
					    all[i].name, n, what);
		}
	}
	return true;
}
