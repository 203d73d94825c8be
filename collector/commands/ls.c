/* SPDX-License-Identifier: MIT */
/* `timekeeper ls`: segments, their owners and lanes, and the memory that the lanes got. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/walk.h"
#include "collector/commands/rows/overhead.h"
#include "collector/machine/now.h"
#include "collector/machine/printable.h"
#include "collector/machine/where.h"

#define TIMERS_SHOWN 64u

struct ls {
	FILE *out;
	json_t *list; /* NULL: print text */
	bool placement;
	struct tk_watchers watchers; /* with --json and --placement only */
	struct tk_span_cost cost;    /* what a span costs */
	double percent;              /* of a core, that recording takes in all */
	int64_t now_ns;              /* shares of a process and of its lanes are as of one time */
	bool small_pages, apart;     /* a lane was shown that the remarks at the end explain */
};

static const char *pages_name(uint32_t pages)
{
	static const char *const names[] = { "small", "collapsed", "hugetlb" };

	return pages < 3 ? names[pages] : "unknown";
}

static const char *discipline_name(const struct tk_segment_lane *lane)
{
	return lane->info.discipline == TK_DISCIPLINE_RTE ? "rte" : "broadcast";
}

/* Who writes a lane now. The list is in shared memory: copy an entry first, then check the copy. */
static void last_owner(const struct tk_segment_lane *lane, struct tk_lane_owner *o,
		       char name[TK_THREAD_NAME])
{
	uint32_t n = __atomic_load_n(&lane->head->n_owners, __ATOMIC_ACQUIRE);

	memset(o, 0, sizeof(*o));
	if (n)
		*o = lane->head->owners[(n - 1) % TK_LANE_OWNERS];
	o->name[TK_THREAD_NAME - 1] = '\0';
	tk_printable(name, TK_THREAD_NAME, o->name);
	if (!tk_name_valid(name))
		memcpy(name, "?", sizeof("?"));
}

static uint64_t produced(const struct tk_segment_lane *lane)
{
	return lane->reader.first - lane->reader.size;
}

/*
 * The share of a core, in percent, that recording took from a lane's threads, on the average since
 * the program began. NAN: it has ended, and when is not known, or began after now.
 */
static double lane_percent(const struct ls *ls, const struct tk_found *f, uint32_t lane)
{
	int64_t age = ls->now_ns - f->segment->info.created_ns;
	uint64_t pushed;

	if (f->owner != TK_OWNER_ALIVE || age <= 0 || !f->segment->lanes[lane].head)
		return NAN;
	return tk_span_cost_of_lane(&ls->cost, f->segment, lane, &pushed) * 100 / (double)age;
}

static double segment_percent(const struct ls *ls, const struct tk_found *f)
{
	double sum = f->owner == TK_OWNER_ALIVE ? 0 : NAN;

	for (uint32_t i = 0; i < f->segment->n_lanes; i++)
		if (f->segment->lanes[i].head)
			sum += lane_percent(ls, f, i);
	return sum;
}

static json_t *json_percent(double percent)
{
	return isnan(percent) ? json_null() : json_real(percent);
}

static json_t *lane_json(struct ls *ls, const struct tk_found *f, uint32_t index)
{
	const struct tk_segment_lane *lane = &f->segment->lanes[index];
	struct tk_lane_owner o;
	struct tk_where where;
	char name[TK_THREAD_NAME];
	json_t *json;

	last_owner(lane, &o, name);
	json = json_pack("{s:I,s:s,s:s,s:I,s:I,s:I,s:I,s:s,s:i,s:I}", "lane", (json_int_t)index,
			 "discipline", discipline_name(lane), "thread", name, "tid",
			 (json_int_t)o.tid, "cpu", (json_int_t)o.cpu, "slots",
			 (json_int_t)lane->info.slots, "bytes", (json_int_t)lane->slots_size,
			 "pages", pages_name(lane->info.pages), "node_asked", lane->info.node_asked,
			 "produced", (json_int_t)produced(lane));
	json_object_set_new(json, "core_percent", json_percent(lane_percent(ls, f, index)));
	tk_where(&where, f->segment, index, &o, f->owner, &ls->watchers);
	tk_where_json(&where, json);
	return json;
}

/* One flag a timer; 64 KiB at the most. Valid until the next call. */
static const uint8_t *disabled_of(const struct tk_segment *s)
{
	static uint8_t flags[TK_TIMERS_MAX];

	tk_segment_disabled(s, flags);
	return flags;
}

