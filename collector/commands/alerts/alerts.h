/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/alerts/alerts.h - --alert, for `stat`: all rules of a command line, what is
 * said of them, and the program that is run.
 *
 *	tk_alerts_open()	checks the command line
 *	tk_alerts_ask()		what the collector must give
 *	tk_alerts_take()	each closed interval; says on standard error what has changed
 *	tk_alerts_print()	the same as rows, for jsonl and csv
 *	tk_alerts_poll()	often: looks after the program
 *	tk_alerts_end()		what is still to be told is told, within one --alert-timeout
 *
 * The program is told of an alert when its status is another one than the program was told last,
 * the program does not run, and --alert-cooldown has passed since it was told of this alert; of
 * several, the one it was told of longest ago comes first. So there is no queue, and what it is
 * told last is true.
 *
 * Main thread: never the collecting one.
 */
#ifndef TK_COLLECTOR_COMMANDS_ALERTS_ALERTS_H
#define TK_COLLECTOR_COMMANDS_ALERTS_ALERTS_H

#include "collector/alert/command.h"
#include "collector/commands/alerts/watch.h"

struct tk_alerts {
	const struct tk_args *args;
	struct tk_alert_rule rule[TK_TEXTS_MAX];
	struct tk_watching of[TK_TEXTS_MAX]; /* a rule each */
	size_t n;
	char *argv[TK_TEXTS_MAX + 2]; /* of the program */
	struct tk_alert_command command;
	bool fired;
};

/**
 * @interval_ns: of the collector @return TK_EXIT_OK; or an exit code, and it was said why.
 * tk_alerts_close() frees what there is, also without success.
 */
int tk_alerts_open(struct tk_alerts *s, const struct tk_args *a, uint64_t interval_ns);

/** Without a rule, nothing. */
void tk_alerts_ask(const struct tk_alerts *s, struct tk_collector_options *o);
void tk_alerts_take(struct tk_alerts *s, const struct tk_interval *i);

/** @first: nothing was printed before. @return whether anything was printed now */
bool tk_alerts_print(const struct tk_alerts *s, FILE *out, const struct tk_rows_style *style,
		     bool first);

void tk_alerts_poll(struct tk_alerts *s);
void tk_alerts_end(struct tk_alerts *s);
void tk_alerts_close(struct tk_alerts *s);

/* --- what is told: tell.c --------------------------------------------------------------------- */

/** A line on standard error. */
void tk_alert_say(const struct tk_watching *w, const struct tk_watch *watch);

/** Facts for the program. */
void tk_alert_facts_env(struct tk_alert_env *e, const struct tk_watching *w,
			const struct tk_watch *watch);

/** A row. */
void tk_alert_print(FILE *out, const struct tk_rows_style *style, const struct tk_watching *w,
		    const struct tk_watch *watch, bool first);

#endif
