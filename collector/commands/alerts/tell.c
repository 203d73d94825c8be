/* SPDX-License-Identifier: MIT */
/* What is told of an alert: a line, a row, facts for a program. See alerts.h. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "collector/cli/say.h"
#include "collector/cli/text.h"
#include "collector/commands/alerts/alerts.h"

static const char *kind_of(const struct tk_watch *watch)
{
	if (watch->measure == TK_WATCH_TIMER)
		return "";
	return tk_measure_word((enum tk_measure)watch->measure, &watch->unit);
}

static const char *unit_of(const struct tk_alert_rule *r, const struct tk_watch *watch)
{
	static const char *const units[] = { [TK_ALERT_SAMPLES] = "ns",
					     [TK_ALERT_COUNT] = "samples",
					     [TK_ALERT_LOST] = "records",
					     [TK_ALERT_RATE] = "records/s" };

	return r->values && r->figure == TK_ALERT_SAMPLES ? watch->unit.name : units[r->figure];
}

/* ---- a line ---- */

static const char *figure_text(char text[TK_UNITS_MAX + 2], const struct tk_alert_rule *r,
			       const struct tk_watch *watch)
{
	double v = watch->value;

	if (isnan(v))
		return "not known";
	if (r->figure == TK_ALERT_SAMPLES)
		return tk_text_sample_whole(text, v, &watch->unit);
	if (r->figure != TK_ALERT_RATE)
		return tk_text_whole(text, (uint64_t)v);
	tk_text_unspaced(tk_text_count(text, v));
	memcpy(text + strlen(text), "/s", 3);
	return text;
}

/* Why nobody knows, or what was measured. */
static void say_why(char *out, size_t size, const struct tk_alert_rule *r,
		    const struct tk_watch *watch)
{
	char text[TK_UNITS_MAX + 2];
	const char *value = figure_text(text, r, watch);

	if (watch->state.status == TK_ALERT_ENDED)
		snprintf(out, size, "its process has ended");
	else if (watch->state.status == TK_ALERT_NO_DATA)
		snprintf(out, size, "it fired, and there are %" PRIu64 " samples now",
			 watch->count);
	else if (watch->state.status == TK_ALERT_UNKNOWN && watch->lost_most)
		snprintf(out, size,
			 "up to %" PRIu64 " of its records were lost; without them %s is %s",
			 watch->lost_most, r->about.word, value);
	else
		snprintf(out, size, "%s is %s", r->about.word, value);
}

void tk_alert_say(const struct tk_watching *w, const struct tk_watch *watch)
{
	static const char *const words[] = { [TK_ALERT_OK] = "ok again",
					     [TK_ALERT_FIRING] = "firing",
					     [TK_ALERT_UNKNOWN] = "unknown",
					     [TK_ALERT_NO_DATA] = "without data",
					     [TK_ALERT_ENDED] = "ended" };
	const char *kind = kind_of(watch);
	char process[32] = "", why[256];

	say_why(why, sizeof(why), w->rule, watch);
	if (watch->pid)
		snprintf(process, sizeof(process), "[%" PRIu32 "]", watch->pid);
	tk_say("alert %s: %s%s%s of %s%s: %s (%s)", words[watch->state.status], watch->name,
	       kind[0] ? ", " : "", kind, watch->app, process, why, w->rule->text);
}

/* ---- facts for a program ---- */

void tk_alert_facts_env(struct tk_alert_env *e, const struct tk_watching *w,
			const struct tk_watch *watch)
{
	const struct tk_alert_rule *r = w->rule;

	tk_alert_env_add(e, "TIMEKEEPER_ALERT_STATE", "%s", tk_alert_words[watch->state.status]);
	tk_alert_env_add(e, "TIMEKEEPER_ALERT_RULE", "%s", r->text);
	tk_alert_env_add_name(e, "TIMEKEEPER_ALERT_TIMER", watch->name);
	tk_alert_env_add_name(e, "TIMEKEEPER_ALERT_APP", watch->app);
	tk_alert_env_add(e, "TIMEKEEPER_ALERT_PID", "%" PRIu32, watch->pid);
	tk_alert_env_add(e, "TIMEKEEPER_ALERT_UID", "%" PRIu32, watch->uid);
	tk_alert_env_add(e, "TIMEKEEPER_ALERT_KIND", "%s", kind_of(watch));
	tk_alert_env_add(e, "TIMEKEEPER_ALERT_FIGURE", "%s", r->about.word);
	if (isnan(watch->value))
		tk_alert_env_add(e, "TIMEKEEPER_ALERT_VALUE", "%s", "");
	else
		tk_alert_env_add(e, "TIMEKEEPER_ALERT_VALUE", "%.0f", watch->value);
	tk_alert_env_add(e, "TIMEKEEPER_ALERT_LIMIT", "%.0f", r->limit);
	tk_alert_env_add(e, "TIMEKEEPER_ALERT_UNIT", "%s", unit_of(r, watch));
	tk_alert_env_add(e, "TIMEKEEPER_ALERT_SAMPLES", "%" PRIu64, watch->count);
	tk_alert_env_add(e, "TIMEKEEPER_ALERT_LOST", "%" PRIu64, watch->lost_most);
	tk_alert_env_add(e, "TIMEKEEPER_ALERT_T_NS", "%" PRId64, w->t_ns);
}

/* ---- a row ---- */

void tk_alert_print(FILE *out, const struct tk_rows_style *style, const struct tk_watching *w,
		    const struct tk_watch *watch, bool first)
{
	const struct tk_rows about = { .number = w->number,
				       .t_ns = w->t_ns,
				       .interval_ns = w->about_ns };
	const struct tk_row_alert row = { .rule = w->rule->text,
					  .state = tk_alert_words[watch->state.status],
					  .timer = watch->name,
					  .kind = kind_of(watch),
					  .app = watch->app,
					  .segment = watch->segment,
					  .dir = watch->dir,
					  .unit = unit_of(w->rule, watch),
					  .pid = watch->pid,
					  .uid = watch->uid,
					  .count = watch->count,
					  .lost = watch->lost_most,
					  .value = watch->value,
					  .limit = w->rule->limit };

	tk_rows_print_alert(out, style, &about, &row, first);
}
