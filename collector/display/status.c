/* SPDX-License-Identifier: MIT */
/*
 * collector/display/status.c - the status line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "collector/cli/text.h"
#include "collector/display/draw.h"

static const struct tk_style alarm_style = { TK_VERMILION, TK_BOLD };

enum { FIELDS = 11, FIELD_MAX = 64 };

struct field {
	char text[FIELD_MAX];
	struct tk_style style;
	int rank; /* the highest ranks are left out where there is no room for all */
};

/* What is shown of the dead only: the selected timer, or, in the overview, any that there is.
 * @return whether that is so. @died: when the last one died; 0: that is not known */
static bool is_post_mortem(const struct tk_view_state *v, const struct tk_snapshot *s,
			   int64_t *died)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);

	*died = t ? t->died_ns : 0;
	if (!t || v->screen == TK_SCREEN_CHARTS)
		return t && !t->alive;
	for (size_t i = 0; i < s->n_timers; i++) {
		if (s->timers[i].alive)
			return false;
		*died = s->timers[i].died_ns > *died ? s->timers[i].died_ns : *died;
	}
	return true;
}

static void state_field(const struct tk_view_state *v, const struct tk_snapshot *s, bool dead,
			struct field *f)
{
	const char *now = s->title[0] ? s->title : dead ? "POST-MORTEM" : "LIVE";
	const char *frozen = v->paused ? "PAUSED" : v->to_ns ? "PAST" : NULL;

	*f = (struct field){ .style = TK_STYLE(TK_DEFAULT, TK_REVERSE), .rank = 0 };
	if (frozen && s->title[0])
		snprintf(f->text, FIELD_MAX, " %s, %s ", s->title, frozen);
	else
		snprintf(f->text, FIELD_MAX, " %s ", frozen ? frozen : now);
}

/* What is not live is of some moment, and from somewhere. */
static struct field *origin_fields(const struct tk_snapshot *s, struct field *f)
{
	snprintf(f->text, FIELD_MAX, "%s", s->moment);
	f++->rank = 1;
	snprintf(f->text, FIELD_MAX, "%s", s->origin);
	f++->rank = 2;
	return f;
}

/* How well a collector keeps up. */
static struct field *lag_fields(const struct tk_snapshot *s, struct field *f)
{
	char n[TK_UNITS_MAX];

	snprintf(f->text, FIELD_MAX, "lag %s", tk_units_count(n, (double)s->lag));
	f++->rank = 2;
	snprintf(f->text, FIELD_MAX, "gap %s", tk_units_ns(n, (double)s->longest_gap_ns));
	f->rank = 3;
	return f + 1;
}

