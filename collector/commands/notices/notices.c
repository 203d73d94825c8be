/* SPDX-License-Identifier: MIT */
#include "collector/commands/notices/notices.h"

#include <inttypes.h>

#include "collector/cli/say.h"
#include "collector/cli/text.h"
#include "collector/commands/rows/asked.h"
#include "collector/stats/registry.h"
#include "ring/owner.h"

void tk_notices_dead(struct tk_notices *n, uint64_t forgotten)
{
	if (forgotten > n->dead)
		tk_say("%" PRIu64 " timers of ended processes have no row any more so far: %u are "
		       "kept; --by app counts them on in the rows of their apps",
		       forgotten, TK_REGISTRY_DEAD_MAX);
	n->dead = forgotten;
}

void tk_notices_dropped(struct tk_notices *n, const struct tk_intervals_dropped *d)
{
	if (d->rows > n->dropped)
		tk_say("%" PRIu64 " rows of %" PRIu64 " intervals, with %" PRIu64
		       " records, were dropped so far: the output was not read in time, or memory "
		       "was short; %u MiB of rows are kept",
		       d->rows, d->intervals, d->records, TK_NOTICES_KEPT_MIB);
	n->dropped = d->rows;
}

/* Of processes that nobody had attached when they ended. */
static void say_unread(struct tk_notices *n, const struct tk_snapshot *s)
{
	if (s->unread_processes > n->unread_processes || s->unread_records > n->unread_records)
		tk_say("%" PRIu64 " processes with %" PRIu64
		       " records were removed unread: more than 256 MiB or 4,096 segments of "
		       "ended programs waited for a collector; end the collector that is stopped "
		       "or too slow",
		       s->unread_processes - n->unread_processes,
		       s->unread_records - n->unread_records);
	n->unread_processes = s->unread_processes;
	n->unread_records = s->unread_records;
}

/* Records lost while a drainer was busy with something else, and not without a cpu. */
static uint64_t lost_own(const struct tk_snapshot *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_drainers; i++)
		sum += s->drainers[i].lost_own;
	return sum;
}

void tk_notices_new(struct tk_notices *n, const struct tk_snapshot *s)
{
	uint64_t unsaid = s->notes_ever - n->notes;
	uint64_t overwritten = s->lost - s->unread_records;
	char gap[TK_UNITS_MAX];

	if (unsaid > s->n_notes)
		tk_say("%" PRIu64 " notes are left out before these", unsaid - s->n_notes);
	for (size_t i = unsaid < s->n_notes ? s->n_notes - unsaid : 0; i < s->n_notes; i++)
		tk_say("%s", s->notes[i]);
	n->notes = s->notes_ever;
	if (overwritten > n->overwritten)
		tk_say("%" PRIu64 " records lost, overwritten before they were read, %" PRIu64
		       " of them in gaps of the collector's own making; its longest gap, away from "
		       "its lanes, was %s: it needs a cpu to itself, or the lanes more slots",
		       overwritten - n->overwritten, lost_own(s) - n->lost_own,
		       tk_text_ns(gap, (double)s->longest_gap_ns));
	n->overwritten = overwritten;
	n->lost_own = lost_own(s);
	say_unread(n, s);
	if (s->forgotten > n->forgotten)
		tk_say("%" PRIu64
		       " timers of ended processes were forgotten so far: the rows that were "
		       "printed had all their records",
		       s->forgotten);
	n->forgotten = s->forgotten;
}

/* Say this once: a process may refuse records for as long as it lives. */
static void say_refused(struct tk_notices *n, const struct tk_snapshot *s)
{
	for (size_t i = 0; i < s->n_segments && !n->refused; i++) {
		const struct tk_source_figures *segment = &s->segments[i];

		if (segment->owner != TK_OWNER_ALIVE || !segment->refused)
			continue;
		tk_say("%s: %" PRIu64 " records refused so far: there was no lane for their "
		       "threads, because memory was short or all lanes were taken; make room in "
		       "its directory, or raise tk_options.lanes, and start it again",
		       segment->name, segment->refused);
		n->refused = true;
	}
}

static const char *why_aside(const struct tk_snap_timer *t)
{
	return t->unit.values
		       ? "values below zero or too large to be told, and spans of a timer of values"
		       : "samples that ended before they began, under which the clock changed or "
			 "the machine slept, or longer than can be measured, and values of a timer "
			 "of spans";
}

/* Say this once, too: the rows of jsonl and csv say how many samples were set aside when. */
static void say_aside(struct tk_notices *n, const struct tk_args *a, const struct tk_snapshot *s)
{
	for (size_t i = 0; i < s->n_timers && !n->aside; i++) {
		const struct tk_snap_timer *t = &s->timers[i];

		uint64_t negative = t->negative[TK_PROCESSING] + t->negative[TK_LATENCY];
		if (!tk_rows_wanted(a, t->name, t->found_dead) || !(negative + t->across))
			continue;
		tk_say("%s: %" PRIu64 " set aside so far, in no statistic: %s; set_aside in "
		       "--format jsonl and csv counts them, for every timer",
		       t->name, negative + t->across, why_aside(t));
		n->aside = true;
	}
}

void tk_notices_once(struct tk_notices *n, const struct tk_args *a, const struct tk_snapshot *s)
{
	say_refused(n, s);
	say_aside(n, a, s);
}
