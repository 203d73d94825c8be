/* SPDX-License-Identifier: MIT */
/*
 * collector/labels/labels.h - labels in a timer's name: `base{key=value,...}`.
 *
 * A program that has one timer for each queue, or for each method, puts what tells them apart into
 * labels. Metrics show such a timer as `base` with these labels; the overview and `stat --by` fold
 * all timers of one base. This is the only parser of the grammar:
 *
 *	name   = base "{" pair *("," pair) "}"
 *	base   = 1*(any byte but "{")
 *	pair   = key "=" value
 *	key    = (letter / "_") *(letter / digit / "_")		ASCII; not reserved, see below
 *	value  = bare / quoted
 *	bare   = 1*(any byte but " \ , = { })
 *	quoted = DQUOTE 1*(any byte but " \ / "\" DQUOTE / "\\") DQUOTE
 *
 *	sent{queue=rx,core=3}		rpc{method="a,b",path="C:\\tmp"}
 *
 * The whole is at most TK_NAME_MAX bytes, as every name. No space is skipped: one that stands in a
 * bare value is part of it, and none may stand before a key. These do not parse: a key twice; a
 * reserved key, which metrics set themselves (app, timer, pid, le, user, and all that begin with
 * "__"); an empty value, which Prometheus takes for no label; another escape than \" and \\; bytes
 * after the "}".
 *
 * What does not parse is no error. All of it is the base then, and it has no labels.
 *
 * Any thread; no allocation; cannot fail.
 */
#ifndef TK_COLLECTOR_LABELS_LABELS_H
#define TK_COLLECTOR_LABELS_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/segment.h"

#define TK_LABELS_MAX 15u /* `b{` and `}` leave room for 15 of the shortest, `k=v,` */

struct tk_label {
	char key[TK_NAME_MAX + 1];
	char value[TK_NAME_MAX + 1]; /* without quotes and escapes */
};

struct tk_labels {
	char base[TK_NAME_MAX + 1];
	uint32_t n;
	struct tk_label label[TK_LABELS_MAX]; /* the first n are set, ascending by key */
};

/**
 * Take a name apart. @return whether it has labels. If not, n is 0, and base is the name, cut to
 * TK_NAME_MAX bytes. (No segment holds a longer one.)
 */
bool tk_labels_parse(const char *name, struct tk_labels *labels);

/** How many bytes of the name are its base: all of them, if it has no labels. */
size_t tk_labels_base(const char *name);

/** How many bytes at the end of the name are its labels, with their braces; 0: it has none. */
size_t tk_labels_bytes(const char *name);

/** The order of two names' bases, whose last so many bytes are labels; as strcmp(). */
int tk_labels_order(const char *a, size_t labels_a, const char *b, size_t labels_b);

/**
 * Write base and labels as a name, in the one form that equal labels have: keys ascend, and a value
 * is quoted only where it must be. So two names mean the same base and labels if, and only if, this
 * gives the same text for both. It is never longer than the name that was parsed.
 *
 * @return 0, or -ENAMETOOLONG if labels that the caller put together do not fit.
 */
int tk_labels_format(const struct tk_labels *labels, char name[TK_NAME_MAX + 1]);

#endif
