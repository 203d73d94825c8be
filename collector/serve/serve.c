/* SPDX-License-Identifier: MIT */
#include "collector/serve/serve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/say.h"
#include "collector/machine/now.h"
#include "collector/serve/http/http.h"
#include "collector/serve/text.h"

#define LATE_INTERVALS 5u                  /* then it is not healthy, */
#define LATE_NS        (10 * TK_SECOND_NS) /* but not before */

struct tk_serve {
	struct tk_collector *collector;
	struct tk_metrics metrics;
	struct tk_http *http;
	uint64_t intervals;                       /* closed as of the last snapshot */
	uint64_t closed_ns;                       /* when that was, CLOCK_MONOTONIC */
	uint64_t notes, dropped, failed, omitted; /* said so far */
};

/* ---- what http.h asks ---- */

static char *render(void *arg, bool openmetrics, size_t *n)
{
	struct tk_serve *s = arg;
	struct tk_buffer text = { 0 };
	uint64_t began = tk_now_ns(CLOCK_MONOTONIC);

	tk_metrics_text(&s->metrics, openmetrics, &text);
	s->metrics.health.render_s = (double)(tk_now_ns(CLOCK_MONOTONIC) - began) / 1e9;
	if (text.failed)
		tk_buffer_free(&text);
	*n = text.n;
	return text.at;
}

static bool is_healthy(void *arg)
{
	const struct tk_serve *s = arg;
	uint64_t late = LATE_INTERVALS * (uint64_t)(s->metrics.health.interval_s * 1e9);

	return tk_now_ns(CLOCK_MONOTONIC) - s->closed_ns < (late > LATE_NS ? late : LATE_NS);
}

/* ---- what is said ---- */

static void say_notes(struct tk_serve *s, const struct tk_snapshot *now)
{
	uint64_t unsaid = now->notes_ever - s->notes;

	for (size_t i = unsaid < now->n_notes ? now->n_notes - unsaid : 0; i < now->n_notes; i++)
		tk_say("%s", now->notes[i]);
	s->notes = now->notes_ever;
}

static void say_dropped(struct tk_serve *s, const struct tk_intervals_dropped *dropped)
{
	if (dropped->intervals > s->dropped)
		tk_say("%" PRIu64 " intervals with %" PRIu64 " records are in no metric so far: "
		       "serve had no cpu, or memory was short",
		       dropped->intervals, dropped->records);
	s->dropped = dropped->intervals;
}

static void say_omitted(struct tk_serve *s)
{
	if (s->metrics.omitted && !s->omitted)
		tk_say("there are more series than --max-series %zu: timers that came later are "
		       "omitted, and counted in timekeeper_series_omitted; raise it, or choose "
		       "timers by --timer",
		       s->metrics.options.max_series);
	s->omitted = s->metrics.omitted;
}

/* ---- intervals ---- */

static void take_intervals(struct tk_serve *s, struct tk_intervals_dropped *dropped)
{
	struct tk_interval *i;

	while ((i = tk_collector_next_interval(s->collector, dropped))) {
		if (tk_metrics_add(&s->metrics, i) < 0 && !s->failed++)
			tk_say("out of memory: some records are in no metric");
		tk_interval_free(i);
	}
}

static void take(struct tk_serve *s)
{
	struct tk_intervals_dropped dropped = { 0 };
	struct tk_snapshot *now =
		tk_collector_snapshot(s->collector, &(struct tk_view){ .brief = true });

	if (!now) /* the next interval may find memory again */
		return;
	take_intervals(s, &dropped);
	tk_metrics_note(&s->metrics, now, &dropped);
	say_notes(s, now);
	say_dropped(s, &dropped);
	say_omitted(s);
	s->intervals = now->intervals;
	s->closed_ns = tk_now_ns(CLOCK_MONOTONIC);
	tk_snapshot_free(now);
	tk_http_renew(s->http);
}

void tk_serve_run(struct tk_serve *s, int timeout_ms)
{
	tk_http_run(s->http, timeout_ms);
	if (tk_collector_wait(s->collector, s->intervals, 0) == 0)
		take(s);
}

struct tk_serve *tk_serve_open(struct tk_collector *c, int listener,
			       const struct tk_metrics_options *o,
			       const struct tk_bucket_sets *sets)
{
	struct tk_serve *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		errno = ENOMEM;
		return NULL;
	}
	s->collector = c;
	s->closed_ns = tk_now_ns(CLOCK_MONOTONIC);
	tk_metrics_open(&s->metrics, o, sets);
	s->http = tk_http_open(listener, &(struct tk_http_source){ s, render, is_healthy });
	if (s->http)
		return s;
	err = errno;
	memset(&s->metrics.sets, 0, sizeof(s->metrics.sets));
	tk_metrics_free(&s->metrics);
	free(s);
	errno = err;
	return NULL;
}

unsigned tk_serve_descriptors(void)
{
	return tk_http_connections();
}

void tk_serve_close(struct tk_serve *s)
{
	tk_http_close(s->http);
	tk_metrics_free(&s->metrics);
	free(s);
}
