/* SPDX-License-Identifier: MIT */
/*
 * collector/alert/alert.h - `stat --alert`: a rule about timers, what an interval says of it, and
 * when it fires.
 *
 *	PATTERN:[processing.|latency.|value.]FIGURE>LIMIT
 *	then, if wanted, [for TIME] [over TIME] [min N] [clear LIMIT]
 *
 * FIGURE is a statistic of --stats, whose limit is a time, or of `value.` a whole number of the
 * timer's unit: so that a limit whose unit was forgotten is refused; or count (samples), lost
 * (records) or rate (records a second), whose limit is a whole number. < is possible, too. `for`:
 * the limit must have been passed for so long. `over`: each interval is judged by all samples of
 * the last TIME. `min`: with fewer samples an interval says nothing. `clear`: what has fired is ok
 * again when the figure is at this limit or on its good side; without it, at 90 % of the limit (of
 * <: 110 %), and for count and lost at the limit itself.
 *
 * rule.c reads a rule, judge.c judges one interval, state.c steps from interval to interval: pure,
 * any thread. command.h runs a program.
 */
#ifndef TK_COLLECTOR_ALERT_ALERT_H
#define TK_COLLECTOR_ALERT_ALERT_H

#include "collector/cli/lists/subject.h"

/* --- rules: rule.c ---------------------------------------------------------------------------- */

enum tk_alert_figure { TK_ALERT_SAMPLES, TK_ALERT_COUNT, TK_ALERT_LOST, TK_ALERT_RATE };

struct tk_alert_rule {
	const char *text; /* as it was said */
	struct tk_subject about;
	enum tk_alert_figure figure;
	struct tk_stat stat;    /* of TK_ALERT_SAMPLES */
	bool values;            /* about timers of values, not of times */
	bool above;             /* >, not < */
	double limit, clear;    /* ns, or the unit of values; records, or records a second */
	uint64_t for_ns;        /* 0: an interval is enough */
	uint64_t over_ns;       /* 0: the interval alone */
	uint64_t least_samples; /* `min` */
};

/**
 * Parse. @return 0: free about.pattern; -EINVAL: `why` has a sentence, a constant; -ENOMEM. Without
 * success the pattern is NULL
 */
int tk_alert_rule_parse(struct tk_alert_rule *r, const char *text, const char **why);

/* --- one interval: judge.c -------------------------------------------------------------------- */

/**
 * What is known of one measure of a timer in an interval, or over several. `value` is the statistic
 * of those samples that came; NAN: there was no memory for it.
 */
struct tk_alert_facts {
	uint64_t count;                /* samples */
	uint64_t beyond, beyond_clear; /* of a percentile: on the bad side of limit and `clear` */
	double value;                  /* of TK_ALERT_SAMPLES, in ns or the unit of values */
	uint64_t records, lost;        /* as in its row */
	uint64_t lost_most;            /* so many lost records may have been its own */
	double seconds;
};

/** What the interval says. */
enum tk_alert_evidence {
	TK_ALERT_NOTHING, /* there are no samples, or too few */
	TK_ALERT_DOUBT,   /* records were lost, or there was no memory: it may be anything */
	TK_ALERT_BEYOND,  /* the limit is passed */
	TK_ALERT_BETWEEN, /* it is not, and `clear` is */
	TK_ALERT_WITHIN   /* neither is */
};

/**
 * While records are lost, the limit is passed if it is passed whatever the lost ones were: for >,
 * had all of them been on the good side of the limit. Else there is doubt, whatever the others say.
 */
enum tk_alert_evidence tk_alert_judge(const struct tk_alert_rule *r,
				      const struct tk_alert_facts *f);

/* --- interval after interval: state.c --------------------------------------------------------- */

/** What is told of an alert. */
enum tk_alert_status {
	TK_ALERT_OK,
	TK_ALERT_FIRING,
	TK_ALERT_UNKNOWN, /* since records are lost */
	TK_ALERT_NO_DATA, /* it fired, and there are no samples any more, or too few */
	TK_ALERT_ENDED    /* its process has ended, or the last of its app, and it was not ok */
};

extern const char *const tk_alert_words[TK_ALERT_ENDED + 1];

/** All zero: nothing was seen. */
struct tk_alert_state {
	bool firing;
	/* So long the limit was passed in one go, up to now. While that is less than `for`, the
	 * alert is pending. */
	uint64_t held_ns;
	enum tk_alert_status status; /* the newest that step() said */
};

/**
 * One interval more. Pending ends with an interval that says anything but "beyond"; what fires goes
 * on until one says "within". TIMEs are rounded to whole intervals.
 * @return whether the status is another than before
 */
bool tk_alert_step(struct tk_alert_state *s, const struct tk_alert_rule *r,
		   enum tk_alert_evidence e, uint64_t interval_ns);

/** No interval will come. @return as above */
bool tk_alert_end(struct tk_alert_state *s);

#endif
