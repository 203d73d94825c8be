/* SPDX-License-Identifier: MIT */
#include "collector/display/canvas/axis.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define SECOND INT64_C(1000000000)

/* 1, 2 or 5 times a power of ten: the largest that is not above v (> 0). */
static double round_down(double v)
{
	double decade = pow(10, floor(log10(v) + 1e-9));
	double m = v / decade;

	/* The slack keeps a number that is round already. */
	return decade * (m >= 4.999999 ? 5 : m >= 1.999999 ? 2 : 1);
}

/* Rows from tick to tick that are tried. */
struct apart {
	int least, most;
};

/* Two rows or more, and at most eight ticks; and at least three, where there are rows for them. */
static struct apart apart(int rows)
{
	struct apart a = { (rows + 7) / 8, rows < 5 ? rows - 1 : (rows - 1) / 2 };

	if (a.least < 2 && rows > 2)
		a.least = 2;
	return a;
}

/* Take a step and its rows from tick to tick if that is the narrowest yet that contains hi. */
static void try_linear(struct tk_axis *a, double lo, double hi, double step, double steps)
{
	double y0 = floor(lo / step + 1e-6) * step + 0.0; /* no minus zero */
	double y1 = y0 + step * steps;

	if (y1 < hi * (1 - 1e-9) || y1 - y0 >= a->hi - a->lo)
		return;
	*a = (struct tk_axis){ .lo = y0, .hi = y1, .step = step, .ticks = (int)(steps + 1e-6) + 1 };
}

/* Try the first n steps below, times powers of ten. */
static struct tk_axis try_steps(double lo, double hi, int rows, int cell_dots, int n)
{
	static const double steps[] = { 1, 2, 5, 1.25, 1.5, 2.5, 3, 4, 6, 8 };
	struct tk_axis a = { .hi = INFINITY };
	struct apart k = apart(rows);

	k.most = k.most > 5 && k.most > rows / 4 ? (rows > 20 ? rows / 4 : 5) : k.most;
	for (int e = -2; e <= 1; e++)
		for (int i = 0; i < n; i++)
			for (int r = k.least; r <= k.most; r++)
				try_linear(&a, lo, hi,
					   steps[i] * pow(10, floor(log10(hi - lo)) + e),
					   (rows - 1.0 / cell_dots) / r);
	return a;
}

#define ROUND_STEPS 3  /* of those above, that are preferred */
#define ALL_STEPS   10 /* one of them fits the data within a third */

static struct tk_axis linear(double lo, double hi, int rows, int cell_dots)
{
	if (lo < hi / 4)
		lo = 0;
	if (hi - lo < hi * 0.04) { /* do not magnify noise to the full height */
		double middle = (lo + hi) / 2;
		lo = middle * 0.98;
		hi = middle * 1.02;
	}
	if (hi <= lo)
		hi = lo + 1;
	struct tk_axis a = try_steps(lo, hi, rows, cell_dots, ROUND_STEPS);
	if (a.hi - a.lo > (hi - lo) * 4 / 3)
		a = try_steps(lo, hi, rows, cell_dots, ALL_STEPS);
	return a;
}

/* Factors of two are for narrow ranges only: 1.024 is not a round number. */
static struct tk_axis logarithmic(double lo, double hi, int rows, int cell_dots)
{
	static const double factors[] = { 10, 2, 100, 1000, 10000, 1e6, 1e9, 1e12, 1e18 };
	struct tk_axis a = { .hi = INFINITY, .log_y = true };
	struct apart k = apart(rows);

	lo = round_down(fmax(lo, 0.1));
	hi = fmax(hi, lo * 1.5);
	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
		for (int r = k.least; r <= k.most; r++) {
			double steps = (rows - 1.0 / cell_dots) / r;
			double y1 = lo * pow(factors[i], steps);

			if (y1 < hi * (1 - 1e-9) || y1 >= a.hi || (factors[i] < 10 && hi > 64 * lo))
				continue;
			a.hi = y1;
			a.step = factors[i];
			a.ticks = (int)(steps + 1e-6) + 1;
		}
	a.lo = lo;
	return a;
}

/* One row: only the edges can be told apart. The upper one is a tick. */
static struct tk_axis flat(struct tk_axis a, double hi)
{
	double steps = a.log_y ? log(hi / a.lo) / log(a.step) : (hi - a.lo) / a.step;

	steps = ceil(steps - 1e-9);
	a.hi = a.log_y ? a.lo * pow(a.step, steps) : a.lo + a.step * steps;
	a.step = a.log_y ? a.hi / a.lo : a.hi - a.lo;
	a.ticks = 2;
	return a;
}

struct tk_axis tk_axis(double lo, double hi, int rows, int cell_dots, bool log_y)
{
	int tall = rows < 2 ? 2 : rows;
	struct tk_axis a = (log_y ? logarithmic : linear)(lo, hi, tall, cell_dots);

	return rows < 2 ? flat(a, fmax(hi, a.log_y ? a.lo * 1.5 : a.lo + a.step)) : a;
}

