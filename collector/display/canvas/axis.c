/* SPDX-License-Identifier: MIT */
#include "collector/display/canvas/axis.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define SECOND INT64_C(1000000000)

/* 1, 2 or 5 times a power of ten: the smallest that is not below v (> 0). */
static double round_up(double v)
{
	double decade = pow(10, floor(log10(v)));
	double m = v / decade;

	/* The slack keeps a number that is round already. */
	return decade * (m <= 1.000001 ? 1 : m <= 2.000001 ? 2 : m <= 5.000001 ? 5 : 10);
}

static double round_down(double v)
{
	double decade = pow(10, floor(log10(v) + 1e-9));
	double m = v / decade;

	return decade * (m >= 4.999999 ? 5 : m >= 1.999999 ? 2 : 1);
}

static void range_log(double *lo, double *hi)
{
	*lo = round_down(fmax(*lo, 0.1));
	*hi = round_up(fmax(*hi, 0.1));
	if (*hi <= *lo)
		*hi = round_up(*lo * 1.5);
}

static void range_linear(double *lo, double *hi)
{
	if (*lo < *hi / 4)
		*lo = 0;
	if (*hi - *lo < *hi * 0.04) { /* do not magnify noise to the full height */
		double middle = (*lo + *hi) / 2;
		*lo = middle * 0.98;
		*hi = middle * 1.02;
	}
	if (*hi <= *lo)
		*hi = *lo + 1;
	double step = round_up((*hi - *lo) / 12);
	*lo = floor(*lo / step + 1e-6) * step;
	*hi = ceil(*hi / step - 1e-6) * step;
}

void tk_axis_range(double *lo, double *hi, bool log_y)
{
	if (log_y)
		range_log(lo, hi);
	else
		range_linear(lo, hi);
}

static int values_linear(double at[TK_AXIS_TICKS_MAX], double lo, double hi, int rows)
{
	int n = 0, wanted = rows / 2 < 2 ? 2 : rows / 2 > 8 ? 8 : rows / 2;
	double step = round_up((hi - lo) / wanted);

	for (double k = ceil(lo / step - 1e-6); k * step <= hi + step * 1e-6; k++)
		if (n < TK_AXIS_TICKS_MAX)
			at[n++] = k * step + 0.0; /* no minus zero */
	return n;
}

/* Full decades; 1, 2 and 5 times each where a decade has six rows. */
static int values_log(double at[TK_AXIS_TICKS_MAX], double lo, double hi, int rows)
{
	static const int m[] = { 1, 2, 5 };
	int n = 0, per_decade = rows >= 6 * log10(hi / lo) ? 3 : 1;

	for (double decade = pow(10, floor(log10(lo) + 1e-9)); decade <= hi * 1.000001;
	     decade *= 10)
		for (int i = 0; i < per_decade; i++) {
			double v = decade * m[i];
			if (v >= lo * 0.999999 && v <= hi * 1.000001 && n < TK_AXIS_TICKS_MAX)
				at[n++] = v;
		}
	return n;
}

int tk_axis_values(struct tk_axis_tick ticks[TK_AXIS_TICKS_MAX], double lo, double hi, int rows,
		   bool log_y, char *(*format)(char out[TK_UNITS_MAX], double v))
{
	double at[TK_AXIS_TICKS_MAX];
	int n = log_y ? values_log(at, lo, hi, rows) : values_linear(at, lo, hi, rows);

	if (n < 2 || rows < 4) {
		at[0] = lo;
		at[1] = hi;
		n = 2;
	}
	for (int i = 0; i < n; i++) {
		ticks[i].at = at[i];
		format(ticks[i].label, at[i]);
	}
	return n;
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
