/* SPDX-License-Identifier: MIT */
/*
 * The display on a collector and a program that really run: 300 timers, and what is planted among
 * them. Conditions are polled; no time decides.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "collector/display/canvas/key.h"
#include "collector/display/draw.h"
#include "collector/display/keys.h"
#include "collector/engine/collector.h"
#include "collector/engine/views/recent.h"
#include "collector/machine/now.h"
#include "producer/timekeeper.h"
#include "tests/place.h"

#define TIMERS     300
#define DEADLINE_S 50

/* What the display is told of from outside. */
static int order[2]; /* to the program: the number of the timer that is slow from now on */
static pid_t program;
static struct tk_collector *collector;
static struct tk_recent recent;
static struct tk_view_state view;
static struct tk_snapshot *snapshot;
static struct tk_grid grid = { .charset = TK_CHARSET_ASCII };

/* --- the program ----------------------------------------------------------------------------- */

/* Each new order is four times slower than the one before, which is in the last 10 s still. */
static _Noreturn void record(void)
{
	static tk_timer_t timer[TIMERS];
	uint64_t slow = 1000000;
	unsigned planted = TIMERS, asked;
	char name[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fcntl(order[0], F_SETFL, O_NONBLOCK);
	if (tk_open("planted", NULL))
		_exit(1);
	for (unsigned i = 0; i < TIMERS; i++) {
		snprintf(name, sizeof(name), "timer-%03u", i);
		timer[i] = tk_timer(name);
	}
	(void)tk_timer("never");
	for (;; usleep(10000)) {
		uint64_t now = tk_now();

		while (read(order[0], &asked, sizeof(asked)) == sizeof(asked)) {
			planted = asked;
			slow *= 4;
		}
		for (unsigned i = 0; i < TIMERS; i++)
			tk_record_span(timer[i], now - (i == planted ? slow : 5000 + i), now,
				       (struct tk_origin){ 0 });
	}
}

static void plant(unsigned timer)
{
	cr_assert_eq(write(order[1], &timer, sizeof(timer)), (ssize_t)sizeof(timer));
}

/* --- the display ----------------------------------------------------------------------------- */

/* What `top` does with each interval. */
static void look(void)
{
	struct tk_view want = tk_view_request(&view, (int64_t)tk_now_ns(CLOCK_REALTIME));
	struct tk_snapshot *s;

	if (snapshot)
		tk_collector_wait(collector, snapshot->intervals, 1000);
	s = tk_collector_snapshot(collector, &want);
	cr_assert(s);
	tk_snapshot_free(snapshot);
	snapshot = s;
	tk_view_sync(&view, s);
	tk_grid_resize(&grid, 80, 24);
	tk_draw(&view, s, &grid);
}

static void press(uint32_t key)
{
	tk_keys_press(&view, snapshot, key);
	tk_draw(&view, snapshot, &grid);
}

/* The name in a line of the overview, without what marks it. */
static const char *line(int y)
{
	static char text[80];
	int n = 0;

	for (int x = 2; x < 40 && tk_grid_at(&grid, x, y)->ch != ' '; x++)
		text[n++] = (char)tk_grid_at(&grid, x, y)->ch;
	text[n] = 0;
	return text;
}

enum { ROW_1 = 3 }; /* below the title and two lines of headings */

static bool row_1_is(unsigned timer)
{
	char name[32];

	snprintf(name, sizeof(name), "timer-%03u", timer);
	return strcmp(line(ROW_1), name) == 0;
}

static bool until(bool (*good)(unsigned), unsigned what)
{
	uint64_t end = tk_now_ns(CLOCK_MONOTONIC) + DEADLINE_S * UINT64_C(1000000000);

	while (tk_now_ns(CLOCK_MONOTONIC) < end) {
		look();
		if (good(what))
			return true;
	}
	return false;
}

static bool there_are(unsigned n)
{
	return view.n_rows == n;
}

static void begin(void)
{
	struct tk_collector_options o = { .dir = place };
	char why[256] = "";

	cr_assert(place_make());
	cr_assert_eq(pipe2(order, O_CLOEXEC), 0);
	program = fork();
	if (program == 0)
		record();
	tk_view_init(&view, place);
	view.recent = &recent;
	collector = tk_collector_open(&o, why);
	cr_assert(collector, "%s", why);
	cr_assert(until(there_are, TIMERS));
}

static void end(void)
{
	kill(program, SIGKILL);
	waitpid(program, NULL, 0);
	tk_collector_close(collector);
	tk_snapshot_free(snapshot);
	tk_view_fini(&view);
	tk_recent_free(&recent);
	tk_grid_free(&grid);
	cr_assert(place_remove());
}

TestSuite(live, .init = begin, .fini = end, .timeout = 300);

Test(live, a_planted_timer_is_in_row_1_after_at_most_one_key)
{
	plant(137);
	cr_assert(until(row_1_is, 137), "without a key");
	cr_assert_eq(view.selected, 0);
	plant(299);
	cr_assert(until(row_1_is, 299), "without a key, again");
	press(TK_KEY_END); /* who has looked at the end of the list */
	look();
	cr_assert_eq(view.selected, TIMERS - 1);
	plant(0);
	cr_assert(until(there_are, TIMERS));
	press(TK_KEY_HOME);
	cr_assert(until(row_1_is, 0), "after one key");
}

/* Beside charts, each line of the list has the p99; a figure that is not known is a dash. */
static bool list_has_values(unsigned lines)
{
	for (int y = 1; y <= (int)lines; y++) {
		bool digit = false;

		for (int x = 12; tk_grid_at(&grid, x, y)->ch != '|'; x++)
			digit |= tk_grid_at(&grid, x, y)->ch >= '0' &&
				 tk_grid_at(&grid, x, y)->ch <= '9';
		if (!digit)
			return false;
	}
	return true;
}

Test(live, the_list_beside_charts_has_a_p99_for_each_timer)
{
	press('v');
	cr_assert(until(list_has_values, 20));
}

static bool lists_never(unsigned wanted)
{
	bool listed = false;

	for (size_t i = 0; i < view.n_rows; i++)
		listed |= !strcmp(snapshot->timers[view.rows[i]].name, "never");
	return listed == wanted;
}

Test(live, a_timer_that_never_recorded_is_listed_on_request)
{
	cr_assert(lists_never(false));
	press('n');
	cr_assert(until(lists_never, true));
	cr_assert_eq(view.n_rows, TIMERS + 1);
	press('n');
	cr_assert(until(lists_never, false));
}

static bool list_begins_with(unsigned timer)
{
	char name[32];

	snprintf(name, sizeof(name), "timer-%03u", timer);
	return strcmp(snapshot->timers[view.rows[0]].name, name) == 0;
}

Test(live, the_list_beside_charts_is_sorted_by_the_worst_p99)
{
	press('v');
	press('s'); /* by rate */
	press('s');
	plant(42);
	cr_assert(until(list_begins_with, 42));
	cr_assert(until(list_has_values, 20));
}
