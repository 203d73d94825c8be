/* SPDX-License-Identifier: MIT */
/*
 * Rounds between the collecting thread and its drainers, both cranked by hand: nothing here depends
 * on who comes to run when. A child process records and dies; what it left is read to its end.
 */
#include "tests/collector/cranked.h"

/* Ordered to begin, to end and to hand over at once: a drainer reads on while it hands over, and
 * may come to the end then. */
Test(round, what_is_read_while_it_is_handed_over_is_not_forgotten)
{
	begin(1);
	for (unsigned i = 0; i < 4; i++)
		leave_dead("one", 3, NULL);
	tk_scan(&c);
	to_the_end(12 * RECORDS, 12);
}

Test(round, a_segment_is_shared_by_two_drainers)
{
	begin(2);
	leave_dead("shared", 4, NULL);
	tk_scan(&c);
	cr_assert_eq(c.own.sources[0]->n_parts, 2);
	to_the_end(4 * RECORDS, 4);
}

/* No memory is there when it is needed: samples wait, until there are too many; and each round has
 * all of them, in counts and histograms. */
Test(round, samples_that_wait_for_memory_are_in_the_rows_of_their_interval)
{
	begin(2);
	for (size_t i = 0; i < c.own.n_drainers; i++) {
		struct tk_drainer *d = c.own.drainers[i];

		cr_assert_not_null(d);
		cr_assert_eq(tk_stock_init(&d->stock, &d->own.pool, -1), 0);
		d->own.pool.stocked = 0;
	}
	for (unsigned i = 0; i < 3; i++)
		leave_dead("waiting", 8, NULL);
	tk_scan(&c);
	to_the_end(24 * RECORDS, 24);
	cr_assert_gt(c.own.drainers[0]->kept.shown.waited, TK_SPILL_SAMPLES / 2);
}

/* Processes of an app, one after the other in an interval, or at once: each has its own series. */
Test(round, each_process_has_series_of_its_own)
{
	begin(2);
	for (unsigned i = 0; i < 5; i++)
		leave_dead("again", 2, NULL);
	tk_scan(&c);
	to_the_end(10 * RECORDS, 10);
	cr_assert_geq(came.timers, 10);
	cr_assert_geq(came.processes, 5);
}

/* Of each of its two segments the interval has a row a timer, with what that one recorded. */
Test(round, a_restart_within_an_interval_is_two_series)
{
	struct tk_intervals_dropped dropped;
	struct tk_interval *i;
	uint64_t records = 0;

	begin(1);
	leave_dead("phoenix", 1, NULL);
	tk_scan(&c);
	tk_round_ask(&c, false); /* read, and handed over, within the interval */
	turn_all();
	tk_round_receive(&c);
	leave_dead("phoenix", 1, NULL);
	tk_scan(&c);
	go_round();
	i = tk_collector_next_interval(&c, &dropped);
	cr_assert_eq(i->n_processes, 2);
	cr_assert_eq(i->n_timers, 2);
	cr_assert_neq(i->timers[0].pid, i->timers[1].pid);
	cr_assert_neq(i->timers[0].key, i->timers[1].key);
	for (size_t k = 0; k < 2; k++) {
		cr_assert_str_eq(i->timers[k].name, "t0");
		check_process(i, &i->processes[k]);
		records += i->timers[k].of[0].records;
	}
	came.intervals = 1;
	cr_assert_leq(records, 2 * RECORDS);
	tk_interval_free(i);
	to_the_end(2 * RECORDS, 2);
}

static void turn_one(size_t drainer)
{
	c.own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	tk_drainer_turn(c.own.drainers[drainer], c.own.now_ns);
}

/* Close an interval though a drainer has not answered: a second and more have passed. */
static void close_without_the_late(void)
{
	tk_round_receive(&c);
	cr_assert(c.own.rounding);
	c.own.now_ns += 2 * TK_SECOND_NS;
	tk_round_receive(&c);
	cr_assert(!c.own.rounding);
	take_intervals();
}

/* What a drainer says late comes with a later interval, whole. */
Test(round, intervals_add_up_though_a_drainer_is_late)
{
	begin(2);
	leave_dead("late", 4, NULL);
	tk_scan(&c);
	cr_assert_eq(c.own.sources[0]->n_parts, 2);
	tk_round_ask(&c, true);
	turn_one(0);
	close_without_the_late();
	cr_assert_eq(c.own.drainers[0]->kept.n_held, 0);
	tk_round_ask(&c, true);
	turn_one(0);
	turn_one(1);
	tk_round_receive(&c);
	cr_assert(!c.own.rounding);
	take_intervals();
	to_the_end(4 * RECORDS, 4);
}

/* It answers between two rounds, and is late again: the answer that has come is taken, and what it
 * says next waits for the next answer. */
Test(round, intervals_add_up_though_a_drainer_is_late_again)
{
	begin(2);
	leave_dead("late", 4, NULL);
	tk_scan(&c);
	tk_round_ask(&c, true);
	turn_one(0);
	close_without_the_late();
	turn_one(1);
	tk_round_receive(&c); /* no round is open */
	tk_round_ask(&c, true);
	turn_one(0);
	close_without_the_late();
	cr_assert_gt(came.delivered, 0);
	to_the_end(4 * RECORDS, 4);
}

