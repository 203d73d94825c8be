/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/lists/subject.h - what a rule is about, in the words of `diff --fail-if` and of
 * `stat --alert`:
 *
 *	PATTERN:[processing.|latency.|value.]STATISTIC, then a condition that begins with < or >
 *
 * A timer may have any sign in its name, also a colon: the last one ends the pattern. What stands
 * behind the statistic is the caller's to read. Any thread.
 */
#ifndef TK_COLLECTOR_CLI_LISTS_SUBJECT_H
#define TK_COLLECTOR_CLI_LISTS_SUBJECT_H

#include <stdbool.h>

#include "collector/cli/lists/stats_list.h"

struct tk_subject {
	char *pattern;               /* of a timer's name, as the shell has it */
	const char *measure;         /* "processing", "latency", "value", or "": any */
	char word[TK_STAT_NAME_MAX]; /* the statistic's name */
	const char *condition;       /* in the text: from < or > on */
};

/**
 * Parse. @return 0: free the pattern; -EINVAL: it is none, or has a sign that no timer's name can
 * have; -ENOMEM. Without success pattern is NULL
 */
int tk_subject_parse(struct tk_subject *s, const char *text);

/** Whether it is about this measure, by name, of this timer. */
bool tk_subject_matches(const char *pattern, const char *of, const char *timer,
			const char *measure);

#endif
