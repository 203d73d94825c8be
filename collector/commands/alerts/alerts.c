/* SPDX-License-Identifier: MIT */
#include "collector/commands/alerts/alerts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/say.h"
#include "collector/cli/stop.h"
#include "collector/commands/rows/asked.h"
#include "collector/machine/now.h"

#define TIMEOUT_NS  (10 * TK_SECOND_NS)
#define COOLDOWN_NS (10 * TK_SECOND_NS)

#define LINES_MAX 20u /* of one interval: a loss may change the alerts of all timers */
#define PAUSE_US  10000u

/* ---- the command line ---- */

static int check_program(const struct tk_args *a)
{
	const char *wrong = a->on_alert ? tk_alert_command_check(a->on_alert) : NULL;

	if (!a->on_alert &&
	    (a->alert_args.n || a->alert_timeout_ns || a->alert_cooldown_ns || a->alert_as_root))
		return tk_usage(a->command, "--alert-arg, --alert-timeout, --alert-cooldown and "
					    "--alert-as-root go with --on-alert PROG");
	if (wrong)
		return tk_usage(a->command, "--on-alert %.200s: it %s", a->on_alert, wrong);
	if (a->on_alert && geteuid() == 0 && !a->alert_as_root)
		return tk_usage(a->command, "--on-alert would be run as root: say --alert-as-root "
					    "if it may, or watch as another user");
	return TK_EXIT_OK;
}

static int check(const struct tk_args *a)
{
	if (!a->alerts.n && (a->on_alert || a->alert_exit))
		return tk_usage(a->command, "--on-alert and --alert-exit go with --alert RULE");
	if (a->alerts.n && a->overhead)
		return tk_usage(a->command, "--alert is about timers, and --overhead shows "
					    "threads: not both");
	if (a->alert_exit && a->n_operands)
		return tk_usage(a->command, "--alert-exit ends stat, and COMMAND ends by itself");
	return check_program(a);
}

static int open_rule(struct tk_alerts *s, const char *text, uint64_t interval_ns)
{
	const struct tk_args *a = s->args;
	struct tk_alert_rule *r = &s->rule[s->n];
	const char *why;
	int err = tk_alert_rule_parse(r, text, &why);

	if (err)
		return why ? tk_usage(a->command, "--alert %.200s: %s", text, why)
			   : tk_failed("out of memory for --alert");
	err = tk_watching_open(&s->of[s->n++], r, a->by == 1, a->on_alert, interval_ns);
	if (err)
		return tk_failed("out of memory for --alert");
	if (r->over_ns && (r->over_ns < interval_ns || r->over_ns / interval_ns > TK_WINDOW_MAX))
		return tk_usage(a->command,
				"--alert %.200s: `over` takes 1 to %u intervals: ask for another "
				"--interval, too",
				text, TK_WINDOW_MAX);
	return TK_EXIT_OK;
}

int tk_alerts_open(struct tk_alerts *s, const struct tk_args *a, uint64_t interval_ns)
{
	int code = check(a);

	*s = (struct tk_alerts){ .args = a };
	for (size_t i = 0; i < a->alerts.n && code == TK_EXIT_OK; i++)
		code = open_rule(s, a->alerts.text[i], interval_ns);
	if (code != TK_EXIT_OK || !a->on_alert)
		return code;
	s->argv[0] = (char *)a->on_alert;
	for (size_t i = 0; i < a->alert_args.n; i++)
		s->argv[i + 1] = (char *)a->alert_args.text[i];
	tk_alert_command_open(&s->command, s->argv,
			      a->alert_timeout_ns ? a->alert_timeout_ns : TIMEOUT_NS);
	return TK_EXIT_OK;
}

void tk_alerts_ask(const struct tk_alerts *s, struct tk_collector_options *o)
{
	for (size_t i = 0; i < s->n; i++) {
		o->intervals_idle = true;
		if (tk_alert_needs_histograms(&s->rule[i]))
			o->intervals_histograms = true;
	}
}

/* ---- intervals ---- */