/* There is no room for series: what was delivered is unknown, in the same interval. */
Test(round, intervals_add_up_though_timers_have_no_series)
{
	begin(1);
	leave_dead("many", 3, NULL);
	tk_scan(&c);
	c.shown.registry.n_dead -= TK_REGISTRY_LIVING_MAX; /* as if so many lived */
	for (unsigned i = 0; i < 6; i++)
		go_round();
	take_intervals();
	cr_assert_eq(came.delivered, 3 * RECORDS);
	cr_assert_eq(came.unknown, 3 * RECORDS);
	cr_assert_eq(came.timers, 0);
	cr_assert(place_remove());
}

/* Lapped between rounds, again and again: what was lost is in the process's row of the interval in
 * which it was found, and in its timers' rows once it is settled: all of it in the end. */
Test(round, what_is_lost_is_in_rows)
{
	uint64_t state = 7, pushed = 0;
	int tell, done, status;
	size_t timers;
	pid_t pid;

	begin(2);
	pid = start_recorder(&tell, &done);
	await_told(done);
	tk_scan(&c);
	go_round();
	for (unsigned i = 0; i < 200; i++) {
		uint32_t n = (uint32_t)random_below(&state, 2 * SLOTS);

		cr_assert_eq(write(tell, &n, sizeof(n)), sizeof(n));
		await_told(done);
		pushed += n;
		(void)tk_look(&c);
		go_round();
		take_intervals();
		cr_assert_eq(came.delivered + came.lost, pushed);
		cr_assert_leq(came.attributed, came.lost);
		cr_assert(came.unsettled || came.attributed == came.lost,
			  "it says so while it is not settled");
	}
	close(tell);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	tk_scan(&c);
	for (unsigned i = 0; i < 8; i++)
		go_round();
	samples(&timers);
	cr_assert_gt(came.lost, 0);
	cr_assert_eq(came.delivered + came.lost, pushed);
	cr_assert_eq(came.attributed, came.lost, "%lu, %lu", came.attributed, came.lost);
	cr_assert_eq(came.unknown, 0);
	cr_assert_eq(timers, TIMERS);
	close(done);
	cr_assert(place_remove());
}

static void push(int tell, int done, uint32_t n)
{
	cr_assert_eq(write(tell, &n, sizeof(n)), sizeof(n));
	await_told(done);
}

static bool was_said(const char *what)
{
	for (uint64_t i = 0; i < c.own.notes.ever; i++)
		if (strstr(c.own.notes.text[i % TK_NOTES_KEPT], what))
			return true;
	return false;
}

static void limit_descriptors(rlim_t n)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Left out at the first listing for want of descriptors, it is read from its attach on; left out
 * later, from its first record. */
Test(round, what_was_left_out_is_read_from_where_it_is_owed)
{
	int tell[2], done[2];
	struct rlimit had;
	pid_t pid[2];

	begin(1);
	c.options.oldest = false;
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &had), 0);
	pid[0] = start_recorder(&tell[0], &done[0]);
	await_told(done[0]);
	push(tell[0], done[0], 100);
	limit_descriptors(60);
	tk_scan(&c);
	cr_assert_eq(c.own.n_sources, 0);
	pid[1] = start_recorder(&tell[1], &done[1]);
	await_told(done[1]);
	push(tell[0], done[0], 10);
	push(tell[1], done[1], 2 * SLOTS);
	tk_scan(&c);
	cr_assert_eq(c.own.n_sources, 0);
	cr_assert(was_said("there are no more; raise `ulimit -Hn`"));
	cr_assert(was_said("2 segments are left out"));
	limit_descriptors(had.rlim_cur);
	tk_scan(&c);
	cr_assert_eq(c.own.n_sources, 2);
	cr_assert(was_said("no segment is left out any more"));
	go_round(); /* a drainer takes its place at the newest record */
	push(tell[0], done[0], 3);
	push(tell[1], done[1], 4);
	for (unsigned i = 0; i < 4; i++)
		go_round();
	take_intervals();
	cr_assert_eq(came.delivered + came.lost, 3 + 2 * SLOTS + 4, "%lu + %lu", came.delivered,
		     came.lost);
	cr_assert_geq(came.lost, SLOTS);
	for (int i = 0; i < 2; i++)
		kill(pid[i], SIGKILL); /* the second has the first one's pipe, too */
	for (int i = 0; i < 2; i++) {
		close(tell[i]);
		close(done[i]);
		waitpid(pid[i], NULL, 0);
	}
	cr_assert(place_remove());
}