/* By the clock on the wall, and how long ago. */
static void died_field(const struct tk_snapshot *s, int64_t died, struct field *f)
{
	time_t at = (time_t)((died + s->wall_ns) / 1000000000);
	int64_t ago = (s->t_ns - died) / 1000000000;
	char when[32];
	struct tm tm;

	f->rank = 1;
	if (!died) {
		snprintf(f->text, FIELD_MAX, "when it died is not known");
		return;
	}
	localtime_r(&at, &tm);
	strftime(when, sizeof(when), ago < 43200 ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	if (ago < 120)
		snprintf(f->text, FIELD_MAX, "died %s, %d s ago", when, (int)ago);
	else if (ago < 7200)
		snprintf(f->text, FIELD_MAX, "died %s, %d min ago", when, (int)(ago / 60));
	else
		snprintf(f->text, FIELD_MAX, "died %s, %d h ago", when, (int)(ago / 3600));
}

static void loss_field(const struct tk_snapshot *s, struct field *f)
{
	char n[TK_UNITS_MAX];
	double percent = 100 * (double)s->lost / ((double)s->delivered + (double)s->lost);

	*f = (struct field){ .style = s->lost ? alarm_style : TK_STYLE_PLAIN, .rank = 1 };
	if (s->lost)
		snprintf(f->text, FIELD_MAX, "lost %s (%.*g %%)",
			 tk_units_count(n, (double)s->lost), percent < 99 ? 2 : 3, percent);
	else
		snprintf(f->text, FIELD_MAX, "lost 0");
}

/* The interval per datapoint, and that of the history shown if it is coarser. */
static void interval_field(const struct tk_view_state *v, const struct tk_snapshot *s,
			   struct field *f)
{
	uint64_t interval = v->interval_ns ? v->interval_ns : s->interval_ns;
	char point[TK_UNITS_MAX], tier[TK_UNITS_MAX], coarse[40] = "";

	if (s->detail_key && s->tier_ns > interval)
		snprintf(coarse, sizeof(coarse), " (shown: %s)",
			 tk_units_ns(tier, (double)s->tier_ns));
	snprintf(f->text, FIELD_MAX, "%s/point%s", tk_units_ns(point, (double)interval), coarse);
	f->rank = 4;
}

static void span_field(const struct tk_view_state *v, struct field *f)
{
	int64_t s = v->span_ns / 1000000000;

	if (s % 3600 == 0)
		snprintf(f->text, FIELD_MAX, "window %d h", (int)(s / 3600));
	else if (s % 60 == 0)
		snprintf(f->text, FIELD_MAX, "window %d min", (int)(s / 60));
	else
		snprintf(f->text, FIELD_MAX, "window %d s", (int)s);
	f->rank = 6;
}

static double rate_in_all(const struct tk_snapshot *s)
{
	double rate = 0;

	for (size_t i = 0; i < s->n_timers; i++)
		if (s->timers[i].alive)
			rate += tk_datapoint_rate(&s->timers[i].last[TK_PROCESSING]);
	return rate;
}

/* In charts the selected timer's; in the overview that of all who live. */
static void rate_field(const struct tk_view_state *v, const struct tk_snapshot *s, bool dead,
		       struct field *f)
{
	const struct tk_snap_timer *t = tk_view_timer(v, s);
	char n[TK_UNITS_MAX];

	if (t && v->screen == TK_SCREEN_CHARTS)
		snprintf(f->text, FIELD_MAX, "%s",
			 tk_units_rate(n, tk_datapoint_rate(&t->last[TK_PROCESSING])));
	else if (t && !dead)
		snprintf(f->text, FIELD_MAX, "%s in all", tk_units_rate(n, rate_in_all(s)));
	f->rank = 5;
}

/* A process that nobody read has no line: its records are in `lost`. */
static void unread_field(const struct tk_snapshot *s, struct field *f)
{
	if (s->unread_processes)
		snprintf(f->text, FIELD_MAX, "%" PRIu64 " process%s unread", s->unread_processes,
			 s->unread_processes == 1 ? "" : "es");
	f->style = alarm_style;
	f->rank = 3;
}

static void processes_field(const struct tk_snapshot *s, struct field *f)
{
	snprintf(f->text, FIELD_MAX, "%zu process%s, %zu timers", s->n_segments,
		 s->n_segments == 1 ? "" : "es", s->n_timers);
	f->rank = 7;
}

static void clock_field(const struct tk_snapshot *s, struct field *f)
{
	if (s->title[0] && s->hz <= 0)
		return;
	if (s->epoch > 1)
		snprintf(f->text, FIELD_MAX, "TSC %.4f GHz, clock changed %ux", s->hz / 1e9,
			 s->epoch - 1);
	else
		snprintf(f->text, FIELD_MAX, "TSC %.4f GHz", s->hz / 1e9);
	f->rank = 8;
}

static void about_field(const struct tk_snapshot *s, struct field *f)
{
	snprintf(f->text, FIELD_MAX, "%.63s", s->about);
	f->rank = 9;
}

static void fill_fields(const struct tk_view_state *v, const struct tk_snapshot *s,
			struct field f[FIELDS])
{
	bool live = !s->title[0];
	int64_t died;
	bool dead = is_post_mortem(v, s, &died);

	state_field(v, s, dead, f++);
	if (dead)
		died_field(s, died, f++);
	if (!live)
		f = origin_fields(s, f);
	loss_field(s, f++);
	if (live)
		f = lag_fields(s, f);
	rate_field(v, s, dead, f++);
	if (v->screen == TK_SCREEN_CHARTS) {
		interval_field(v, s, f++);
		span_field(v, f++);
	}
	processes_field(s, f++);
	clock_field(s, f++);
	unread_field(s, f++);
	if (!live)
		about_field(s, f);
}

/* The highest rank up to which everything fits in w columns. */
static int fitting_rank(const struct field f[FIELDS], int w)
{
	for (int rank = FIELDS; rank > 0; rank--) {
		int need = 0;
		for (int i = 0; i < FIELDS; i++)
			if (f[i].rank <= rank && f[i].text[0])
				need += tk_text_width(f[i].text) + 2;
		if (need - 2 <= w)
			return rank;
	}
	return 0;
}

void tk_draw_status(const struct tk_view_state *v, const struct tk_snapshot *s, struct tk_grid *g,
		    struct tk_rect r)
{
	struct field f[FIELDS] = { 0 };
	int x = r.x;

	fill_fields(v, s, f);
	int rank = fitting_rank(f, r.w);
	if (rank < 3) /* these are always drawn, cut at the edge if need be */
		rank = 3;
	for (int i = 0; i < FIELDS; i++) {
		if (f[i].rank > rank || !f[i].text[0])
			continue;
		x += tk_grid_text(g, x, r.y, r.x + r.w - x, f[i].style, f[i].text);
		x += 2;
	}
}
