/* SPDX-License-Identifier: MIT */
#include "collector/engine/views/recent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECOND  INT64_C(1000000000)
#define AT_ONCE 400 /* seconds of timers to gather for one snapshot: a few ms */

struct filling {
	const struct tk_recent *r;
	const struct tk_hold *hold;
	const struct tk_snapshot *s;
	struct tk_window w;
	size_t left; /* seconds of timers to gather for this snapshot */
};

/* The timers of a row, which lie together: first..last. @return false: there are none */
static bool members(const struct tk_snapshot *s, uint64_t key, size_t *first, size_t *last)
{
	size_t i = 0;

	while (i < s->n_timers && s->timers[i].key != key && s->timers[i].fold != key)
		i++;
	*first = *last = i;
	while (i + 1 < s->n_timers && s->timers[i + 1].fold == key)
		*last = ++i;
	return *first < s->n_timers;
}

/* Add one timer's intervals of from..to: each is in the one second that has its middle. */
static void gather(struct filling *f, uint64_t key, enum tk_measure m, int64_t from, int64_t to)
{
	const struct tk_recent_timer *t = tk_recent_find(f->r, key);
	struct tk_trail next = t ? t->trail[0] : (struct tk_trail){ 0 }, here = next;
	struct tk_entry e;

	for (; next.t_ns > from && tk_hold_read(f->hold, 0, &next, false, &e); here = next) {
		int64_t middle = e.t_ns - (int64_t)e.interval_ns / 2;

		if (middle > from && middle <= to && tk_hold_read(f->hold, 0, &here, true, &e))
			tk_window_add(&f->w, &e, m);
	}
}

/* The p99 of the second that ends at `to`; NAN: no sample. */
static double p99_of(struct filling *f, size_t first, size_t last, enum tk_measure m, int64_t to)
{
	static const uint32_t p99 = 990000000;
	double ns = NAN;

	tk_window_clear(&f->w);
	for (size_t i = first; i <= last; i++)
		gather(f, f->s->timers[i].key, m, to - SECOND, to);
	if (f->w.counts.count[m])
		tk_window_quantiles(&f->w, &p99, 1, &ns);
	return ns;
}

/* Append seconds up to the newest that is closed, as far as this snapshot may take. */
static void bring_up_to_date(struct filling *f, struct tk_snap_trend *t)
{
	int64_t end = f->s->closed_ns / SECOND * SECOND, begin = end - TK_TREND * SECOND;
	size_t first, last;

	if (t->to_ns < begin) {
		t->to_ns = begin;
		for (int i = 0; i < TK_TREND; i++)
			t->p99_ns[i] = NAN;
	}
	if (t->to_ns >= end || !f->left || !members(f->s, t->key, &first, &last))
		return;
	for (size_t n = TK_MEASURES * (last - first + 1); t->to_ns < end && f->left;) {
		double p[TK_MEASURES];

		f->left = f->left > n ? f->left - n : 0;
		t->to_ns += SECOND;
		for (int m = 0; m < TK_MEASURES; m++)
			p[m] = p99_of(f, first, last, (enum tk_measure)m, t->to_ns);
		memmove(t->p99_ns, t->p99_ns + 1, sizeof(t->p99_ns) - sizeof(t->p99_ns[0]));
		t->p99_ns[TK_TREND - 1] = (float)fmax(p[TK_PROCESSING], p[TK_LATENCY]);
	}
}

/* Keep the trends of what is still asked for, and make room for what is new. */
static int choose(struct tk_recent *r, const uint64_t *keys, size_t n)
{
	struct tk_snap_trend *list = calloc(n + 1, sizeof(*list));

	if (!list)
		return -1;
	for (size_t i = 0; i < n; i++) {
		list[i] = (struct tk_snap_trend){ .key = keys[i], .to_ns = INT64_MIN };
		for (size_t k = 0; k < r->n_trend; k++)
			if (r->trend[k].key == keys[i])
				list[i] = r->trend[k];
	}
	free(r->trend);
	r->trend = list;
	r->n_trend = n;
	return 0;
}

void tk_recent_trends(struct tk_recent *r, const struct tk_hold *hold, struct tk_snapshot *s,
		      const uint64_t *keys, size_t n)
{
	struct filling f = { .r = r, .hold = hold, .s = s, .left = AT_ONCE };

	if (choose(r, keys, n) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		bring_up_to_date(&f, &r->trend[i]);
	tk_window_free(&f.w);
	s->trends = malloc((n + 1) * sizeof(*s->trends));
	if (!s->trends)
		return;
	memcpy(s->trends, r->trend, n * sizeof(*s->trends));
	s->n_trends = n;
}
