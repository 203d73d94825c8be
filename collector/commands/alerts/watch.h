/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/alerts/watch.h - one rule of --alert, and what becomes of each timer that it
 * is about.
 *
 * Each interval is copied as far as the rule's pattern matches, and made into rows as stat's are
 * (commands/rows/gather.h): of the interval or of the rule's window, of a process or of an app. A
 * row is judged (alert/alert.h), and its alert steps. After an interval that is missing, what was
 * pending is so no more.
 *
 * One thread.
 */
#ifndef TK_COLLECTOR_COMMANDS_ALERTS_WATCH_H
#define TK_COLLECTOR_COMMANDS_ALERTS_WATCH_H

#include "collector/alert/alert.h"
#include "collector/commands/rows/gather.h"

#define TK_WATCH_TIMER -1 /* a measure: the figure is the timer's, not that of one measure */

/** One measure of a timer, or a timer, that a rule is about. */
struct tk_watch {
	char name[64], app[64], segment[128]; /* segment "": of several */
	const char *dir;
	uint32_t uid, pid;
	int measure;
	struct tk_unit unit; /* what its samples are */
	/* As of the newest interval: the figure that the rule names, of what came. */
	double value;
	uint64_t count, lost_most;
	bool alive;
	bool changed;    /* its status is another than before it */
	uint64_t number; /* of the newest interval that it was judged in */
	struct tk_alert_state state;
	/* Whoever runs a command notes here which status the command has been told, and when. */
	enum tk_alert_status told;
	uint64_t told_ns; /* CLOCK_MONOTONIC */
};

struct tk_watching {
	const struct tk_alert_rule *rule;
	bool by_app;
	bool tells; /* there is a command: what has ended stays until it is told */
	struct tk_stats_list stats;
	struct tk_gather *gather;
	struct tk_watch *watch; /* the first n_sorted have an order */
	size_t n, n_sorted;
	bool ever;         /* there was a timer that it is about */
	uint64_t asked_ns; /* how long an interval is to be */
	/* Of the newest interval. */
	uint64_t number, interval_ns;
	int64_t t_ns;
	uint64_t about_ns; /* what its rows are about: the interval, or the window */
};

/** @rule: the caller's, as long as this. @interval_ns: as asked for. @return 0 or -ENOMEM */
int tk_watching_open(struct tk_watching *w, const struct tk_alert_rule *rule, bool by_app,
		     bool tells, uint64_t interval_ns);

/** Whether a rule takes histograms (tk_collector_options.intervals_histograms). */
bool tk_alert_needs_histograms(const struct tk_alert_rule *rule);

/**
 * An interval was closed, with a row for each living timer. @return 0 or -ENOMEM: it, or a part of
 * it, counts as missing
 */
int tk_watching_take(struct tk_watching *w, const struct tk_interval *i);

void tk_watching_close(struct tk_watching *w);

#endif