static json_t *timers_json(const struct tk_segment *s)
{
	const uint8_t *disabled = disabled_of(s);
	json_t *timers = json_array();

	for (uint32_t id = 0; id < s->info.n_timers; id++) {
		const struct tk_segment_timer *t = &s->timers[id];
		json_t *o = json_pack("{s:s,s:b}", "timer", t->name, "disabled", disabled[id] != 0);

		if (t->sort == TK_TIMER_VALUES)
			json_object_set_new(o, "unit", json_string(t->unit));
		json_array_append_new(timers, o);
	}
	return timers;
}

/* " (bytes)" behind a timer of values. */
static const char *unit_of(const struct tk_segment_timer *t, char out[32])
{
	out[0] = '\0';
	if (t->sort == TK_TIMER_VALUES)
		snprintf(out, 32, " (%s)", t->unit[0] ? t->unit : "values");
	return out;
}

/* Print all names if they are few, and disabled ones in any case: nothing else would show them. */
static void timers_text(FILE *out, const struct tk_segment *s)
{
	const uint8_t *disabled = disabled_of(s);
	unsigned left_out = 0, column = 80;
	char unit[32];

	for (uint32_t id = 1; id < s->info.n_timers; id++) {
		if (s->info.n_timers > TIMERS_SHOWN && !disabled[id]) {
			left_out++;
			continue;
		}
		if (column > 79)
			column = (unsigned)fprintf(out, "%s  timers  ", id == 1 ? "" : "\n") % 80;
		column += (unsigned)fprintf(out, " %s%s%s", s->timers[id].name,
					    unit_of(&s->timers[id], unit),
					    disabled[id] ? " (disabled)" : "");
	}
	if (left_out)
		fprintf(out, "%s %u enabled timers (--json names them)",
			column == 80 ? "  timers  " : " and", left_out);
	if (left_out || column != 80)
		fputc('\n', out);
}

static void segment_json(struct ls *ls, const struct tk_found *f)
{
	const struct tk_segment *s = f->segment;
	json_t *lanes = json_array();

	for (uint32_t i = 0; i < s->n_lanes; i++)
		if (s->lanes[i].head)
			json_array_append_new(lanes, lane_json(ls, f, i));
	json_array_append_new(
		ls->list,
		json_pack("{s:s,s:s,s:s,s:I,s:I,s:s,s:I,s:s,s:o,s:I,s:I,s:I,s:o,s:o}", "segment",
			  s->name, "dir", f->dir, "app", s->info.app, "pid",
			  (json_int_t)s->info.pid, "uid", (json_int_t)s->uid, "owner",
			  tk_owner_name(f->owner), "created_ns", (json_int_t)s->info.created_ns,
			  "clock", s->info.clock == TK_CLOCK_TSC ? "tsc" : "monotonic", "timers",
			  timers_json(s), "refused_records", (json_int_t)s->info.refused_records,
			  "refused_lanes", (json_int_t)s->info.refused_lanes, "refused_timers",
			  (json_int_t)s->info.refused_timers, "core_percent",
			  json_percent(segment_percent(ls, f)), "lanes", lanes));
}

static void lane_text(FILE *out, const struct tk_segment_lane *lane)
{
	char name[TK_THREAD_NAME], node[16] = "node ?";
	struct tk_lane_owner o;

	last_owner(lane, &o, name);
	if (lane->info.node_had >= 0)
		snprintf(node, sizeof(node), "node %d", lane->info.node_had);
	fprintf(out,
		"  lane %-3u %-16s tid %-8u %8" PRIu64 " slots  %7.1f MiB %-9s %s  %" PRIu64
		" records%s\n",
		lane->info.index, name, o.tid, lane->info.slots, (double)lane->slots_size / 1048576,
		pages_name(lane->info.pages), node, produced(lane),
		lane->info.discipline == TK_DISCIPLINE_RTE ? "  rte, drop-newest" : "");
}

static void placement_text(struct ls *ls, const struct tk_found *f, uint32_t index)
{
	struct tk_lane_owner o;
	struct tk_where where;
	char name[TK_THREAD_NAME];

	last_owner(&f->segment->lanes[index], &o, name);
	tk_where(&where, f->segment, index, &o, f->owner, &ls->watchers);
	tk_where_print(ls->out, &where, name);
	ls->apart = ls->apart || where.apart;
}

