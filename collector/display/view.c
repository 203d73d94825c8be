/* SPDX-License-Identifier: MIT */
#include "collector/display/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/display/canvas/key.h"

#define SECOND        INT64_C(1000000000)
#define INTERVAL_STEP UINT64_C(20000000)
#define INTERVAL_MAX  UINT64_C(60000000000)
#define POINTS_MAX    4096 /* several per dot, so that the finest tier that makes sense is taken */

static const int64_t spans[] = {
	SECOND,        2 * SECOND,     5 * SECOND,     10 * SECOND,    30 * SECOND,
	60 * SECOND,   120 * SECOND,   300 * SECOND,   600 * SECOND,   1800 * SECOND,
	3600 * SECOND, 10800 * SECOND, 21600 * SECOND, 43200 * SECOND, 86400 * SECOND,
};
#define SPANS ((int)(sizeof(spans) / sizeof(spans[0])))

void tk_view_init(struct tk_view_state *v, const char *where)
{
	*v = (struct tk_view_state){ .curves = 1u << TK_CURVE_AVG,
				     .pane = { true, true },
				     .span_ns = 30 * SECOND,
				     .page = 1,
				     .where = where };
}

void tk_view_fini(struct tk_view_state *v)
{
	free(v->rows);
	v->rows = NULL;
	v->n_rows = 0;
}

/* --- the list -------------------------------------------------------------------------------- */

double tk_view_sort_latency(const struct tk_snap_timer *t)
{
	const struct tk_datapoint *l = &t->total[TK_LATENCY], *p = &t->total[TK_PROCESSING];

	return l->count ? l->p_ns[TK_P99] : p->count ? p->p_ns[TK_P99] : 0;
}

struct order {
	const struct tk_snap_timer *timers;
	enum tk_sort sort;
};

/* The living first; then by what is asked for; then as the snapshot has them, by name. */
static int compare(const void *a, const void *b, void *arg)
{
	const struct order *o = arg;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	const struct tk_snap_timer *x = &o->timers[i], *y = &o->timers[k];
	double dx = 0, dy = 0;

	if (o->sort != TK_SORT_NAME && x->alive != y->alive)
		return x->alive ? -1 : 1;
	if (o->sort == TK_SORT_RATE) {
		dx = tk_datapoint_rate(&x->total[TK_PROCESSING]);
		dy = tk_datapoint_rate(&y->total[TK_PROCESSING]);
	} else if (o->sort == TK_SORT_LATENCY) {
		dx = tk_view_sort_latency(x);
		dy = tk_view_sort_latency(y);
	}
	if (dx > dy || dx < dy)
		return dx > dy ? -1 : 1;
	return i < k ? -1 : 1;
}

static bool passes(const struct tk_view_state *v, const struct tk_snap_timer *t)
{
	return v->filter[0] == 0 || strcasestr(t->name, v->filter);
}

/* What to begin with: the first timer that has something to show, or the first. */
static size_t first_busy(const struct tk_view_state *v, const struct tk_snapshot *s)
{
	for (size_t i = 0; i < v->n_rows; i++) {
		const struct tk_snap_timer *t = &s->timers[v->rows[i]];
		if (t->total[TK_PROCESSING].count || t->total[TK_LATENCY].count)
			return i;
	}
	return 0;
}

int tk_view_sync(struct tk_view_state *v, const struct tk_snapshot *s)
{
	size_t *rows = reallocarray(v->rows, s->n_timers + 1, sizeof(*rows));

	if (!rows) {
		v->n_rows = 0;
		return -ENOMEM;
	}
	v->rows = rows;
	v->n_rows = 0;
	for (size_t i = 0; i < s->n_timers; i++)
		if (passes(v, &s->timers[i]))
			rows[v->n_rows++] = i;
	qsort_r(rows, v->n_rows, sizeof(*rows), compare,
		&(struct order){ .timers = s->timers, .sort = v->sort });
	for (size_t i = 0; i < v->n_rows; i++)
		if (s->timers[rows[i]].key == v->key) {
			v->selected = i;
			return 0;
		}
	if (v->key == 0)
		v->selected = first_busy(v, s);
	if (v->selected >= v->n_rows)
		v->selected = v->n_rows ? v->n_rows - 1 : 0;
	v->key = v->n_rows ? s->timers[rows[v->selected]].key : 0;
	return 0;
}

const struct tk_snap_timer *tk_view_timer(const struct tk_view_state *v,
					  const struct tk_snapshot *s)
{
	if (v->selected >= v->n_rows || v->rows[v->selected] >= s->n_timers)
		return NULL;
	return &s->timers[v->rows[v->selected]];
}

static void select_by(struct tk_view_state *v, const struct tk_snapshot *s, long lines)
{
	long last = (long)v->n_rows - 1, to = (long)v->selected + lines;

	if (last < 0)
		return;
	v->selected = (size_t)(to < 0 ? 0 : to > last ? last : to);
	v->key = s->timers[v->rows[v->selected]].key;
}

/* --- the window ------------------------------------------------------------------------------ */

struct tk_view tk_view_request(const struct tk_view_state *v, int64_t now_ns)
{
	int64_t to = v->to_ns ? v->to_ns : now_ns;

	return (struct tk_view){ .key = v->key,
				 .from_ns = to - v->span_ns,
				 .to_ns = v->to_ns,
				 .max_points = POINTS_MAX };
}

