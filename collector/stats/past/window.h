/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/past/window.h - any window of a timer's past, with any percentiles.
 *
 * All samples in it, out of packed histograms: never percentiles of percentiles. A window is
 * gathered once (struct tk_window), or follows the present (struct tk_sliding), for an overview of
 * all timers: then a step adds the newest intervals and takes the oldest out, in a microsecond or
 * two.
 *
 * Read from a hold, without the collector's lock. One thread per object.
 */
#ifndef TK_COLLECTOR_STATS_PAST_WINDOW_H
#define TK_COLLECTOR_STATS_PAST_WINDOW_H

#include "collector/stats/past/past.h"
#include "collector/stats/rated.h"

/**
 * What of one measure lies between two times: all of its samples, whatever tier they are in. It
 * begins and ends where intervals do.
 */
struct tk_window {
	int64_t from_ns, to_ns; /* from_ns INT64_MAX: no interval is in it */
	struct tk_counts counts;
	uint32_t n; /* of `of`: one for each clock and epoch */
	bool bare;  /* of some samples, counts are all that is known */
	double sum_ns, min_ns, max_ns;
	struct tk_bins_rated of[TK_BINS_UNION_MAX];
};

/**
 * Gather from..to, rounded outward to the ends of intervals; where only a coarser tier reaches, to
 * those of that tier. Intervals that the tiers share are taken once, from the coarsest that lies
 * within. @w: all zero, or from an earlier call, whose memory is used again.
 * @return 0, or -ENOMEM: it is bare
 */
int tk_window_gather(struct tk_window *w, const struct tk_past *p, enum tk_measure m, int64_t from,
		     int64_t to);

/** Make it empty; it keeps its memory. @w: all zero, or used before */
void tk_window_clear(struct tk_window *w);

/**
 * Add one interval, which was read whole, of any timer; of a gap there is nothing to add.
 * @return 0, or an error: it is bare; -ENOMEM, or what is packed is damaged
 */
int tk_window_add(struct tk_window *w, const struct tk_entry *e, enum tk_measure m);

/**
 * Quantiles of a window, in ns. @quantiles: ascending, in billionths
 * @ns: zeros if it has no sample; NAN if some are bare
 */
void tk_window_quantiles(const struct tk_window *w, const uint32_t *quantiles, size_t n,
			 double *ns);

/** A window as one datapoint. */
void tk_window_datapoint(const struct tk_window *w, enum tk_measure m, struct tk_datapoint *out);

void tk_window_free(struct tk_window *w);

struct tk_sliding_entry {
	struct tk_trail here;
	int64_t began;
	double min_ns, max_ns; /* min > max: no samples */
	bool bare;
};

/** One measure of one timer over the last intervals. All zero to begin. */
struct tk_sliding {
	struct tk_window w;             /* as of the last move */
	struct tk_sliding_entry *entry; /* oldest first, from `first` on, in a ring of `room` */
	size_t first, n, room;          /* room is a power of two */
};

/**
 * Move it to the intervals that end after `from`, up to the newest, in tier 0. It may be asked as a
 * window then (&s->w).
 * @return 0, or -ENOMEM: it is empty
 */
int tk_sliding_move(struct tk_sliding *s, const struct tk_past *p, enum tk_measure m, int64_t from);

void tk_sliding_free(struct tk_sliding *s);

#endif
