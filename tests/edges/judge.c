/* SPDX-License-Identifier: MIT */
#include "tests/edges/drive.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

static void say(struct run *r, const struct ledger *l, uint32_t collector, const char *what,
		const struct watch_sum *s, struct pushes p)
{
	char app[16];

	if (r->faults++ >= 10)
		return;
	load_app(app, l->app);
	printf("WRONG: collector %u: %s.%u (%s%s, %u us): %s: returned %" PRIu64 ", begun %" PRIu64
	       "; printed %" PRIu64 " in %" PRIu64 " segments: count %" PRIu64
	       ", set aside %" PRIu64 ", without %" PRIu64 ", lost %" PRIu64 ", unknown %" PRIu64
	       ", refused %" PRIu64 "\n",
	       collector, app, l->pid, load_ends[l->end], l->forked ? ", forked" : "", l->life_us,
	       what, p.returned, p.begun, s->records, s->segments, s->count, s->set_aside,
	       s->without, s->lost, s->unknown, s->refused);
}

/* The same bounds timer by timer; the lower one only where no loss is to be shared out among
 * them. */
static void judge_timers(struct run *r, uint32_t collector, const struct ledger *l, bool whole)
{
	const struct watch *w = &r->collectors[collector].watch;
	char app[16], name[16];

	load_app(app, l->app);
	for (uint32_t t = 0; t < LOAD_TIMERS; t++) {
		struct pushes p = load_pushes_of(l, t);
		struct watch_timer seen;

		snprintf(name, sizeof(name), "t%u", t);
		seen = watch_timer(w, app, l->pid, name);
		if (seen.records <= p.begun && (!whole || seen.records >= p.returned))
			continue;
		if (r->faults++ < 10)
			printf("WRONG: collector %u: %s.%u: %s: returned %" PRIu64
			       ", begun %" PRIu64 ", printed %" PRIu64 "\n",
			       collector, app, l->pid, name, p.returned, p.begun, seen.records);
	}
}

struct totals {
	uint64_t owed, pushed, printed, lost, incomplete;
};

/* Whose a record was that a kill cut off may never be known; that must be said. */
static bool may_stay_open(const struct ledger *l, const struct watch_sum *s)
{
	return s->unsettled && l->end != END_RETURN && l->end != END_EXIT;
}

static void judge_process(struct run *r, uint32_t collector, const struct ledger *l,
			  struct totals *total)
{
	const struct collector *c = &r->collectors[collector];
	struct pushes p = load_pushes(l);
	struct watch_sum s;
	char app[16];
	bool owed = !c->killed && l->began_ns > c->looked_ns;

	load_app(app, l->app);
	s = watch_sum(&c->watch, app, l->pid);
	if (s.records > p.begun)
		say(r, l, collector, "more than was begun", &s, p);
	if (!c->killed && s.in_timers + s.unknown + s.refused != s.records && !may_stay_open(l, &s))
		say(r, l, collector, "timers' rows and the process's differ", &s, p);
	judge_timers(r, collector, l, owed && s.records >= p.returned && !s.lost);
	if (!owed)
		return;
	total->owed++;
	total->pushed += p.returned;
	total->printed += s.records;
	total->lost += s.lost;
	if (s.records < p.returned) {
		total->incomplete++;
		say(r, l, collector, "not all that returned", &s, p);
	} else if (s.lost > p.begun - p.returned) {
		say(r, l, collector, "lost though there was room", &s, p);
	}
}

static void judge_collector(struct run *r, uint32_t i)
{
	struct watch *w = &r->collectors[i].watch;
	struct totals total = { 0 };

	for (uint32_t k = 0; k < r->load->n; k++)
		if (r->load->ledgers[k].began_ns)
			judge_process(r, i, &r->load->ledgers[k], &total);
	printf("collector %u%s: %" PRIu64 " processes owed, %" PRIu64 " incomplete; %" PRIu64
	       " records returned, %" PRIu64 " printed (%.1f %%), %" PRIu64 " lost; %" PRIu64
	       " rows\n",
	       i, r->collectors[i].killed ? " (killed)" : "", total.owed, total.incomplete,
	       total.pushed, total.printed,
	       total.pushed ? 100.0 * (double)total.printed / (double)total.pushed : 0, total.lost,
	       w->rows);
	if (w->wrong) {
		printf("WRONG: collector %u: %" PRIu64 " rows, the first: %s\n", i, w->wrong,
		       w->first_wrong);
		r->faults++;
	}
	if (w->unread_processes) {
		printf("WRONG: collector %u: %" PRIu64 " processes, %" PRIu64 " records unread\n",
		       i, w->unread_processes, w->unread_records);
		r->faults++;
	}
	if (!r->collectors[i].killed && (!WIFEXITED(w->status) || WEXITSTATUS(w->status))) {
		printf("WRONG: collector %u ended with status %#x\n", i, (unsigned)w->status);
		r->faults++;
	}
	if (r->faults)
		printf("--- collector %u said:\n%s---\n", i, watch_said(w));
}

void judge(struct run *r)
{
	uint32_t forked = 0;

	for (uint32_t k = 0; k < r->load->n; k++) {
		const struct ledger *l = &r->load->ledgers[k];

		forked += l->forked;
		if (l->why[0]) {
			printf("WRONG: process %u could not record: %s\n", l->pid, l->why);
			r->faults++;
		}
	}
	for (uint32_t i = 0; i < COLLECTORS; i++)
		if (r->collectors[i].started)
			judge_collector(r, i);
	printf("%s: seed %" PRIu64 ", %u processes and %u that they forked, %u times disable or "
	       "enable: %s\n",
	       variants[r->variant], r->load->seed, r->processes, forked, r->commands,
	       r->faults ? "WRONG" : "good");
}
