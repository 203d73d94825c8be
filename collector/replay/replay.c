/* SPDX-License-Identifier: MIT */
#include "collector/replay/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/hlog/text.h"
#include "collector/machine/printable.h"
#include "collector/replay/feed.h"
#include "collector/replay/reels.h"

#define SECOND        INT64_C(1000000000)
#define YEAR          (365 * 24 * 3600 * SECOND)
#define PASS_MAX_NS   1e17 /* three years: what is played at once at most */
#define LINES_AT_ONCE 4000 /* of 5 to 10 us each */
#define HISTORY_BYTES ((size_t)256 << 20)

struct tk_replay {
	struct tk_reels reels;
	struct tk_feed feed;
	struct tk_shown shown;
	double speed;
	int64_t shift_ns; /* the time line less the times in the logs */
	int64_t now_ns;   /* the present, on the time line */
	bool over, behind;
	const char *file;    /* the first one */
	int64_t interval_ns; /* that was asked of the recorder; 0: the log does not say it */
	bool is_tsc;         /* the clock that is being told of is: number 0 is the system's */
};

/* ---- what a recording says of itself ---- */

/* The parts of a rotated recording say the same. */
__attribute__((format(printf, 2, 3))) static void tell(struct tk_replay *r, const char *format, ...)
{
	char *about = r->shown.state.about, text[128];
	size_t used = strlen(about), size = sizeof(r->shown.state.about);
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tk_printable(text, sizeof(text), text);
	if (!strstr(about, text) && used + 2 + strlen(text) < size)
		snprintf(about + used, size - used, "%s%s", used ? ", " : "", text);
}

static void take_note(void *arg, const char *name, const char *value)
{
	struct tk_replay *r = arg;

	if (!strncmp(name, "label.", 6))
		tell(r, "%s=%s", name + 6, value);
	else if (!strcmp(name, "machine.host"))
		tell(r, "on %s", value);
	else if (!strcmp(name, "machine.cpu"))
		tell(r, "%s", value);
	else if (!strcmp(name, "clock.number"))
		r->is_tsc = strcmp(value, "0") != 0;
	else if (!strcmp(name, "clock.ticks_per_s") && r->is_tsc && r->shown.state.hz <= 0)
		r->shown.state.hz = strtod(value, NULL);
	else if (!strcmp(name, "log.interval") && !r->interval_ns)
		(void)tk_hlog_parse_seconds(value, NULL, &r->interval_ns);
	else if (!strcmp(name, "missed.samples"))
		tk_notes_add(&r->shown.notes,
			     "%.20s samples are missing: they could not be recorded", value);
}

/* ---- what is shown of where it is ---- */

