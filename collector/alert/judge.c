/* SPDX-License-Identifier: MIT */
/* Whether an interval passes a limit, whatever was lost. See alert.h. */
#include <math.h>

#include "collector/alert/alert.h"
#include "collector/stats/rated.h"

/*
 * Let L records be lost, and n samples here, b of them beyond the limit. The percentile of all is
 * the value of rank r = rank(n + L). For >, the worst case has the lost ones below the limit: then
 * n - b + L values are not beyond it, and the r-th is if that is less than r. For <, it has them
 * above: the r-th is below the limit if b >= r.
 */
static bool percentile_is_beyond(const struct tk_alert_rule *r, const struct tk_alert_facts *f,
				 uint64_t beyond, uint64_t lost)
{
	uint64_t rank = tk_quantile_rank(f->count + lost, r->stat.quantile);

	return r->above ? f->count - beyond + lost < rank : beyond >= rank;
}

/* The figure at its least, had the lost ones been so. */
static double least(const struct tk_alert_rule *r, const struct tk_alert_facts *f, uint64_t lost)
{
	double all = (double)f->count + (double)lost;

	if (r->figure == TK_ALERT_COUNT)
		return (double)f->count;
	if (r->figure == TK_ALERT_LOST)
		return (double)f->lost;
	if (r->figure == TK_ALERT_RATE)
		return (double)(f->records - f->lost) / f->seconds;
	if (r->stat.kind == TK_STAT_MIN)
		return lost ? 0 : f->value;
	return r->stat.kind == TK_STAT_AVG ? f->value * (double)f->count / all : f->value;
}

/* And at its most. */
static double most(const struct tk_alert_rule *r, const struct tk_alert_facts *f, uint64_t lost)
{
	if (r->figure == TK_ALERT_COUNT)
		return (double)f->count + (double)lost;
	if (r->figure == TK_ALERT_LOST)
		return (double)f->lost + (double)lost;
	if (r->figure == TK_ALERT_RATE)
		return (double)(f->records - f->lost + lost) / f->seconds;
	return lost && r->stat.kind != TK_STAT_MIN ? INFINITY : f->value;
}

static bool is_beyond(const struct tk_alert_rule *r, const struct tk_alert_facts *f, double limit,
		      uint64_t beyond, uint64_t lost)
{
	if (r->figure == TK_ALERT_SAMPLES && r->stat.kind == TK_STAT_QUANTILE)
		return percentile_is_beyond(r, f, beyond, lost);
	return r->above ? least(r, f, lost) > limit : most(r, f, lost) < limit;
}

/* Of losses, only those are in doubt that may be its own and are not in its row yet. */
static uint64_t lost_in_doubt(const struct tk_alert_rule *r, const struct tk_alert_facts *f)
{
	if (r->figure != TK_ALERT_LOST)
		return f->lost_most;
	return f->lost_most > f->lost ? f->lost_most - f->lost : 0;
}

enum tk_alert_evidence tk_alert_judge(const struct tk_alert_rule *r, const struct tk_alert_facts *f)
{
	uint64_t lost = lost_in_doubt(r, f);

	if (r->figure == TK_ALERT_SAMPLES && f->count < r->least_samples)
		return lost ? TK_ALERT_DOUBT : TK_ALERT_NOTHING;
	if (r->figure == TK_ALERT_SAMPLES && isnan(f->value))
		return TK_ALERT_DOUBT;
	if (is_beyond(r, f, r->limit, f->beyond, lost))
		return TK_ALERT_BEYOND;
	if (lost)
		return TK_ALERT_DOUBT;
	return is_beyond(r, f, r->clear, f->beyond_clear, 0) ? TK_ALERT_BETWEEN : TK_ALERT_WITHIN;
}
