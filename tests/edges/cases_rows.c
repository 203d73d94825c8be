/* SPDX-License-Identifier: MIT */
/* What is printed, and when. */
#include "tests/edges/cases.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY_TIMERS  10000
#define MANY_PLAYERS 4

/*
 * Every record of every timer of several processes is in a row, for $EDGES_SECONDS (5). History has
 * no room for them.
 */
void many_timers(void)
{
	const char *asked = getenv("EDGES_SECONDS");
	unsigned long seconds = asked ? strtoul(asked, NULL, 10) : 5;
	struct player p[MANY_PLAYERS];
	struct watch w;

	begin(&w, EVERY("1s"), NULL);
	for (int k = 0; k < MANY_PLAYERS; k++) {
		p[k] = play("app timers=2600");
		tell(&p[k], "timers %d", MANY_TIMERS / MANY_PLAYERS);
	}
	for (unsigned long i = 0; i < seconds; i++) {
		int64_t until = watch_now_ns() + 1000000000;

		for (int k = 0; k < MANY_PLAYERS; k++)
			tell(&p[k], "each %d", MANY_TIMERS / MANY_PLAYERS);
		while (watch_now_ns() < until) {
			watch_read(&w);
			watch_pause_us(20000);
		}
	}
	for (int k = 0; k < MANY_PLAYERS; k++)
		end(&p[k], "exit");
	stop(&w);
	check_sum(&w, "10,000 timers", seconds * MANY_TIMERS, 0);
	watch_free(&w);
}

/* More timers of one process than drainers have memory for, all within an interval. */
void timers_at_once(void)
{
	struct player p;
	struct watch w;

	begin(&w, EVERY("1s"), NULL);
	p = play("app timers=40100 slots=262144");
	tell(&p, "timers 40000");
	for (int i = 0; i < 3; i++)
		tell(&p, "each 40000");
	end(&p, "exit");
	stop(&w);
	check_sum(&w, "40,000 timers", 120000, 0);
	watch_free(&w);
}

/* More dead timers than are kept; with a standard output that nobody reads for a while, too. */
void many_dead_timers(void)
{
	for (int blocked = 0; blocked < 2; blocked++) {
		struct watch w;

		if (blocked)
			begin_blocked(&w, EVERY("100ms"), "/other.");
		else
			begin(&w, EVERY("100ms"), NULL);
		for (int i = 0; i < 6; i++) {
			struct player p = play("app timers=1100");

			tell(&p, "timers 1000");
			tell(&p, "each 1000");
			end(&p, "kill");
		}
		if (blocked)
			watch_unblock(&w);
		stop(&w);
		check_sum(&w, blocked ? "stdout is not read" : "stdout is read", 6000, 0);
		watch_free(&w);
	}
}

/* Living timers, and a standard output that nobody reads for many intervals. */
void paused_output(void)
{
	struct player p = play("app timers=1100");
	struct watch w;

	tell(&p, "timers 1000");
	tell(&p, "join");
	begin_blocked(&w, EVERY("10ms"), "/slots.0");
	for (int i = 0; i < 50; i++) {
		tell(&p, "each 1000");
		tell(&p, "sleep 50000");
	}
	watch_unblock(&w);
	tell(&p, "each 1000");
	end(&p, "exit");
	stop(&w);
	check_sum(&w, "stdout is not read", 51000, 0);
	watch_free(&w);
}

#define ONCE_LANES 200
#define ONCE_BUSY  6

static void once_oldest_again(uint64_t records)
{
	const char *const arguments[] = { "--once", "--oldest", NULL };
	struct watch w;

	check(watch_start(&w, arguments, DEAF_NOT, NULL), "no collector");
	watch_end(&w, 0);
	check(WIFEXITED(w.status) && WEXITSTATUS(w.status) == 0, "status %#x", (unsigned)w.status);
	check_sum(&w, "--once --oldest", records, 0);
	watch_free(&w);
}

/* All that lies in the rings of the dead, however long reading takes: 400 MiB, beside busy
 * loops. */
void once_oldest(void)
{
	struct player p = play("app slots=65536");
	pid_t busy[ONCE_BUSY];

	for (int i = 0; i < ONCE_LANES; i++)
		tell(&p, "thread push 0 65536");
	tell(&p, "wait");
	end(&p, "kill");
	fflush(stdout);
	for (int i = 0; i < ONCE_BUSY; i++)
		if ((busy[i] = fork()) == 0)
			for (;;)
				;
	for (int i = 0; i < 3; i++)
		once_oldest_again(ONCE_LANES * UINT64_C(65536));
	for (int i = 0; i < ONCE_BUSY; i++) {
		kill(busy[i], SIGKILL);
		waitpid(busy[i], NULL, 0);
	}
}

/* @return the sum of all that standard error says was lost. */
static uint64_t said_lost(const struct watch *w)
{
	const char *at = watch_said(w), *found;
	uint64_t sum = 0;

	while ((found = strstr(at, " records lost"))) {
		const char *digits = found;

		while (digits > at && digits[-1] >= '0' && digits[-1] <= '9')
			digits--;
		sum += strtoull(digits, NULL, 10);
		at = found + 1;
	}
	return sum;
}

/* One loses many and ends in the interval in which another loses fewer. */
void loss_is_said(void)
{
	struct player a, b;
	struct watch_sum s;
	struct watch w;

	begin(&w, EVERY("1s"), NULL);
	a = play("app slots=256");
	b = play("app slots=256");
	watch_stop(&w, true);
	tell(&a, "push 0 100000");
	watch_stop(&w, false);
	tell(&a, "sleep 2000000");
	end(&a, "exit");
	watch_stop(&w, true);
	tell(&b, "push 0 50000");
	watch_stop(&w, false);
	tell(&b, "sleep 2000000");
	end(&b, "exit");
	stop(&w);
	check_sum(&w, "both", 150000, 150000);
	s = watch_sum(&w, NULL, 0);
	check(s.lost > 0 && said_lost(&w) == s.lost,
	      "rows say that %" PRIu64 " were lost, standard error %" PRIu64, s.lost,
	      said_lost(&w));
	watch_free(&w);
}

/* ---- one reader after another ---- */

/* A queue's reader is told to stop in the middle of an interval; another takes over. */
void queue_handed_over(void)
{
	struct watch first, second;
	struct watch_sum a, b;
	struct player p;

	begin(&first, EVERY("3s"), NULL);
	p = play("app rte");
	tell(&p, "join");
	begin(&second, EVERY("500ms"), NULL);
	tell(&p, "thread push 0 4000 1000 10 10000");
	watch_pause_us(2000000);
	stop(&first);
	tell(&p, "wait");
	end(&p, "exit");
	stop(&second);
	a = watch_sum(&first, "app", 0);
	b = watch_sum(&second, "app", 0);
	check(a.records + b.records == 4000, "pushed 4,000; delivered %" PRIu64 " and %" PRIu64,
	      a.records, b.records);
	check(!a.lost && !b.lost, "one took what the other counts as lost: %" PRIu64 ", %" PRIu64,
	      a.lost, b.lost);
	watch_free(&first);
	watch_free(&second);
}
