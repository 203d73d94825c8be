/* SPDX-License-Identifier: MIT */
/*
 * collector/diff/words.h - figures and sentences that all formats have in common.
 *
 * Each returns `text`. Any thread.
 */
#ifndef TK_COLLECTOR_DIFF_WORDS_H
#define TK_COLLECTOR_DIFF_WORDS_H

#include "collector/diff/diff.h"

#define TK_DIFF_WORDS_MAX 1024

/** "+3.1 %"; "-" of NAN. */
char *tk_diff_percent(char text[32], double fraction);

/** "+2.1 .. +4.0 %"; "-" of NAN. */
char *tk_diff_interval(char text[64], const struct tk_compare_row *r);

/** "gateway/Sequencer-0 processing" */
char *tk_diff_name(char text[TK_DIFF_WORDS_MAX], const struct tk_diff_timer *t);

/** "lost 1.2 % of base, 0.03 % of new"; "" if nothing was lost. */
char *tk_diff_losses(char text[128], const struct tk_diff_timer *t);

/** "32 rows: 1 worse, 2 better, 29 not shown, 0 too little data" */
char *tk_diff_summary(char text[256], const struct tk_diff *d);

/**
 * Call for each sentence that a reader should know: what the verdicts mean, what shift was to be
 * found, timers of one side only, how the recordings differ.
 */
void tk_diff_sentences(const struct tk_diff *d, void (*each)(void *arg, const char *sentence),
		       void *arg);

#endif
