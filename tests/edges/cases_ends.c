/* SPDX-License-Identifier: MIT */
/* How processes begin and end. */
#include "tests/edges/cases.h"

#include <math.h>

/* ---- beginnings ---- */

/* More records than there are slots, before the collector can come. */
void lapped_small(void)
{
	for (int i = 0; i < 5; i++) {
		struct player p;
		struct watch w;

		begin(&w, EVERY("100ms"), NULL);
		p = play("app slots=1024");
		tell(&p, "push 0 2000");
		tell(&p, "push 0 20 1000 1 5000");
		end(&p, "exit");
		stop(&w);
		check_sum(&w, "a lane of 1,024", 2020, 2020);
		watch_free(&w);
	}
}

void lapped_large(void)
{
	for (int stopped = 0; stopped < 2; stopped++) {
		struct player p;
		struct watch w;

		begin(&w, EVERY("100ms"), NULL);
		watch_stop(&w, stopped);
		p = play("app");
		tell(&p, "push 0 1000000");
		watch_stop(&w, false);
		end(&p, "exit");
		stop(&w);
		check_sum(&w, stopped ? "while it was stopped" : "while it ran", 1000000, 1000000);
		watch_free(&w);
	}
}

/* The same in queues, which drop the newest: of a new process, and of a new thread. */
void lapped_queue(void)
{
	for (int known = 0; known < 2; known++) {
		struct player p;
		struct watch w;

		begin(&w, EVERY("100ms"), NULL);
		p = play("app slots=1024 rte");
		if (known)
			tell(&p, "push 0 20 1000 1 10000");
		tell(&p, "thread push 0 3000; push 0 20 1000 1 5000");
		tell(&p, "wait");
		end(&p, "exit");
		stop(&w);
		check_sum(&w, known ? "a new thread" : "a new process", known ? 3040 : 3020, 3040);
		watch_free(&w);
	}
}

/* ---- ends ---- */

/* Threads of a process that is watched begin, record, and end with it. */
void threads_before_exit(void)
{
	static const char *const ends[] = { "exit", "kill", "_exit" };

	for (int i = 0; i < 3; i++) {
		struct player p;
		struct watch w;

		begin(&w, EVERY("100ms"), NULL);
		p = play("app");
		tell(&p, "push 0 5");
		for (int k = 0; k < 8; k++)
			tell(&p, "thread push 0 1000");
		tell(&p, "wait");
		end(&p, ends[i]);
		stop(&w);
		check_sum(&w, ends[i], 8005, 0);
		watch_free(&w);
	}
}

/* Of one name what is dead is removed by the next, but for four. */
static void short_lives(const char *how, long us, bool same_name)
{
	char name[] = "appa";
	struct watch_sum s, of_other;
	struct watch w;

	begin(&w, EVERY("100ms"), NULL);
	for (int i = 0; i < 20; i++) {
		struct player p = play(same_name ? "app" : name);

		tell(&p, "push 0 100");
		watch_pause_us(us);
		end(&p, how);
		name[3]++;
	}
	stop(&w);
	s = watch_sum(&w, NULL, 0);
	of_other = watch_sum(&w, "other", 0);
	check(s.records - of_other.records == 2000 && s.lost == 0,
	      "%s after %ld ms, %s: pushed 2000, printed %" PRIu64 ", lost %" PRIu64, how,
	      us / 1000, same_name ? "one name" : "20 names", s.records - of_other.records, s.lost);
	watch_free(&w);
}

void short_lived(void)
{
	static const char *const ends[] = { "exit", "kill", "_exit" };
	static const long lives_us[] = { 0, 5000, 20000, 80000 };

	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 8; k++)
			short_lives(ends[i], lives_us[k / 2], k % 2);
}

/* A whole life while the collector is stopped. */
void lived_while_stopped(void)
{
	static const char *const ends[] = { "exit", "kill" };

	for (int i = 0; i < 2; i++) {
		struct player p;
		struct watch w;

		begin(&w, EVERY("100ms"), NULL);
		watch_stop(&w, true);
		p = play("app");
		tell(&p, "push 0 5000");
		end(&p, ends[i]);
		watch_stop(&w, false);
		stop(&w);
		check_sum(&w, ends[i], 5000, 0);
		watch_free(&w);
	}
}

/* More is left by those who end than may be: 256 MiB. What was not left is counted. */
void unread(void)
{
	static const char *const ends[] = { "exit", "kill" };

	for (int i = 0; i < 2; i++) {
		struct watch_sum s;
		struct watch w;

		begin(&w, EVERY("100ms"), NULL);
		watch_stop(&w, true);
		for (int k = 0; k < 12; k++) {
			struct player p = play("app slots=1048576"); /* 32 MiB */

			tell(&p, "push 0 1000");
			end(&p, ends[i]);
		}
		watch_stop(&w, false);
		stop(&w);
		s = watch_sum(&w, "app", 0);
		check(s.records + w.unread_records == 12000,
		      "%s: pushed 12000, printed %" PRIu64 ", and %" PRIu64 " unread", ends[i],
		      s.records, w.unread_records);
		check(s.lost == 0 && s.records >= 4000, "%s: lost %" PRIu64 " that were left",
		      ends[i], s.lost);
		check(w.unread_processes * 1000 == w.unread_records,
		      "%s: %" PRIu64 " processes are unread, with %" PRIu64 " records", ends[i],
		      w.unread_processes, w.unread_records);
		watch_free(&w);
	}
}

/* ---- restarts ---- */

void restarted(void)
{
	uint32_t pids[6];
	struct watch w;

	begin(&w, EVERY("1s"), NULL);
	for (int i = 0; i < 6; i++) {
		struct player p = play("app");

		pids[i] = (uint32_t)p.pid;
		tell(&p, "push 0 %d", 100 * (i + 1));
		end(&p, i % 2 ? "kill" : "exit");
	}
	stop(&w);
	for (int i = 0; i < 6; i++) {
		struct watch_sum s = watch_sum(&w, "app", pids[i]);

		check(s.records == (uint64_t)(100 * (i + 1)),
		      "process %d pushed %d, printed %" PRIu64, i, 100 * (i + 1), s.records);
	}
	check_sum(&w, "all", 2100, 0);
	watch_free(&w);
}

/* The same app and timer with another clock, within an interval. */
void restarted_with_another_clock(void)
{
	struct watch_timer a, b;
	uint32_t pid_a, pid_b;
	struct player p;
	struct watch w;

	begin(&w, EVERY("2s"), NULL);
	p = play("app");
	pid_a = (uint32_t)p.pid;
	tell(&p, "push 0 100 2445000");
	end(&p, "exit");
	p = play("app monotonic");
	pid_b = (uint32_t)p.pid;
	tell(&p, "push 0 100 1000000");
	end(&p, "exit");
	stop(&w);
	a = watch_timer(&w, "app", pid_a, "t0");
	b = watch_timer(&w, "app", pid_b, "t0");
	check(a.count == 100 && b.count == 100, "100 each, printed %" PRIu64 " and %" PRIu64,
	      a.count, b.count);
	check(fabs(b.min_ns - 1e6) < 1 && fabs(b.max_ns - 1e6) < 1,
	      "1 ms by the system's clock: %g to %g", b.min_ns, b.max_ns);
	check(a.min_ns > 0 && fabs(a.sum_ns - 100 * a.min_ns) <= 1e-6 * a.sum_ns &&
		      fabs(a.max_ns - a.min_ns) <= 1,
	      "2,445,000 ticks: %g to %g, in all %g", a.min_ns, a.max_ns, a.sum_ns);
	watch_free(&w);
}
