/* SPDX-License-Identifier: MIT */
/*
 * collector/display/keys.h - every key, in one table.
 *
 * The footer, the help and the dispatch are all made from it, so they cannot disagree.
 */
#ifndef TK_COLLECTOR_DISPLAY_KEYS_H
#define TK_COLLECTOR_DISPLAY_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum tk_action {
	TK_DO_NOTHING,
	TK_DO_SELECT,   /* arg: lines down */
	TK_DO_PAGE,     /* arg: pages down */
	TK_DO_CURVE,    /* arg: enum tk_curve */
	TK_DO_PANE,     /* arg: enum tk_measure */
	TK_DO_INTERVAL, /* arg: steps of 20 ms */
	TK_DO_PAUSE,
	TK_DO_ZOOM, /* arg: steps wider */
	TK_DO_PAN,  /* arg: quarter windows later */
	TK_DO_LIVE,
	TK_DO_LOG,
	TK_DO_TIMES,
	TK_DO_SORT,
	TK_DO_FILTER,
	TK_DO_HELP,
	TK_DO_ESCAPE,
	TK_DO_QUIT,
};

struct tk_key {
	uint32_t codes[2]; /* any of them; 0: none */
	enum tk_action action;
	int arg;
	const char *keys; /* as the help names them */
	const char *help;
	const char *footer_keys; /* as the footer names them, maybe for a neighbour too; or NULL */
	const char *footer;
	int rank; /* where the footer has no room for all, the lowest stay */
};

/** The table. */
const struct tk_key *tk_keys(size_t *n);

/** The entry of a key; NULL if it does nothing. */
const struct tk_key *tk_key_find(uint32_t code);

#endif