/* By the clock on the wall, as it was recorded; or since the log's beginning. */
static void say_moment(struct tk_replay *r)
{
	struct tk_snapshot *s = &r->shown.state;
	time_t at = (time_t)(r->now_ns / SECOND);
	char when[32], speed[32] = "";
	struct tm tm;

	if (r->shift_ns)
		snprintf(when, sizeof(when), "+%.1f s",
			 (double)(r->now_ns - r->shift_ns) / (double)SECOND);
	else if (localtime_r(&at, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (r->speed != 1)
		snprintf(speed, sizeof(speed), " ×%.10g", r->speed);
	snprintf(s->moment, sizeof(s->moment), "%s%s%s", r->over ? "end of the recording, " : "",
		 when, r->over ? "" : speed);
}

static void say_origin(struct tk_replay *r, const struct tk_replay_wanted *w)
{
	struct tk_snapshot *s = &r->shown.state;
	const char *slash = strrchr(r->file, '/'), *name = slash && slash[1] ? slash + 1 : r->file;
	char more[32] = "", text[sizeof(s->origin)];

	if (w->n_files > 1)
		snprintf(more, sizeof(more), " and %zu more", w->n_files - 1);
	snprintf(text, sizeof(text), "of %.40s%s", name, more);
	tk_printable(s->origin, sizeof(s->origin), text);
	snprintf(s->title, sizeof(s->title), "REPLAY");
}

/* A process has the losses of its timers, and those of which it is not known whose they are. */
static void show_counts(struct tk_replay *r)
{
	struct tk_snapshot *s = &r->shown.state;
	const struct tk_feed *f = &r->feed;

	s->lost = f->lost_processes > f->lost_timers ? f->lost_processes : f->lost_timers;
	s->delivered = f->delivered;
	s->forgotten = r->shown.registry.forgotten;
	say_moment(r);
}

/* ---- times ---- */

/* The time line has no times before 1. */
static int64_t on_line(const struct tk_replay *r, int64_t ns)
{
	return ns + r->shift_ns > 0 ? ns + r->shift_ns : 1;
}

static int64_t end_of(const struct tk_replay *r, const struct tk_reel *reel)
{
	return on_line(r, tk_reel_end(reel));
}

/* ---- beginning ---- */

/* The width of a datapoint. */
static uint64_t interval_of(const struct tk_replay *r, const struct tk_hlog_item *first)
{
	if (r->interval_ns > 0)
		return (uint64_t)r->interval_ns;
	return first->length_ns ? first->length_ns : (uint64_t)SECOND;
}

/* The first interval is the first picture. @return 0 or a negative errno */
static int begin(struct tk_replay *r, const struct tk_replay_wanted *w, char why[256])
{
	const struct tk_reel *first;
	int err = tk_reels_open(&r->reels, w->files, w->n_files, w->unit_ns, why);

	if (err)
		return err;
	first = tk_reels_next(&r->reels);
	if (first && w->from_ns) {
		tk_reels_skip(&r->reels,
			      w->from_ns + (w->from_is_relative ? first->item.start_ns : 0));
		first = tk_reels_next(&r->reels);
	}
	if (!first)
		return tk_reels_damage(&r->reels, why, 256) ? -EBADMSG : -ENODATA;
	r->shift_ns = first->item.start_ns < YEAR ? TK_REPLAY_ZERO_NS : 0;
	r->now_ns = end_of(r, first);
	r->shown.state.interval_ns = interval_of(r, &first->item);
	r->shown.state.looked = true;
	r->shown.state.epoch = 1;
	say_origin(r, w);
	tk_replay_play(r, 0);
	return 0;
}

struct tk_replay *tk_replay_open(const struct tk_replay_wanted *w, char why[256])
{
	struct tk_replay *r = calloc(1, sizeof(*r));
	int err;

	if (!r) {
		snprintf(why, 256, "out of memory for the recording");
		return NULL;
	}
	r->file = w->files[0];
	r->speed = w->speed;
	r->feed.shown = &r->shown;
	r->reels = (struct tk_reels){
		.app = w->app, .from_ns = INT64_MIN, .note = take_note, .arg = r
	};
	tk_registry_init(&r->shown.registry, w->history_bytes ? w->history_bytes : HISTORY_BYTES);
	err = begin(r, w, why);
	if (!err)
		return r;
	tk_replay_close(r);
	errno = -err;
	return NULL;
}

void tk_replay_close(struct tk_replay *r)
{
	if (!r)
		return;
	tk_reels_close(&r->reels);
	tk_feed_free(&r->feed);
	tk_shown_free(&r->shown);
	free(r);
}

/* ---- playing ---- */

/* Take the lines of intervals that ended by `to`. @return until when all lines were taken */
static int64_t take_lines(struct tk_replay *r, int64_t to)
{
	struct tk_reel *reel = NULL;
	int64_t newest = r->now_ns;

	r->behind = false;
	for (int n = 0; (reel = tk_reels_next(&r->reels)) && end_of(r, reel) <= to; n++) {
		r->behind = n == LINES_AT_ONCE;
		if (r->behind)
			return end_of(r, reel) - 1;
		newest = end_of(r, reel) > newest ? end_of(r, reel) : newest;
		tk_feed_take(&r->feed, &reel->item, on_line(r, reel->item.start_ns),
			     reel->ns_per_tick);
		tk_reels_pass(&r->reels, reel);
	}
	r->over = !reel;
	return reel ? to : newest;
}

/* What is wrong with it is said on the screen, too. */
static void end(struct tk_replay *r)
{
	char text[256];

	if (tk_replay_damage(r, text, sizeof(text)))
		tk_notes_add(&r->shown.notes, "%s", text);
}

bool tk_replay_play(struct tk_replay *r, uint64_t passed_ns)
{
	double pass = (double)passed_ns * r->speed;
	int64_t before = r->now_ns, until;
	bool closed;

	if (r->over)
		return false;
	until = take_lines(r, before + (int64_t)(pass < PASS_MAX_NS ? pass : PASS_MAX_NS));
	r->now_ns = until > before ? until : before;
	closed = tk_feed_close(&r->feed, until, r->over);
	r->shown.state.intervals += closed;
	if (r->over)
		end(r);
	show_counts(r);
	return closed || r->over || r->now_ns / SECOND != before / SECOND;
}

bool tk_replay_is_behind(const struct tk_replay *r)
{
	return r->behind;
}

bool tk_replay_is_over(const struct tk_replay *r)
{
	return r->over;
}

int64_t tk_replay_now_ns(const struct tk_replay *r)
{
	return r->now_ns;
}

bool tk_replay_damage(const struct tk_replay *r, char *text, size_t size)
{
	if (tk_reels_damage(&r->reels, text, size))
		return true;
	if (!r->feed.left_out)
		return false;
	snprintf(text, size,
		 "%s: %" PRIu64 " lines are not shown: there was no room for their timers, or they "
		 "count too much",
		 r->file, r->feed.left_out);
	return true;
}

struct tk_snapshot *tk_replay_snapshot(struct tk_replay *r, const struct tk_view *view)
{
	struct tk_shown_past past;
	struct tk_snapshot *s = tk_shown_copy(&r->shown, view, &past);

	if (s) {
		s->t_ns = r->now_ns;
		s->wall_ns = -r->shift_ns;
	}
	return tk_shown_complete(s, &past);
}
