/* SPDX-License-Identifier: MIT */
/* What recordings come to: percentiles of runs, and of consecutive parts, of known values. */
#include "collector/diff/recordings.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "collector/compare/compare.h"
#include "collector/hlog/write.h"

static const struct tk_texts any;
static struct tk_stats_list list;
static const struct tk_diff_wanted wanted = { &any, &list };

/* A log in which all samples of interval i are 1000 + 10 i ns. Frees with unlink() and free(). */
static char *make_log(unsigned intervals, unsigned samples)
{
	char *path = strdup("/dev/shm/tk-test-XXXXXX");
	FILE *f = fdopen(mkstemp(path), "w");
	struct tk_hlog_writer w = { 0 };

	cr_assert_eq(tk_hlog_writer_open(&w), 0);
	tk_hlog_put_header(&w, 1000000000);
	tk_hlog_put_comment(&w, "log");
	tk_hlog_put_number(&w, "unit_ps", TK_HLOG_UNIT_PS);
	tk_hlog_put_number(&w, "error_ppm", TK_HLOG_ERROR_PPM);
	tk_hlog_put_end(&w);
	for (unsigned i = 0; i < intervals; i++) {
		struct tk_hlog_where at = { "app", "work", TK_PROCESSING, (int64_t)i * 50000000,
					    50000000 };
		struct tk_bins bins = { 0 };

		tk_bins_add(&bins, 1000 + 10 * i, samples);
		tk_hlog_put_histogram(&w, &at, &bins, 1);
		tk_bins_free(&bins);
	}
	fwrite(w.text, w.size, 1, f);
	tk_hlog_writer_close(&w);
	fclose(f);
	return path;
}

static void keep(void *arg, struct tk_diff_timer *t)
{
	struct tk_diff_timer **only = arg;

	cr_assert_null(*only);
	*only = t;
}

/* Read so many logs a side; the only timer in them. */
static struct tk_diff_timer *read_logs(struct tk_diff_recordings *r, char **base, size_t n_base,
				       char **new, size_t n_new)
{
	const struct tk_diff_files files[TK_DIFF_SIDES] = { { base, n_base }, { new, n_new } };
	struct tk_diff_timer *only = NULL;

	tk_stats_list_parse(&list, "p50,p99");
	cr_assert_eq(tk_diff_recordings_read(r, &wanted, files), 0);
	tk_diff_timers_each(&r->timers, keep, &only);
	cr_assert_not_null(only);
	return only;
}

static void check_parts(unsigned intervals, size_t parts, unsigned a_part)
{
	char *log = make_log(intervals, 100);
	struct tk_diff_recordings r;
	struct tk_diff_timer *t = read_logs(&r, &log, 1, &log, 1);

	cr_assert(r.parts && !r.damaged);
	cr_assert_eq(t->samples[TK_DIFF_NEW], intervals * 100);
	cr_assert_eq(t->n[TK_DIFF_BASE], parts, "%zu", t->n[TK_DIFF_BASE]);
	for (size_t k = 0; k < parts && a_part; k++) {
		/* The median of a part is its middle interval's value. */
		double median = 1000 + 10.0 * (double)(k * a_part + (a_part - 1) / 2);

		cr_assert_float_eq(t->values[TK_DIFF_NEW][k], median, 0.0045 * median, "%zu: %f", k,
				   t->values[TK_DIFF_NEW][k]);
	}
	cr_assert_float_eq(t->whole[TK_DIFF_BASE][0], 1000 + 10.0 * ((intervals - 1) / 2), 15);
	tk_diff_recordings_free(&r);
	unlink(log);
	free(log);
}

Test(recordings, one_a_side_is_cut_into_parts)
{
	check_parts(1, 1, 1);
	check_parts(20, 20, 1);
	check_parts(30, 30, 1);
	check_parts(60, 30, 2);
	check_parts(90, 30, 3);
	check_parts(59, 29, 0);
	check_parts(31, 15, 0);
}

/* A run's percentile is there if ten samples are beyond it. */
Test(recordings, several_a_side_are_a_value_each)
{
	char *base[] = { make_log(1, 20), make_log(1, 19), make_log(10, 100) };
	char *new[] = { make_log(1, 1000), make_log(1, 999) };
	struct tk_diff_recordings r;
	struct tk_diff_timer *t = read_logs(&r, base, 3, new, 2);
	const double *p50 = t->values[TK_DIFF_BASE], *p99 = t->values[TK_DIFF_NEW] + 2;

	cr_assert(!r.parts);
	cr_assert_float_eq(p50[0], 1000, 5);
	cr_assert(isnan(p50[1]));
	cr_assert_float_eq(p50[2], 1040, 5);
	cr_assert_float_eq(p99[0], 1000, 5);
	cr_assert(isnan(p99[1]));
	cr_assert_eq(t->samples[TK_DIFF_BASE], 1039);
	/* A bucket of ticks here is 4 of 1000, and HdrHistogram's 512 ps. */
	cr_assert_float_eq(t->bucket[TK_DIFF_NEW][0], 2 * 1.0 / 256 + 0.0005, 0.0006);
	tk_diff_recordings_free(&r);
	for (int i = 0; i < 3; i++) {
		unlink(base[i]);
		free(base[i]);
		if (i < 2)
			unlink(new[i]);
		if (i < 2)
			free(new[i]);
	}
}
