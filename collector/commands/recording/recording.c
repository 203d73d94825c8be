/* SPDX-License-Identifier: MIT */
#include "collector/commands/recording/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "collector/cli/say.h"
#include "collector/commands/recording/facts.h"

/* A disk has room again when it has so much: not just for the comment that says so. */
#define ROOM_BYTES (256u << 10)

/* ---- what could not be written ---- */

/* These pass; anything else ends the recording. */
static bool is_full(int err)
{
	return err == -ENOSPC || err == -EDQUOT || err == -EFBIG;
}

static void miss(struct tk_recording *r, int err, uint64_t samples, int64_t from_ns, int64_t to_ns)
{
	struct tk_recording_missed *m = &r->missed;

	if (!m->err) {
		*m = (struct tk_recording_missed){ .err = err, .from_ns = from_ns };
		r->gaps++;
		tk_say("%s: %s: intervals from now on are not recorded; make room, and recording "
		       "goes on by itself",
		       r->file.path, strerror(-err));
	}
	m->lines++;
	m->samples += samples;
	m->to_ns = to_ns;
}

static void say_missed(const struct tk_recording *r, const char *how)
{
	const struct tk_recording_missed *m = &r->missed;

	tk_say("%s: %s: %" PRIu64 " lines with %" PRIu64 " samples, of %.1f s, are missing",
	       r->file.path, how, m->lines, m->samples, (double)(m->to_ns - m->from_ns) / 1e9);
}

/* Write what the writer has. @return 0 or a negative errno */
static int flush(struct tk_recording *r)
{
	struct tk_hlog_writer *w = &r->writer;
	int err = w->err ? w->err : tk_hlog_file_write(&r->file, w->text, w->size);

	tk_hlog_clear(w);
	return err;
}

/* ---- beginning ---- */

/* The header, in one write. */
static int begin(struct tk_recording *r, int64_t now_ns)
{
	int err;

	r->start_ns = now_ns;
	r->n_clocks = 0;
	r->begun = false;
	tk_hlog_put_header(&r->writer, now_ns);
	tk_recording_put_facts(&r->writer, r->args);
	err = flush(r);
	r->begun = !err;
	return err;
}

/* There may be room again: then the log says what it misses. @return 0 or a negative errno */
static int resume(struct tk_recording *r)
{
	const struct tk_recording_missed *m = &r->missed;
	int err;

	if (m->err && !tk_hlog_file_has_room(&r->file, ROOM_BYTES))
		return m->err;
	err = r->begun ? 0 : begin(r, m->from_ns);
	if (err || !m->err)
		return err;
	tk_hlog_put_comment(&r->writer, "missed");
	tk_hlog_put_number(&r->writer, "lines", m->lines);
	tk_hlog_put_number(&r->writer, "samples", m->samples);
	tk_hlog_put_time(&r->writer, "from", m->from_ns);
	tk_hlog_put_time(&r->writer, "to", m->to_ns);
	tk_hlog_put_fact(&r->writer, "why", strerror(-m->err));
	tk_hlog_put_end(&r->writer);
	err = flush(r);
	if (err)
		return err;
	say_missed(r, "there is room again");
	r->missed.err = 0;
	return 0;
}

int tk_recording_open(struct tk_recording *r, const struct tk_args *a, const char *path,
		      int64_t now_ns, char why[256])
{
	int err;

	*r = (struct tk_recording){ .args = a, .file = { .sync = a->fsync }, .end_ns = now_ns };
	err = tk_hlog_file_open(&r->file, path, a->force, why);
	if (err)
		return err;
	err = tk_hlog_writer_open(&r->writer);
	if (!err)
		err = begin(r, now_ns);
	if (!err)
		return 0;
	snprintf(why, 256, "%.160s: %s", path, strerror(-err));
	tk_hlog_file_close(&r->file);
	tk_hlog_writer_close(&r->writer);
	return err;
}

static bool is_time_to_rotate(const struct tk_recording *r)
{
	const struct tk_args *a = r->args;

	return r->file.regular && !r->missed.err &&
	       ((a->rotate_bytes && r->file.size >= a->rotate_bytes) ||
		(a->rotate_ns && (uint64_t)(r->end_ns - r->start_ns) >= a->rotate_ns));
}

static int rotate(struct tk_recording *r)
{
	char why[256];
	int err;

	if (!is_time_to_rotate(r))
		return 0;
	err = tk_hlog_file_rotate(&r->file, why);
	return err ? err : begin(r, r->end_ns);
}

/* ---- intervals ---- */

struct bounds {
	uint64_t number;
	int64_t start_ns;
	uint64_t length_ns;
};

/*
 * An interval begins where the last one ended, or later. The clock on the wall may have been set
 * back meanwhile; readers expect times to grow.
 */
static struct bounds bounds_of(const struct tk_recording *r, const struct tk_interval *i)
{
	int64_t start_ns = i->t_ns - (int64_t)i->interval_ns;

	return (struct bounds){ i->number, start_ns < r->end_ns ? r->end_ns : start_ns,
				i->interval_ns };
}

/* The first line or loss of an interval is preceded by its exact bounds. */
static int say_bounds(struct tk_recording *r, const struct bounds *b)
{
	int err;

	if (r->bounds_are_said)
		return 0;
	tk_hlog_put_comment(&r->writer, "interval");
	tk_hlog_put_number(&r->writer, "number", b->number);
	tk_hlog_put_time(&r->writer, "start", b->start_ns);
	tk_hlog_put_time(&r->writer, "length", (int64_t)b->length_ns);
	tk_hlog_put_end(&r->writer);
	err = flush(r);
	r->bounds_are_said = !err;
	return err;
}

