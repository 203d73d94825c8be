/* SPDX-License-Identifier: MIT */
/*
 * collector/engine/backlog.h - what was recorded before the collector came, drawn where it was.
 *
 * A live record counts in the interval in which it is drained. A backlog, which is what lanes hold
 * when a segment is attached from its oldest record, would all be drained at once: minutes of 5 k/s
 * would be one interval of 300 k/s. So where tk_collector_options.place_backlog asks for it, the
 * collecting thread reads the backlog of a segment before drainers get its lanes:
 *
 *	add	its lanes to their parts, and end those of the dead
 *	slice	time into intervals; of every lane read on until a stamp lies beyond the open one
 *	close	what fell into it, as an interval of each timer's past (tk_series_replay())
 *	give	the parts to their drainers, which go on where this ended
 *
 * Records go by the stamp of their stop (collector/engine/slices/slices.h). What has no place
 * between the segment's making and now counts at the present, as everything does where stamps
 * cannot be placed at all: of another boot, or if the wall clock and the counter disagree about how
 * long ago the segment was made. Losses that are known stand in an interval before a timer's first.
 *
 * One segment at a time, the living first: their lanes fill meanwhile. Work comes in steps of 2 ms,
 * between what else the collecting thread does. Reading takes no lock; closing takes the viewers'
 * for 64 timers at a time. What drainers drain is not disturbed. 20 ns a record.
 *
 * The collecting thread.
 */
#ifndef TK_COLLECTOR_ENGINE_BACKLOG_H
#define TK_COLLECTOR_ENGINE_BACKLOG_H

#include <stdbool.h>

struct tk_collector;
struct tk_segment;
struct tk_source;

/**
 * Whether the stamps of a segment that was just attached can be placed.
 * @return NULL: they can; else why not, as the end of a sentence
 */
const char *tk_backlog_hindrance(const struct tk_collector *c, const struct tk_segment *seg);

enum tk_backlog_step {
	TK_BACKLOG_NONE, /* there is no backlog to be placed */
	TK_BACKLOG_MORE, /* there is more: go on soon */
	TK_BACKLOG_WAIT, /* likewise, but a viewer has the lock */
};

/** Place backlogs for some 2 ms. */
enum tk_backlog_step tk_backlog_step(struct tk_collector *c);

/** Stop where it is. Parts that drainers did not get stay the caller's. */
void tk_backlog_free(struct tk_collector *c);

#endif
