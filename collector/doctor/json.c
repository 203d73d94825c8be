/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>

#include "collector/doctor/checks/noise.h"
#include "collector/doctor/print.h"

static json_t *json_fix(const struct tk_finding *f)
{
	if (f->fix_kind == TK_FIX_BOOT)
		return json_sprintf("kernel parameter: %s%s", f->fix,
				    f->replaces ? ", in place of the one there is" : "");
	return f->fix_kind ? json_string(f->fix) : json_null();
}

static json_t *json_checks(const struct tk_doctor *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const struct tk_finding *f = &d->findings[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "id", f->id,
						      "verdict", tk_verdict_name(f->verdict),
						      "value", f->value, "source", f->source,
						      "reason", f->reason, "fix", json_fix(f)));
	}
	return list;
}

static json_t *json_ns(const struct tk_noise *n, double ticks)
{
	return json_real(tk_noise_ns(n, ticks));
}

/* Interrupts are null where they could not be counted. */
static json_t *json_count(const struct tk_noise *n, uint64_t count)
{
	return n->interrupts_error ? json_null() : json_integer((json_int_t)count);
}

static json_t *json_noise(const struct tk_noise *n)
{
	if (!n || n->error)
		return json_null();
	return json_pack(
		"{s:I, s:s, s:o, s:I, s:f, s:o, s:o, s:o, s:o, s:f, s:f, s:o, s:o, s:o}", "seconds",
		(json_int_t)n->seconds, "clock", n->tsc ? "tsc" : "CLOCK_MONOTONIC", "threshold_ns",
		json_ns(n, (double)n->threshold), "count", (json_int_t)n->count, "rate_per_s",
		(double)n->count * n->hz / (double)n->elapsed, "p50_ns", json_ns(n, n->p50),
		"p99_ns", json_ns(n, n->p99), "p999_ns", json_ns(n, n->p999), "max_ns",
		json_ns(n, (double)n->longest), "lost_s", (double)n->lost / n->hz, "lost_percent",
		100 * (double)n->lost / (double)n->elapsed, "timer_interrupts",
		json_count(n, n->timer), "other_interrupts", json_count(n, n->others), "throttled",
		n->quota_error ? json_null() : json_integer((json_int_t)n->throttled));
}

int tk_doctor_json(const struct tk_doctor *d, FILE *out)
{
	json_t *root =
		json_pack("{s:i, s:i, s:s, s:s, s:o, s:o}", "schema", 1, "cpu", d->subject.cpu,
			  "cpu_why", d->cpu_why, "verdict", tk_verdict_name(tk_doctor_verdict(d)),
			  "checks", json_checks(d), "noise", json_noise(d->subject.noise));
	int err;

	if (!root)
		return -ENOMEM;
	err = json_dumpf(root, out, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(root);
	return err || fputc('\n', out) == EOF ? -EIO : 0;
}
