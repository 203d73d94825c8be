/* SPDX-License-Identifier: MIT */
#include "tsc/clock.h"

#include "tsc/rate.h"
#include "tsc/read.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#define FIT_NS        UINT64_C(10000000)
#define WINDOW_NS     INT64_C(600000000000) /* the window stays between one and two of these */
#define OTHER_CPU_NS  2000 /* what two cores' counters may differ by without it being a step */
#define PAIR_ERROR_NS 2    /* what the narrowest of several brackets is off by, as measured */
#define WANDER_PPM    1    /* of another oscillator: the bound is on its average rate only */

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int machine_fit(void *arg, struct tk_tsc_freq *out)
{
	(void)arg;
	return tk_tsc_freq_measure(FIT_NS, out);
}

static void machine_read(void *arg, struct tk_clock_reading *r)
{
	uint64_t before;

	(void)arg;
	tk_tsc_pair_read(&r->pair);
	before = tk_tsc_fenced();
	r->wall_ns = clock_ns(CLOCK_REALTIME);
	r->wall_tsc = before + (tk_tsc_fenced() - before) / 2;
	r->suspended_ns = tk_tsc_suspended_ns();
	tk_tsc_cpus_online("", &r->online);
	if (tk_tsc_file_read("", TK_TSC_CLOCKSOURCE "current_clocksource", r->clocksource,
			     sizeof(r->clocksource)) < 0)
		r->clocksource[0] = '\0';
}

static bool any_bit(const struct tk_tsc_cpus *s)
{
	uint64_t any = 0;

	for (size_t i = 0; i < TK_TSC_CPUS / 64; i++)
		any |= s->bits[i];
	return any != 0;
}

/* A set that could not be read before (empty) says nothing about a change. */
static bool cpu_came_online(const struct tk_tsc_cpus *was, const struct tk_tsc_cpus *is)
{
	uint64_t came = 0;

	for (size_t i = 0; i < TK_TSC_CPUS / 64; i++)
		came |= is->bits[i] & ~was->bits[i];
	return came && any_bit(was);
}

static int64_t residual_ns(const struct tk_clock *c, const struct tk_tsc_pair *now)
{
	return now->raw_ns - tk_tsc_to_ns(&c->conv, now->tsc);
}

/* How far a counter that did not step may be off the line through the last reading, at most. */
static double residual_bound_ns(const struct tk_clock *c, const struct tk_tsc_pair *now)
{
	const struct tk_tsc_pair *last = &c->last.pair;
	double elapsed = fabs((double)(now->raw_ns - last->raw_ns));
	double wander = strcmp(c->last.clocksource, "tsc") == 0 ? 0 : WANDER_PPM;
	double brackets = ((double)last->width + now->width) / 2 * 1e9 / c->hz;

	return elapsed * (c->bound_ppm + wander) * 1e-6 + brackets + PAIR_ERROR_NS +
	       (now->cpu == last->cpu ? 0 : OTHER_CPU_NS);
}

/* @return why a new epoch must begin; TK_EPOCH_OPENED: nothing changed. */
static enum tk_epoch_reason what_changed(const struct tk_clock *c, const struct tk_clock_reading *r)
{
	int64_t slept = r->suspended_ns - c->last.suspended_ns;

	if (slept > TK_TSC_SLEPT_NS || slept < -TK_TSC_SLEPT_NS)
		return TK_EPOCH_SUSPEND;
	if (r->clocksource[0] && c->last.clocksource[0] &&
	    strcmp(r->clocksource, c->last.clocksource) != 0)
		return TK_EPOCH_CLOCKSOURCE;
	if (cpu_came_online(&c->last.online, &r->online))
		return TK_EPOCH_CPU_ONLINE;
	if (fabs((double)residual_ns(c, &r->pair)) > residual_bound_ns(c, &r->pair))
		return TK_EPOCH_RESIDUAL;
	return TK_EPOCH_OPENED;
}

static int set_rate(struct tk_clock *c, double hz, const struct tk_tsc_pair *base)
{
	int err = tk_tsc_conv_init(&c->conv, hz, base->tsc, base->raw_ns);

	if (err)
		return -ENOTSUP;
	c->hz = hz;
	return 0;
}

/* Measure the rate without what was known before, and take the reading from which it starts. */
static int measure_anew(struct tk_clock *c)
{
	struct tk_clock_reading r;
	struct tk_tsc_freq f;
	int err = c->source.fit(c->source.arg, &f);

	if (err)
		return err;
	c->source.read(c->source.arg, &r);
	err = set_rate(c, f.hz, &r.pair);
	if (err)
		return err;
	c->stat_ppm = f.stat_ppm;
	c->bound_ppm = f.bound_ppm;
	c->last = r;
	c->anchor = c->middle = r.pair;
	return 0;
}

int tk_clock_open(struct tk_clock *c, const struct tk_clock_source *source)
{
	static const struct tk_clock_source machine = { machine_fit, machine_read, NULL };

	*c = (struct tk_clock){ .source = source ? *source : machine };
	return measure_anew(c);
}

static int begin_epoch(struct tk_clock *c, enum tk_epoch_reason reason, int64_t residual)
{
	uint64_t last_tsc = c->last.pair.tsc;
	int err = measure_anew(c);

	if (err)
		return err;
	c->epoch = (struct tk_epoch){
		.number = c->epoch.number + 1,
		.reason = reason,
		.last_tsc = last_tsc,
		.start_tsc = c->last.pair.tsc,
		.residual_ns = residual,
	};
	return 0;
}

/*
 * The longer the window, the better its two ends tell the rate. Before they are good enough to
 * replace the rate in use, they bound it.
 */
static int refine_rate(struct tk_clock *c, const struct tk_tsc_pair *now)
{
	double window = (double)(now->raw_ns - c->anchor.raw_ns);
	double stat = 2e6 * PAIR_ERROR_NS / window;
	double bound, hz = tk_tsc_pair_hz(&c->anchor, now, &bound);

	if (hz <= 0)
		return set_rate(c, c->hz, now);
	if (stat < c->stat_ppm || window >= (double)WINDOW_NS) {
		c->stat_ppm = stat;
		c->bound_ppm = bound;
		return set_rate(c, hz, now);
	}
	c->bound_ppm = fmin(c->bound_ppm, bound + 1e6 * fabs(hz - c->hz) / c->hz);
	return set_rate(c, c->hz, now);
}

int tk_clock_refine(struct tk_clock *c)
{
	struct tk_clock_reading r;
	enum tk_epoch_reason reason;
	int err;

	c->source.read(c->source.arg, &r);
	reason = what_changed(c, &r);
	if (reason != TK_EPOCH_OPENED)
		return begin_epoch(c, reason, residual_ns(c, &r.pair));

	err = refine_rate(c, &r.pair);
	c->last = r;
	if (r.pair.raw_ns - c->middle.raw_ns >= WINDOW_NS) {
		c->anchor = c->middle;
		c->middle = r.pair;
	}
	return err;
}

const char *tk_epoch_reason_name(enum tk_epoch_reason reason)
{
	static const char *const names[] = {
		[TK_EPOCH_OPENED] = "opened",
		[TK_EPOCH_SUSPEND] = "suspend",
		[TK_EPOCH_CLOCKSOURCE] = "clocksource change",
		[TK_EPOCH_CPU_ONLINE] = "cpu online",
		[TK_EPOCH_RESIDUAL] = "counter step",
	};

	return names[reason];
}