/* It was not there at the first listing, so that all in it is new. */
Test(round, a_directory_that_is_made_later_is_read_from_the_first_record)
{
	char dir[128];
	int tell, done;
	pid_t pid;

	begin(1);
	snprintf(dir, sizeof(dir), "%s/later", place);
	c.options.dir = dir;
	c.options.oldest = false;
	tk_scan(&c);
	cr_assert_eq(c.own.notes.ever, 0);
	cr_assert_eq(setenv("TIMEKEEPER_DIR", dir, 1), 0);
	pid = start_recorder(&tell, &done);
	await_told(done);
	push(tell, done, 2 * SLOTS);
	cr_assert(tk_look(&c), "it is not seen");
	tk_scan(&c);
	for (unsigned i = 0; i < 4; i++)
		go_round();
	take_intervals();
	cr_assert_eq(came.delivered + came.lost, 2 * SLOTS);
	cr_assert_geq(came.lost, SLOTS);
	close(tell);
	close(done);
	waitpid(pid, NULL, 0);
	cr_assert(place_remove());
}

/* A queue that another reader held comes to a drainer that has nothing of its process, which is
 * dead. */
Test(round, a_lane_that_is_dealt_after_the_end_ends)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_MAX];
	size_t timers;
	glob_t found;
	int fd;

	begin(2);
	leave_dead("queues", 2, &tk_rte);
	snprintf(path, sizeof(path), "%s/queues.*/slots.1", place);
	cr_assert_eq(glob(path, 0, NULL, &found), 0);
	fd = open(found.gl_pathv[0], O_RDWR);
	cr_assert_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	globfree(&found);
	tk_scan(&c);
	for (unsigned i = 0; i < 4; i++)
		go_round();
	cr_assert_eq(samples(&timers), RECORDS);
	cr_assert_not_null(c.own.sources[0]->seg, "it waits for the other queue");
	close(fd);
	tk_scan(&c);
	to_the_end(2 * RECORDS, 2);
}

/* It is the drainer that finds out, and the collecting thread that says it. */
Test(round, a_corrupt_queue_is_told_of)
{
	char path[PATH_MAX];
	uint32_t nonsense = UINT32_MAX / 2;
	bool told = false;
	glob_t found;
	int fd;

	begin(1);
	leave_dead("queue", 1, &tk_rte);
	snprintf(path, sizeof(path), "%s/queue.*/slots.0", place);
	cr_assert_eq(glob(path, 0, NULL, &found), 0);
	tk_scan(&c);
	fd = open(found.gl_pathv[0], O_RDWR);
	cr_assert_eq(pwrite(fd, &nonsense, sizeof(nonsense),
			    c.own.sources[0]->seg->lanes[0].info.queue.prod_tail),
		     sizeof(nonsense));
	close(fd);
	globfree(&found);
	go_round();
	tk_scan(&c);
	for (uint64_t i = 0; i < c.own.notes.ever; i++)
		told = told || strstr(c.own.notes.text[i], "lane 0 is corrupt");
	cr_assert(told);
	cr_assert(place_remove());
}

/* Several rounds in an interval: the longest gap of all of them is shown. */
Test(round, a_gap_is_shown_whenever_it_was)
{
	const uint64_t gap_ns = UINT64_C(5000000000);
	struct tk_snapshot *s;

	begin(1);
	turn_all();
	c.own.drainers[0]->own.polled_ns -= gap_ns;
	for (unsigned i = 0; i < 3; i++) {
		tk_round_ask(&c, i == 2);
		turn_all();
		tk_round_receive(&c);
	}
	s = tk_collector_snapshot(&c, &(struct tk_view){ 0 });
	cr_assert_geq(s->longest_gap_ns, gap_ns);
	cr_assert_lt(s->longest_gap_ns, 2 * gap_ns);
	tk_snapshot_free(s);
	cr_assert(place_remove());
}

/* Tallies are swapped before the end is read: what comes after goes into the next round's, and so
 * do the figures, which are those of what was swapped. */
Test(round, a_part_is_finished_when_all_of_it_was_handed_over)
{
	struct tk_drained sum = { .fill_ns = 1 };
	struct tk_part *p;

	begin(1);
	leave_dead("part", 1, NULL);
	tk_scan(&c);
	p = tk_part_new(c.own.sources[0]->seg, TK_LANE_OLDEST, false);
	p->pool = p->agg.pool = &c.own.drainers[0]->own.pool;
	tk_part_add(p, 0);
	p->ended = true;
	tk_part_end_lane(p, 0);
	tk_part_swap_tallies(p);
	tk_part_drain(p, 0, 1, &sum);
	tk_part_look_at_lanes(p);
	cr_assert_eq(p->figures.delivered, 0, "what the full tallies hold");
	cr_assert(!p->figures.finished);
	cr_assert_eq(p->figures.behind, 1);
	for (uint32_t id = 0; id < p->max_timers; id++)
		cr_assert_null(p->full[id]);
	tk_part_settle_lane(p, 0);
	tk_part_swap_tallies(p);
	tk_part_look_at_lanes(p);
	cr_assert_eq(p->figures.delivered, RECORDS);
	cr_assert_eq(p->figures.unsettled, 0);
	cr_assert_eq(p->figures.behind, 0);
	cr_assert_eq(p->figures.lag, 0);
	cr_assert(p->figures.finished);
	tk_part_free(p);
	cr_assert(place_remove());
}