static int put_lost(struct tk_recording *r, const struct bounds *b, const char *app,
		    const char *timer, uint64_t records, uint64_t lost)
{
	int err = say_bounds(r, b);

	if (err)
		return err;
	tk_hlog_put_comment(&r->writer, "lost");
	tk_hlog_put_fact(&r->writer, "app", app);
	if (timer)
		tk_hlog_put_fact(&r->writer, "timer", timer);
	tk_hlog_put_number(&r->writer, "records", records);
	tk_hlog_put_number(&r->writer, "lost", lost);
	tk_hlog_put_end(&r->writer);
	return flush(r);
}

/* What the ticks of a clock are worth is said before its first line. */
static int say_clock(struct tk_recording *r, const struct tk_interval_timer *t)
{
	int err;

	for (size_t i = 0; i < r->n_clocks; i++)
		if (r->clocks[i] == t->clock)
			return 0;
	if (r->n_clocks == TK_RECORDING_CLOCKS)
		return 0;
	tk_recording_put_clock(&r->writer, t->clock, t->ns_per_tick);
	err = flush(r);
	if (!err)
		r->clocks[r->n_clocks++] = t->clock;
	return err;
}

static int put_histogram(struct tk_recording *r, const struct bounds *b,
			 const struct tk_interval_timer *t, enum tk_measure m)
{
	struct tk_hlog_where at = { t->app, t->name, m, b->start_ns - r->start_ns, b->length_ns };
	int err;

	tk_bins_wipe(&r->bins);
	if (!t->packed[m].count || tk_unpack(&t->packed[m], &r->bins)) {
		r->without_histogram += t->of[m].count;
		return 0;
	}
	err = say_bounds(r, b);
	if (!err && !t->unit.values)
		err = say_clock(r, t);
	if (err)
		return err;
	if (t->unit.values)
		tk_hlog_put_values(&r->writer, &at, &t->unit, &r->bins);
	else
		tk_hlog_put_histogram(&r->writer, &at, &r->bins, t->ns_per_tick);
	err = flush(r);
	r->lines += !err;
	r->samples += err ? 0 : r->bins.count;
	return err;
}

/* @return 0; a negative errno, unless the disk is full: then it is counted as missed */
static int passed(struct tk_recording *r, const struct bounds *b, int err, uint64_t samples)
{
	if (!is_full(err))
		return err;
	miss(r, err, samples, b->start_ns, b->start_ns + (int64_t)b->length_ns);
	return 0;
}

static int put_measures(struct tk_recording *r, const struct bounds *b,
			const struct tk_interval_timer *t)
{
	int err = 0;

	for (enum tk_measure m = 0; m < TK_MEASURES && !err; m++) {
		if (!t->of[m].count)
			continue;
		err = r->missed.err ? r->missed.err : put_histogram(r, b, t, m);
		err = passed(r, b, err, t->of[m].count);
	}
	return err;
}

static int put_timer(struct tk_recording *r, const struct bounds *b,
		     const struct tk_interval_timer *t)
{
	uint64_t lost = t->of[0].lost;
	int err = 0;

	if (!tk_texts_match(&r->args->timers, t->name) ||
	    (t->found_dead && !r->args->collector.oldest))
		return 0;
	if (lost) {
		err = r->missed.err ? r->missed.err
				    : put_lost(r, b, t->app, t->name, t->of[0].records, lost);
		err = passed(r, b, err, 0);
	}
	return err ? err : put_measures(r, b, t);
}

/* While the disk is full each line is counted, and none is tried. */
static int put_processes(struct tk_recording *r, const struct bounds *b,
			 const struct tk_interval *i)
{
	int err = 0;

	for (size_t k = 0; k < i->n_processes && !err; k++) {
		if (!i->processes[k].lost)
			continue;
		r->lost += i->processes[k].lost;
		err = r->missed.err ? r->missed.err
				    : put_lost(r, b, i->processes[k].app, NULL,
					       i->processes[k].records, i->processes[k].lost);
		err = passed(r, b, err, 0);
	}
	return err;
}

static int put_interval(struct tk_recording *r, const struct bounds *b, const struct tk_interval *i)
{
	int err = rotate(r);

	if (!err)
		err = resume(r);
	err = err && r->missed.err && is_full(err) ? 0 : passed(r, b, err, 0);
	r->bounds_are_said = false;
	for (size_t k = 0; k < i->n_timers && !err; k++)
		err = put_timer(r, b, &i->timers[k]);
	return err ? err : put_processes(r, b, i);
}

int tk_recording_put(struct tk_recording *r, const struct tk_interval *i)
{
	struct bounds b = bounds_of(r, i);
	int err = put_interval(r, &b, i);

	r->end_ns = b.start_ns + (int64_t)b.length_ns;
	if (err && err != -EPIPE)
		tk_say("%s: %s: the recording ends here", r->file.path, strerror(-err));
	return err;
}

int tk_recording_close(struct tk_recording *r)
{
	int err = resume(r);

	if (r->missed.err)
		say_missed(r, "the disk is still full");
	if (tk_hlog_file_close(&r->file) && !err)
		err = -EIO;
	tk_hlog_writer_close(&r->writer);
	tk_bins_free(&r->bins);
	return err;
}
