/* SPDX-License-Identifier: MIT */
/* timekeeper.h, from outside: timers and threads. Criterion gives each test a process of its
 * own. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "producer/timekeeper.h"
#include "tests/discipline.h"
#include "tests/producer/read_back.h"
#include "tests/producer/scratch.h"
#include "tests/producer/shared_timer.h"

TestSuite(library, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- timers ---- */

Test(library, same_name_same_handle)
{
	tk_timer_t a = tk_timer("early"), b;

	open_small();
	b = tk_timer("late");
	cr_assert_neq(a, b);
	cr_assert_eq(tk_timer("early"), a);
	cr_assert_eq(tk_timer("late"), b);
	cr_assert_eq(tk_timer_stamped("late", TK_STAMP_FENCED), b, "the first definition counts");
}

Test(library, bad_names_go_to_undefined)
{
	struct read_back *b;

	open_small();
	cr_assert_eq(tk_timer("a\033[2J"), 0);
	cr_assert_eq(tk_timer(""), 0);
	cr_assert_eq(tk_timer(NULL), 0);
	cr_assert_gt(strlen(tk_why()), 0);
	tk_stop(0, tk_start(0));
	b = read_back(getpid(), place);
	cr_assert_str_eq(b->timers[0].name, "(undefined)");
	cr_assert_eq(b->records[0].timer, 0);
	cr_assert_eq(b->head.refused_timers, 3);
}

/* A name is of spans, or of values of one unit. */
Test(library, a_name_keeps_its_sort_and_unit)
{
	tk_timer_t spans = tk_timer("spans"), bytes = tk_value_timer("bytes", "bytes"), plain;
	struct read_back *b;

	open_small();
	plain = tk_value_timer("plain", NULL);
	cr_assert(spans && bytes && plain);
	cr_assert_eq(tk_timer("spans"), spans);
	cr_assert_eq(tk_value_timer("bytes", "bytes"), bytes);
	cr_assert_eq(tk_value_timer("plain", ""), plain);
	cr_assert_str_empty(tk_why());
	cr_assert_eq(tk_value_timer("spans", NULL), 0);
	cr_assert_not_null(strstr(tk_why(), "of spans"));
	cr_assert_eq(tk_timer("bytes"), 0);
	cr_assert_not_null(strstr(tk_why(), "of values"));
	cr_assert_eq(tk_timer_stamped("plain", TK_STAMP_FAST), 0);
	cr_assert_eq(tk_value_timer("bytes", "messages"), 0);
	cr_assert_not_null(strstr(tk_why(), "another unit"));
	cr_assert_eq(tk_value_timer("bytes", NULL), 0);
	b = read_back(getpid(), place);
	cr_assert_eq(b->head.refused_timers, 5);
	cr_assert_str_eq(b->timers[tk_meta_timer(bytes)].unit, "bytes");
	cr_assert_str_eq(b->timers[tk_meta_timer(plain)].unit, "");
}

Test(library, a_unit_is_15_small_letters)
{
	static const char *const wrong[] = { "Bytes", "k b",       "m/s",
					     "b2",    "\xc2\xb5s", "sixteen_letters_" };

	open_small();
	cr_assert_neq(tk_value_timer("longest", "fifteen_letters"), 0);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_assert_eq(tk_value_timer("refused", wrong[i]), 0, "%s", wrong[i]);
		cr_assert_not_null(strstr(tk_why(), "a unit is"));
	}
	cr_assert_neq(tk_value_timer("refused", "bytes"), 0, "it is not defined by what failed");
}

Test(library, more_timers_than_there_is_room_for)
{
	char name[16];
	unsigned had = 0;
	struct read_back *b;

	open_small();
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		had += tk_timer(name) != 0;
	}
	cr_assert_eq(had, 63); /* and "(undefined)" */
	b = read_back(getpid(), place);
	cr_assert_eq(b->head.n_timers, 64);
	cr_assert_eq(b->head.refused_timers, 37);
}

Test(library, sixty_five_thousand_timers)
{
	struct tk_options o = { .timers = TK_TIMERS_MAX, .slots = 256, .discipline = DISCIPLINE };
	char name[16];

	cr_assert_eq(tk_open("many", &o), 0, "%s", tk_why());
	for (unsigned i = 1; i < TK_TIMERS_MAX; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		cr_assert_eq(tk_meta_timer(tk_timer(name)), i);
	}
	cr_assert_eq(tk_timer("one more"), 0);
	for (unsigned i = 1; i < TK_TIMERS_MAX; i += 1000) {
		tk_timer_t t;

		snprintf(name, sizeof(name), "t%u", i);
		t = tk_timer(name);
		tk_stop(t, tk_start(t));
	}
	cr_assert_eq(read_back(getpid(), place)->n, 66);
}

static int open_control(void)
{
	char path[512];
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "echo %s/test.%d.*/control", place, getpid());
	f = popen(path, "r");
	cr_assert_not_null(fgets(path, sizeof(path), f));
	pclose(f);
	path[strcspn(path, "\n")] = '\0';
	fd = open(path, O_WRONLY);
	cr_assert_geq(fd, 0);
	return fd;
}

