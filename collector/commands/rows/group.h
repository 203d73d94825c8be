/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/rows/group.h - what one row is about: timers of one process or several, over
 * the intervals that were put in. For gather.c, which decides what belongs together.
 *
 * Samples are put in once, and taken out when their interval leaves. Counts, sums and extremes are
 * counted anew from the intervals that are in the window, or go on for ever without one.
 *
 * One thread.
 */
#ifndef TK_COLLECTOR_COMMANDS_ROWS_GROUP_H
#define TK_COLLECTOR_COMMANDS_ROWS_GROUP_H

#include "collector/commands/rows/rows.h"
#include "collector/stats/rated.h"

/* The newest that is known of one process's timer in a group. A process may have several, that
 * differ in labels. */
struct tk_group_member {
	uint64_t process; /* a number for its segment */
	uint64_t key;
	uint64_t number; /* of the interval */
	uint64_t since_start;
	bool alive, unsettled;
};

/* Samples of one measure. */
struct tk_group_samples {
	struct tk_bins_rated *of; /* one for each clock and epoch */
	size_t n;
	uint64_t bare; /* rows of intervals whose samples are in no histogram */
};

/* What one row is about. */
struct tk_group {
	struct tk_row row;
	uint64_t place, key;
	uint8_t labels;                 /* so many bytes at the end of the row's name */
	struct tk_group_member *member; /* by process, then key, ascending */
	size_t n_members;
	/* Without a window: of those processes that have ended, which are no members any more. */
	uint32_t ended;
	uint64_t ended_since_start;
	uint64_t number; /* of the newest interval */
	bool lived;      /* a process of it was alive when the collector came, or later */
	struct tk_group_samples samples[TK_MEASURES];
	double sum[TK_MEASURES], min[TK_MEASURES], max[TK_MEASURES];
	const struct tk_interval_timer *newest; /* a row of the newest interval; or NULL */
	uint64_t rows; /* of intervals in the window; without a window, so far */
};

/** A group for this timer, alone or with all of its app. @return NULL and errno ENOMEM */
struct tk_group *tk_group_new(const struct tk_interval_timer *t, bool by_app);
void tk_group_free(struct tk_group *group);

/** Note what is true of a process as of an interval. @return 0 or -ENOMEM: it is left out */
int tk_group_note(struct tk_group *group, const struct tk_interval_timer *t, uint64_t number);

/**
 * Sum up what is true of its processes. @oldest: the number of the first interval in the window;
 * processes that were in none since are forgotten. 0: there is no window
 */
void tk_group_sum_up(struct tk_group *group, uint64_t oldest);

/**
 * Put the samples of an interval in, and take the same out again. A histogram that cannot be added
 * is taken for none, which the interval notes, and percentiles are not known while it is in.
 */
void tk_group_add_samples(struct tk_group *group, struct tk_interval_timer *t);
void tk_group_remove_samples(struct tk_group *group, const struct tk_interval_timer *t);

/** Begin to count from nothing; then count each interval in the window. */
void tk_group_begin_counts(struct tk_group *group);
void tk_group_count(struct tk_group *group, const struct tk_interval_timer *t);

/**
 * Find the values of a list of statistics. @histograms: samples were put in; else percentiles are
 * those of the newest interval, which knows the usual ones
 */
void tk_group_find_values(struct tk_group *group, const struct tk_stats_list *stats,
			  bool histograms);

/** Whether an interval knows this percentile without its histogram. */
bool tk_group_is_usual(uint32_t quantile);

#endif
