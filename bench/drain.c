/* SPDX-License-Identifier: MIT */
#include "bench/drain.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/load.h"
#include "bench/measure.h"
#include "collector/drain/part.h"
#include "collector/drain/stock.h"
#include "collector/machine/now.h"
#include "ring/segment_read.h"

#define ROUNDS 41u

static char dir[] = "/dev/shm/tk-bench-XXXXXX"; /* where lanes get hugepages */

int tk_drain_begin(void)
{
	return mkdtemp(dir) && !setenv("TIMEKEEPER_DIR", dir, 1) ? 0 : -errno;
}

void tk_drain_end(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		fprintf(stderr, "%s is left behind\n", dir);
}

const char *tk_drain_dir(void)
{
	return dir;
}

static void be_child(const struct tk_child_options *o, int in, int out)
{
	char ready = 'r';

	tk_pin(o->cpu);
	if (load_open(o->timers, o->node) < 0 || write(out, &ready, 1) != 1)
		_exit(1);
	if (o->load == TK_LOAD_1M)
		load_at_1m(o->timers, o->hz);
	else if (o->load == TK_LOAD_NONE)
		pause();
	else
		load_on_demand(in, out, o->timers);
	_exit(0);
}

int tk_child_start(struct tk_child *c, const struct tk_child_options *o)
{
	int in[2], out[2];
	char ready;

	if (pipe(in) || pipe(out))
		return -errno;
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (c->pid == 0) {
		close(in[1]);
		close(out[0]);
		be_child(o, in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	c->to = in[1];
	c->from = out[0];
	if (read(c->from, &ready, 1) == 1)
		return 0;
	tk_child_stop(c);
	return -EIO;
}

void tk_child_stop(struct tk_child *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	close(c->to);
	close(c->from);
}

static struct tk_segment *find_segment(pid_t pid)
{
	char command[128], name[TK_SEGMENT_NAME_MAX + 1] = "", why[TK_WHY_MAX];
	int fd = tk_segments_open(dir, why);
	struct tk_segment *s = NULL;
	FILE *f;

	snprintf(command, sizeof(command), "ls %s | grep '^bench\\.%d\\.'", dir, (int)pid);
	f = popen(command, "r");
	if (f && fgets(name, sizeof(name), f)) {
		name[strcspn(name, "\n")] = '\0';
		s = tk_segment_attach(fd, name, TK_LANE_NEWEST, why);
	}
	if (f)
		pclose(f);
	close(fd);
	return s;
}

/* Measure one round. @return records per second; 0: the child ended */
static double fill_and_drain(const struct tk_child *c, struct tk_part *part, struct tk_stock *stock,
			     bool *lost)
{
	struct tk_drained sum = { .fill_ns = 1e9 };
	uint64_t began;
	char go = 'g';

	if (write(c->to, &go, 1) != 1 || read(c->from, &go, 1) != 1)
		return 0;
	while (tk_stock_refill(stock))
		;
	while (tk_tally_settle(stock->pool, UINT64_MAX, false))
		;
	began = tk_now_ns(CLOCK_MONOTONIC_RAW);
	tk_part_drain(part, 0, 1000000, &sum);
	began = tk_now_ns(CLOCK_MONOTONIC_RAW) - began;
	*lost = *lost || sum.lost || sum.records != LOAD_FILL;
	return (double)sum.records * 1e9 / (double)began;
}

static void measure_segment(struct tk_drain *d, const struct tk_clock *clock,
			    const struct tk_child *c, struct tk_segment *segment)
{
	struct tk_part *part = tk_part_new(segment, TK_LANE_NEWEST, false);
	struct tk_tally_pool pool = { 0 };
	struct tk_clock_guard guard;
	struct tk_stock stock;
	double rate[ROUNDS];

	if (!part || tk_tally_pool_init(&pool, TK_TALLY_POOL_BYTES) < 0)
		return;
	tk_stock_init(&stock, &pool, -1);
	tk_clock_guard_init(&guard, clock);
	tk_part_begin(part, &pool, &guard);
	tk_part_add(part, 0);
	for (unsigned i = 0; i < ROUNDS; i++)
		rate[i] = fill_and_drain(c, part, &stock, &d->lost);
	tk_part_free(part);
	tk_tally_pool_free(&pool);
	d->node = segment->lanes[0].info.node_had;
	d->lo = tk_quantile(rate, ROUNDS, 0.1);
	d->hi = tk_quantile(rate, ROUNDS, 0.9);
	d->records_per_s = d->lost ? 0 : tk_quantile(rate, ROUNDS, 0.5);
}

void tk_drain_measure(struct tk_drain *d, const struct tk_clock *clock,
		      const struct tk_child_options *o)
{
	struct tk_segment *segment;
	struct tk_child c = { 0 };

	*d = (struct tk_drain){ .node = -1 };
	if (tk_child_start(&c, o) < 0)
		return;
	segment = find_segment(c.pid);
	if (segment && segment->n_lanes)
		measure_segment(d, clock, &c, segment);
	tk_child_stop(&c);
	tk_segment_detach(segment);
}