/* Visit the watches of which something has changed in the newest interval. */
static size_t each_changed(const struct tk_alerts *s,
			   void (*each)(void *arg, const struct tk_watching *w,
					const struct tk_watch *watch, size_t nth),
			   void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->of[i].n; k++)
			if (s->of[i].watch[k].changed)
				each(arg, &s->of[i], &s->of[i].watch[k], n++);
	return n;
}

static void say(void *arg, const struct tk_watching *w, const struct tk_watch *watch, size_t nth)
{
	struct tk_alerts *s = arg;

	s->fired = s->fired || watch->state.status == TK_ALERT_FIRING;
	if (nth < LINES_MAX)
		tk_alert_say(w, watch);
}

void tk_alerts_take(struct tk_alerts *s, const struct tk_interval *i)
{
	size_t n;

	for (size_t k = 0; k < s->n; k++)
		if (tk_watching_take(&s->of[k], i) < 0)
			tk_say("out of memory: --alert %s knows some of an interval only",
			       s->rule[k].text);
	n = each_changed(s, say, s);
	if (n > LINES_MAX)
		tk_say("%zu more alerts have changed in this interval", n - LINES_MAX);
	tk_alerts_poll(s);
}

struct printing {
	FILE *out;
	const struct tk_rows_style *style;
	bool first;
};

static void print(void *arg, const struct tk_watching *w, const struct tk_watch *watch, size_t nth)
{
	const struct printing *p = arg;

	tk_alert_print(p->out, p->style, w, watch, p->first && nth == 0);
}

bool tk_alerts_print(const struct tk_alerts *s, FILE *out, const struct tk_rows_style *style,
		     bool first)
{
	struct printing p = { out, style, first };

	return style->format != TK_FORMAT_TABLE && each_changed(s, print, &p) > 0;
}

/* ---- the program ---- */

static bool is_due(const struct tk_alerts *s, const struct tk_watch *watch, uint64_t now)
{
	uint64_t cooldown = s->args->alert_cooldown_ns;

	cooldown = cooldown ? cooldown : COOLDOWN_NS;
	return watch->told != watch->state.status &&
	       (!watch->told_ns || now - watch->told_ns >= cooldown);
}

/* Tell the program of the alert that it was told of longest ago. @now: UINT64_MAX: whatever the
 * cooldown. @return whether there is any */
static bool tell_one(struct tk_alerts *s, uint64_t now)
{
	const struct tk_watching *of = NULL;
	struct tk_watch *next = NULL;
	struct tk_alert_env e;

	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < s->of[i].n; k++) {
			struct tk_watch *watch = &s->of[i].watch[k];

			if (!is_due(s, watch, now) || (next && next->told_ns <= watch->told_ns))
				continue;
			next = watch;
			of = &s->of[i];
		}
	}
	if (!next)
		return false;
	tk_alert_env_begin(&e);
	tk_alert_facts_env(&e, of, next);
	tk_alert_command_start(&s->command, &e);
	tk_alert_env_free(&e);
	next->told = next->state.status;
	next->told_ns = tk_now_ns(CLOCK_MONOTONIC);
	return true;
}

void tk_alerts_poll(struct tk_alerts *s)
{
	if (s->args->on_alert && !tk_alert_command_runs(&s->command))
		(void)tell_one(s, tk_now_ns(CLOCK_MONOTONIC));
}

/* One timeout for all of them: what is not told by then is not. */
static void tell_rest(struct tk_alerts *s)
{
	uint64_t until = tk_now_ns(CLOCK_MONOTONIC) + s->command.timeout_ns;

	while (tk_alert_command_runs(&s->command) ||
	       (tk_now_ns(CLOCK_MONOTONIC) < until && tell_one(s, UINT64_MAX)))
		usleep(PAUSE_US);
	tk_alert_command_close(&s->command);
}

void tk_alerts_end(struct tk_alerts *s)
{
	if (s->args->on_alert)
		tell_rest(s);
	for (size_t i = 0; i < s->n; i++)
		if (!s->of[i].ever)
			tk_say("no timer matched --alert %s", s->rule[i].text);
}

void tk_alerts_close(struct tk_alerts *s)
{
	for (size_t i = 0; i < s->n; i++) {
		tk_watching_close(&s->of[i]);
		free(s->rule[i].about.pattern);
	}
}
