/* SPDX-License-Identifier: MIT */
/*
 * collector/diff/diff.h - two sides of recordings, compared timer by timer and percentile by
 * percentile (collector/compare/compare.h), and the rules that say when that is a failure.
 *
 * One thread.
 */
#ifndef TK_COLLECTOR_DIFF_DIFF_H
#define TK_COLLECTOR_DIFF_DIFF_H

#include <stdio.h>

#include "collector/compare/compare.h"
#include "collector/diff/recordings.h"

#define TK_COMPARED_VERDICTS (TK_COMPARED_WORSE + 1)

/** --fail-if 'PATTERN:[processing.|latency.]p99>+5%', or '...<-5%'. */
struct tk_diff_rule {
	const char *text;    /* as it was said */
	char *pattern;       /* of a timer's name */
	const char *measure; /* "": either */
	struct tk_stat stat;
	double threshold; /* as a fraction; of "<-5%", -0.05 */
	/* Set by tk_diff_make(): rows that it is about; of which have enough data; for which it
	 * holds */
	size_t rows, known, holds;
};

/** What is asked. */
struct tk_diff_question {
	struct tk_diff_files files[TK_DIFF_SIDES];
	struct tk_diff_wanted wanted;
	size_t min_runs;
	double min_effect;
	struct tk_diff_rule *rules;
	size_t n_rules;
};

/** A percentile of a timer that both sides have. */
struct tk_diff_row {
	const struct tk_diff_timer *timer;
	const struct tk_stat *stat;
	const struct tk_compare_row *is;
	const struct tk_diff_rule *fails; /* the first rule that holds; NULL: none */
};

struct tk_diff {
	const struct tk_diff_question *question;
	struct tk_diff_recordings recordings;
	bool runs; /* several a side: better and worse; else it differs in these recordings */
	struct tk_diff_row *rows; /* verdicts first, then by the size of the shift */
	size_t n;
	size_t verdicts[TK_COMPARED_VERDICTS]; /* how many rows have each */
	double detectable, detectable_most; /* of the median row, and of the worst; NAN: of none */
	const struct tk_diff_timer **alone; /* timers of one side only */
	size_t n_alone;
	/* Memory of the rows. */
	const struct tk_diff_timer **both;
	size_t n_both;
	struct tk_compare_row *compared;
};

/**
 * Read and compare. What is wrong with a file is said on standard error.
 * @return 0; or a negative errno, and it was said why. tk_diff_free() frees what there is.
 */
int tk_diff_make(struct tk_diff *d, const struct tk_diff_question *q);
void tk_diff_free(struct tk_diff *d);

/** Words for a verdict: "worse", "not shown", ... */
const char *tk_diff_word(enum tk_compared verdict);

/** "p99.9" */
char *tk_diff_stat(char out[TK_STAT_NAME_MAX], const struct tk_stat *s);

/** The side that an `alone` timer is on. */
enum tk_diff_side tk_diff_side_of(const struct tk_diff_timer *t);
extern const char *const tk_diff_side_names[TK_DIFF_SIDES];

/* --- rules: rules.c --------------------------------------------------------------------------- */

/** Parse a rule. @return 0; -EINVAL: it is none; -ENOMEM. Free its pattern. */
int tk_diff_rule_parse(struct tk_diff_rule *r, const char *text);

/** Apply a rule to a row, and count. @return whether it holds: then the row is a failure */
bool tk_diff_rule_apply(struct tk_diff_rule *r, const struct tk_diff_row *row);

/* --- formats ---------------------------------------------------------------------------------- */

void tk_diff_text(const struct tk_diff *d, FILE *out);
void tk_diff_markdown(const struct tk_diff *d, FILE *out);
/** @return 0, -ENOMEM or -EIO */
int tk_diff_json(const struct tk_diff *d, FILE *out);
/** A test case a row; those for which a rule holds are failures. */
void tk_diff_junit(const struct tk_diff *d, FILE *out);

#endif
