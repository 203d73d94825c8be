/* SPDX-License-Identifier: MIT */
/*
 * collector/diff/facts.h - whether recordings were made alike: machine, kernel, clock, floor.
 */
#ifndef TK_COLLECTOR_DIFF_FACTS_H
#define TK_COLLECTOR_DIFF_FACTS_H

#include <stddef.h>

#define TK_FACTS    5u
#define TK_FACT_MAX 96u

/** All zero: nothing is known yet. */
struct tk_facts {
	char first[TK_FACTS][TK_FACT_MAX], other[TK_FACTS][TK_FACT_MAX]; /* "": none */
};

/**
 * A note of a log (collector/hlog/hlog.h). Those that say nothing of how it was made are ignored.
 */
void tk_facts_note(struct tk_facts *f, const char *name, const char *value);

/** @return a sentence on fact i, in `text`; NULL: it is the same in all recordings */
const char *tk_facts_differ(const struct tk_facts *f, size_t i, char *text, size_t size);

#endif