static void segment_text(struct ls *ls, const struct tk_found *f)
{
	const struct tk_segment *s = f->segment;
	uint32_t named = s->info.n_timers ? s->info.n_timers - 1 : 0; /* without "(undefined)" */

	fprintf(ls->out, "%s  %s  %u timer%s, %u lane%s", s->name, tk_owner_name(f->owner), named,
		named == 1 ? "" : "s", s->n_lanes, s->n_lanes == 1 ? "" : "s");
	if (s->info.refused_records)
		fprintf(ls->out, ", %" PRIu64 " records refused for want of a lane",
			s->info.refused_records);
	if (!isnan(segment_percent(ls, f)))
		fprintf(ls->out, ", recording has taken %.2g %% of a core", segment_percent(ls, f));
	fputc('\n', ls->out);
	if (ls->placement)
		tk_where_heading(ls->out);
	else
		timers_text(ls->out, s);
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		if (!s->lanes[i].head)
			continue;
		if (ls->placement)
			placement_text(ls, f, i);
		else
			lane_text(ls->out, &s->lanes[i]);
	}
}

static void list_one(void *arg, const struct tk_found *f)
{
	struct ls *ls = arg;
	double percent;

	ls->now_ns = (int64_t)tk_now_ns(CLOCK_REALTIME);
	percent = segment_percent(ls, f);
	if (!isnan(percent))
		ls->percent += percent;
	for (uint32_t i = 0; i < f->segment->n_lanes; i++)
		if (f->segment->lanes[i].head &&
		    f->segment->lanes[i].info.pages == TK_PAGES_SMALL &&
		    f->segment->lanes[i].slots_size >= 2u << 20)
			ls->small_pages = true;
	if (ls->list)
		segment_json(ls, f);
	else
		segment_text(ls, f);
}

static void print_json(struct ls *ls)
{
	const struct tk_span_cost *cost = &ls->cost;
	json_t *all = json_pack(
		"{s:i,s:I,s:f,s:{s:f,s:f,s:f,s:f,s:f,s:s},s:o}", "schema", 1, "hidden_collectors",
		(json_int_t)ls->watchers.hidden, "core_percent", ls->percent, "span_ns", "ordered",
		cost->by_stamp[TK_STAMP_ORDERED], "fast", cost->by_stamp[TK_STAMP_FAST], "fenced",
		cost->by_stamp[TK_STAMP_FENCED], "own", cost->by_stamp[TK_STAMP_HAND], "monotonic",
		cost->monotonic, "measured", tk_span_cost_how, "segments", ls->list);

	json_dumpf(all, ls->out, JSON_COMPACT);
	fputc('\n', ls->out);
	json_decref(all);
}

static void print_remarks(const struct ls *ls)
{
	char how[TK_OVERHEAD_HOW_MAX], line[TK_OVERHEAD_HOW_MAX + 128];

	if (ls->apart)
		tk_where_mark(ls->out);
	if (ls->percent > 0) {
		fputc('\n', ls->out);
		snprintf(line, sizeof(line),
			 "Recording has taken %.2g %% of a core in all, on the average since each "
			 "program began: %s.",
			 ls->percent, tk_overhead_how(how, &ls->cost));
		tk_wrap(ls->out, line, 0, 0);
	}
	if (ls->watchers.hidden)
		fprintf(ls->out,
			"\n%u more collectors run, of which this user may not see what they "
			"drain.\n",
			ls->watchers.hidden);
	if (ls->small_pages)
		fprintf(ls->out,
			"\nSome lanes lie on ordinary pages. Hugepages make a push steadier: give "
			"the kernel some\n(sysctl vm.nr_hugepages=N, 2 MiB each), or use Linux 6.1 "
			"or newer, which can collapse\nshared memory into them.\n");
}

tk_command_run tk_cmd_ls;

int tk_cmd_ls(const struct tk_args *a, FILE *out)
{
	struct ls ls = { .out = out,
			 .list = a->json ? json_array() : NULL,
			 .placement = a->placement };
	int code;

	tk_span_cost_measure(&ls.cost);
	if ((a->json || a->placement) && tk_watchers_find(&ls.watchers) < 0)
		code = tk_failed("out of memory for a list of collectors");
	else
		code = tk_walk(a, list_one, &ls, TK_WALK_SKIPPED, false);
	if (ls.list)
		print_json(&ls);
	else
		print_remarks(&ls);
	tk_watchers_free(&ls.watchers);
	return code;
}
