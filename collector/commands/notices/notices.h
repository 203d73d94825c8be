/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/notices/notices.h - what `stat` says on standard error besides its rows: notes
 * of the collector, and records that are lost, dropped, refused or set aside. Each is said when
 * there is more of it than was said; some are said once. Main thread.
 */
#ifndef TK_COLLECTOR_COMMANDS_NOTICES_NOTICES_H
#define TK_COLLECTOR_COMMANDS_NOTICES_NOTICES_H

#include "collector/cli/options.h"
#include "collector/engine/views/intervals.h"
#include "collector/engine/views/snapshot.h"

#define TK_NOTICES_KEPT_MIB 64u /* of rows that nobody has read yet */

/** What was said so far. All zero: nothing. */
struct tk_notices {
	uint64_t notes, overwritten, dropped, forgotten;
	uint64_t lost_own; /* of those overwritten */
	uint64_t unread_processes, unread_records;
	uint64_t dead; /* timers without a row */
	bool refused, aside;
};

/** Notes, and records that were overwritten or removed unread. */
void tk_notices_new(struct tk_notices *n, const struct tk_snapshot *s);

/** That records are refused, or samples set aside. */
void tk_notices_once(struct tk_notices *n, const struct tk_args *a, const struct tk_snapshot *s);

/** Intervals that were dropped. */
void tk_notices_dropped(struct tk_notices *n, const struct tk_intervals_dropped *d);

/** With --total, rows that were forgotten; what the collector forgets is among the notes. */
void tk_notices_dead(struct tk_notices *n, uint64_t forgotten);

#endif