int tk_axis_values(const struct tk_axis *a, struct tk_axis_tick ticks[TK_AXIS_TICKS_MAX],
		   char *(*format)(char out[TK_UNITS_MAX], double v))
{
	int n = a->ticks < TK_AXIS_TICKS_MAX ? a->ticks : TK_AXIS_TICKS_MAX;

	for (int i = 0; i < n; i++) {
		ticks[i].at = a->log_y ? a->lo * pow(a->step, i) : a->lo + a->step * i;
		format(ticks[i].label, ticks[i].at);
	}
	return n;
}

#define OUTLIERS_MAX 63

/* The largest value but for the outliers: of n, one in 32, and at least one of four. */
static double largest_typical(double (*typical)(const void *arg, size_t i), size_t n,
			      const void *arg)
{
	double top[OUTLIERS_MAX + 1]; /* the largest, descending */
	size_t kept = 0, there = 0, outliers;

	for (size_t i = 0; i < n; i++) {
		double v = typical(arg, i);
		size_t k = kept;

		if (!isfinite(v))
			continue;
		there++;
		if (kept <= OUTLIERS_MAX)
			kept++;
		else if (v <= top[--k])
			continue;
		for (; k > 0 && top[k - 1] < v; k--)
			top[k] = top[k - 1];
		top[k] = v;
	}
	outliers = there < 4 ? 0 : there < 64 ? 1 : there / 32;
	if (there == 0)
		return NAN;
	return top[outliers < kept ? outliers : kept - 1];
}

#define HEADROOM 1.5 /* tk_axis() adds up to a third: what is typical keeps half of the height */

double tk_axis_top(double lo, double hi, double (*typical)(const void *arg, size_t i), size_t n,
		   const void *arg)
{
	double top = largest_typical(typical, n, arg), low = lo < top / 4 ? 0 : lo;

	if (isnan(top) || top <= 0)
		return hi;
	return fmin(hi, fmax(low + HEADROOM * (top - low), top * 1.1));
}

/* The narrowest step between times that leaves each label about twelve columns. */
static int64_t time_step(int64_t span_ns, int columns)
{
	static const int64_t steps[] = {
		SECOND / 10,   SECOND / 5,    SECOND / 2,     SECOND,         2 * SECOND,
		5 * SECOND,    10 * SECOND,   15 * SECOND,    30 * SECOND,    60 * SECOND,
		120 * SECOND,  300 * SECOND,  600 * SECOND,   900 * SECOND,   1800 * SECOND,
		3600 * SECOND, 7200 * SECOND, 10800 * SECOND, 21600 * SECOND, 43200 * SECOND,
	};
	size_t n = sizeof(steps) / sizeof(steps[0]);
	int64_t labels = columns / 12 < 1                    ? 1
			 : columns / 12 >= TK_AXIS_TICKS_MAX ? TK_AXIS_TICKS_MAX - 1
							     : columns / 12;

	for (size_t i = 0; i < n; i++)
		if (span_ns / steps[i] <= labels)
			return steps[i];
	return span_ns; /* not reached: the widest window of a view is a day */
}

static void label_ago(char out[TK_UNITS_MAX], int64_t ago, int64_t step)
{
	if (ago == 0)
		snprintf(out, TK_UNITS_MAX, "now");
	else if (step % (3600 * SECOND) == 0)
		snprintf(out, TK_UNITS_MAX, "-%d h", (int)(ago / (3600 * SECOND)));
	else if (step % (60 * SECOND) == 0)
		snprintf(out, TK_UNITS_MAX, "-%d min", (int)(ago / (60 * SECOND)));
	else
		snprintf(out, TK_UNITS_MAX, "-%g s", (double)ago / (double)SECOND);
}

static void label_wall(char out[TK_UNITS_MAX], int64_t t_ns, int64_t step)
{
	time_t t = (time_t)(t_ns / SECOND);
	struct tm tm;

	localtime_r(&t, &tm);
	size_t n = strftime(out, TK_UNITS_MAX, step % (60 * SECOND) ? "%H:%M:%S" : "%H:%M", &tm);
	if (step < SECOND)
		snprintf(out + n, TK_UNITS_MAX - n, ".%d", (int)(t_ns % SECOND / (SECOND / 10)));
}

/* Seconds to add to UTC for the local time, so that ticks fall on local full hours. */
static int64_t local_offset(int64_t t_ns)
{
	time_t t = (time_t)(t_ns / SECOND);
	struct tm tm;

	localtime_r(&t, &tm);
	return tm.tm_gmtoff * SECOND;
}

int tk_axis_times(struct tk_axis_tick ticks[TK_AXIS_TICKS_MAX], int64_t to_ns, int64_t span_ns,
		  int columns, bool wall)
{
	int64_t step = time_step(span_ns, columns);
	int64_t first = wall ? (to_ns + local_offset(to_ns)) % step : 0; /* ns before to_ns */
	int n = 0;

	for (int64_t ago = first; ago <= span_ns && n < TK_AXIS_TICKS_MAX; ago += step, n++) {
		ticks[n].at = -(double)ago;
		if (wall)
			label_wall(ticks[n].label, to_ns - ago, step);
		else
			label_ago(ticks[n].label, ago, step);
	}
	return n;
}