/* Put the right end of the window there, but not beyond what there is to see. */
static void look_at(struct tk_view_state *v, const struct tk_snapshot *s, int64_t to)
{
	int64_t oldest = s->reach_ns + v->span_ns;

	if (to < oldest)
		to = oldest;
	if (to >= s->t_ns) /* as late as can be: live, or frozen there */
		to = v->paused ? s->t_ns : 0;
	v->to_ns = to;
}

static void zoom(struct tk_view_state *v, const struct tk_snapshot *s, int steps)
{
	int i = 0;

	while (i < SPANS - 1 && spans[i] < v->span_ns)
		i++;
	i = i + steps < 0 ? 0 : i + steps >= SPANS ? SPANS - 1 : i + steps;
	int64_t grown = spans[i] - v->span_ns;
	v->span_ns = spans[i];
	if (v->to_ns && !v->paused) /* around the middle of what is seen */
		look_at(v, s, v->to_ns + grown / 2);
}

static void pause(struct tk_view_state *v, const struct tk_snapshot *s)
{
	v->paused = !v->paused;
	if (!v->paused)
		v->to_ns = 0;
	else if (v->to_ns == 0)
		v->to_ns = s->t_ns;
}

static void change_interval(struct tk_view_state *v, const struct tk_snapshot *s, int steps)
{
	uint64_t now = v->interval_ns ? v->interval_ns : s->interval_ns;

	if (steps > 0)
		now = now + INTERVAL_STEP > INTERVAL_MAX ? INTERVAL_MAX : now + INTERVAL_STEP;
	else
		now = now < 2 * INTERVAL_STEP ? INTERVAL_STEP : now - INTERVAL_STEP;
	v->interval_ns = now;
}

/* --- keys ------------------------------------------------------------------------------------ */

static void edit_filter(struct tk_view_state *v, uint32_t code)
{
	size_t n = strlen(v->filter);
	char utf8[5];

	if (code == TK_KEY_ENTER || code == '\r') {
		v->editing = false;
	} else if (code == TK_KEY_ESCAPE) {
		v->editing = false;
		v->filter[0] = 0;
	} else if (code == TK_KEY_BACKSPACE) {
		while (n > 0 && (v->filter[n - 1] & 0xC0) == 0x80)
			n--;
		v->filter[n ? n - 1 : 0] = 0;
	} else if (code >= ' ' && code < TK_KEY_UP) {
		size_t more = tk_utf8_encode(utf8, code);
		if (n + more < sizeof(v->filter))
			memcpy(v->filter + n, utf8, more + 1);
	}
}

/* Up and down move through the help while it is open. The drawing bounds help_top. */
static bool scroll_help(struct tk_view_state *v, const struct tk_key *k)
{
	int by = k->action == TK_DO_SELECT ? k->arg : k->action == TK_DO_PAGE ? 8 * k->arg : 0;

	if (!v->help || by == 0)
		return false;
	v->help_top = v->help_top + by < 0 ? 0 : v->help_top + by;
	return true;
}

static void escape(struct tk_view_state *v)
{
	if (!v->help)
		v->filter[0] = 0;
	v->help = false;
}

static void act(struct tk_view_state *v, const struct tk_snapshot *s, const struct tk_key *k)
{
	switch (k->action) {
	case TK_DO_NOTHING:
		break;
	case TK_DO_SELECT:
		select_by(v, s, k->arg);
		break;
	case TK_DO_PAGE:
		select_by(v, s, (long)k->arg * v->page);
		break;
	case TK_DO_CURVE:
		v->curves ^= 1u << k->arg;
		break;
	case TK_DO_PANE:
		v->pane[k->arg] = !v->pane[k->arg];
		break;
	case TK_DO_INTERVAL:
		change_interval(v, s, k->arg);
		break;
	case TK_DO_PAUSE:
		pause(v, s);
		break;
	case TK_DO_ZOOM:
		zoom(v, s, k->arg);
		break;
	case TK_DO_PAN:
		look_at(v, s, (v->to_ns ? v->to_ns : s->t_ns) + k->arg * v->span_ns / 4);
		break;
	case TK_DO_LIVE:
		v->paused = false;
		v->to_ns = 0;
		break;
	case TK_DO_LOG:
		v->log_y = !v->log_y;
		break;
	case TK_DO_TIMES:
		v->wall = !v->wall;
		break;
	case TK_DO_SORT:
		v->sort = (v->sort + 1) % TK_SORTS;
		break;
	case TK_DO_FILTER:
		v->editing = true;
		break;
	case TK_DO_HELP:
		v->help = !v->help;
		v->help_top = 0;
		break;
	case TK_DO_ESCAPE:
		escape(v);
		break;
	case TK_DO_QUIT:
		v->quit = true;
		break;
	}
}

void tk_view_key(struct tk_view_state *v, const struct tk_snapshot *s, uint32_t code)
{
	const struct tk_key *k = tk_key_find(code);
	bool moves = k && code >= TK_KEY_UP && code != TK_KEY_BACKSPACE;

	if (v->editing && !moves)
		edit_filter(v, code);
	else if (k && !scroll_help(v, k))
		act(v, s, k);
	tk_view_sync(v, s);
}

bool tk_view_is_on(const struct tk_view_state *v, const struct tk_key *k)
{
	switch (k->action) {
	case TK_DO_CURVE:
		return v->curves >> k->arg & 1;
	case TK_DO_PANE:
		return v->pane[k->arg];
	case TK_DO_PAUSE:
		return v->paused;
	case TK_DO_LOG:
		return v->log_y;
	case TK_DO_HELP:
		return v->help;
	default:
		return false;
	}
}