Test(library, a_disabled_timer_records_nothing)
{
	tk_timer_t on, off;
	struct read_back *b;
	int fd;

	open_small();
	on = tk_timer("on");
	off = tk_timer("off");
	cr_assert_eq(tk_join(NULL), 0);
	fd = open_control();
	cr_assert_eq(pwrite(fd, "\1", 1, tk_meta_timer(off)), 1);
	cr_assert_eq(tk_start(off), 0);
	tk_stop(off, tk_start(off));
	tk_mark(off);
	tk_stop(on, tk_start(on));
	cr_assert_eq(pwrite(fd, "\0", 1, tk_meta_timer(off)), 1);
	tk_stop(off, tk_start(off));
	close(fd);
	b = read_back(getpid(), place);
	cr_assert_eq(b->n, 2);
	cr_assert_eq(b->records[0].timer, tk_meta_timer(on));
	cr_assert_eq(b->records[1].timer, tk_meta_timer(off));
}

static void *record_one_of_each(void *two)
{
	const tk_timer_t *timers = two;

	for (unsigned i = 0; i < 2; i++) {
		tk_mark(timers[i]);
		tk_stop(timers[i], tk_start(timers[i]));
	}
	return NULL;
}

/* Nor does a thread's first record, at which it has no lane yet, and so knows of no flags. */
Test(library, a_disabled_timer_records_nothing_of_a_new_thread)
{
	tk_timer_t timers[2];
	struct read_back *b;
	pthread_t thread;
	int fd;

	open_small();
	timers[0] = tk_timer("off");
	timers[1] = tk_timer("on");
	fd = open_control();
	cr_assert_eq(pwrite(fd, "\1", 1, tk_meta_timer(timers[0])), 1);
	close(fd);
	for (unsigned i = 0; i < 50; i++) {
		pthread_create(&thread, NULL, record_one_of_each, timers);
		pthread_join(thread, NULL);
	}
	b = read_back(getpid(), place);
	cr_assert_eq(b->n, 100);
	cr_assert_eq(b->counted, 100);
	cr_assert_eq(b->head.refused_records, 0);
	for (uint32_t i = 0; i < b->n; i++)
		cr_assert_eq(b->records[i].timer, tk_meta_timer(timers[1]));
}

/* ---- threads ---- */

Test(library, a_lane_goes_from_thread_to_thread)
{
	struct read_back *b;

	open_small();
	shared = tk_timer("shared");
	for (int i = 0; i < 1000; i++) {
		pthread_t thread;

		cr_assert_eq(pthread_create(&thread, NULL, record_ten, NULL), 0);
		pthread_join(thread, NULL);
	}
	b = read_back(getpid(), place);
	cr_assert_eq(b->n_lanes, 1, "short threads leak lanes");
	cr_assert_eq(b->lanes[0].n_owners, 1000);
	cr_assert_eq(b->lanes[0].published, 4096 + 10000, "a number was used twice or left out");
	cr_assert_eq(b->delivered + b->lost, lane_holds(4096), "readable is what the lane holds");
	cr_assert_eq(b->lanes[0].dropped, IS_QUEUE ? 10000 - 4095 : 0);
	cr_assert_eq(b->counted, 10000);
	cr_assert_eq(b->lanes[0].owners[999 % TK_LANE_OWNERS].first, 4096 + 9990);
}

static pthread_barrier_t barrier;

static void *record_together(void *unused)
{
	pthread_barrier_wait(&barrier);
	record_ten(unused);
	pthread_barrier_wait(&barrier);
	return NULL;
}

Test(library, threads_beyond_the_lanes_are_counted)
{
	pthread_t thread[6];
	struct read_back *b;

	open_small(); /* 4 lanes */
	shared = tk_timer("shared");
	pthread_barrier_init(&barrier, NULL, 6);
	for (int i = 0; i < 6; i++)
		pthread_create(&thread[i], NULL, record_together, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	b = read_back(getpid(), place);
	cr_assert_eq(b->n_lanes, 4);
	cr_assert_eq(b->delivered, 40);
	cr_assert_eq(b->head.refused_records, 20);
	cr_assert_not_null(strstr(tk_why(), "tk_options.lanes"));
}

Test(library, records_before_the_segment_are_counted)
{
	struct read_back *b;

	shared = tk_timer("shared");
	record_ten(NULL);
	open_small();
	record_ten(NULL);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 10);
	cr_assert_eq(b->head.refused_records, 10);
}

Test(library, names_pins_and_sizes_a_thread)
{
	struct tk_thread o = { .name = "a-name-too-long-for-it", .pin = true, .slots = 1024 };
	struct tk_thread bad_cpu = { .pin = true, .cpu = 4000 };
	struct read_back *b;

	open_small();
	cr_assert_eq(tk_join(&o), 0, "%s", tk_why());
	b = read_back(getpid(), place);
	cr_assert_eq(b->lanes[0].slots, 1024);
	cr_assert_str_eq(b->lanes[0].owners[0].name, "a-name-too-long");
	tk_leave();
	cr_assert_eq(tk_join(&bad_cpu), -EINVAL);
	cr_assert_not_null(strstr(tk_why(), "4000"));
	cr_assert_not_null(tk_self.lane, "a thread that cannot be pinned still gets its lane");
}
