/* SPDX-License-Identifier: MIT */
/*
 * collector/display/keys.h - every key and what it does, in one table.
 *
 * The footer, the help and tk_keys_press() all read this table, so they cannot disagree. The keys
 * of panes come from the table of panes (panes/panes.c). One thread.
 */
#ifndef TK_COLLECTOR_DISPLAY_KEYS_H
#define TK_COLLECTOR_DISPLAY_KEYS_H

#include "collector/display/view/view.h"

/* On which screens a key does something. */
enum tk_key_on { TK_KEY_ON_BOTH, TK_KEY_ON_CHARTS, TK_KEY_ON_OVERVIEW };

struct tk_key {
	uint32_t codes[2]; /* any of them, as in canvas/key.h; 0: none */
	void (*press)(struct tk_view_state *v, const struct tk_snapshot *s, int arg);
	bool (*is_on)(const struct tk_view_state *v, int arg); /* NULL: the key is no switch */
	int arg;
	const char *keys; /* their names in the help */
	const char *help;
	const char *footer_keys; /* their names in the footer, maybe with the next row's; or NULL */
	const char *footer;
	int rank; /* the footer leaves out the highest ranks where it has no room for all */
	enum tk_key_on on;
};

#define TK_KEYS_MAX 64 /* rows of the table: the footer keeps a set of them in a uint64_t */

/** The table. */
const struct tk_key *tk_keys(size_t *n);

/** The row of a key; NULL if the key does nothing. Exported for tests. */
const struct tk_key *tk_keys_find(uint32_t code);

/** Do what a key does. A key without a row does nothing. */
void tk_keys_press(struct tk_view_state *v, const struct tk_snapshot *s, uint32_t code);

/** Whether a key does something on the screen that is shown. */
bool tk_keys_is_here(const struct tk_view_state *v, const struct tk_key *k);

/** Whether what the key switches is on; false if it is no switch. */
bool tk_keys_is_on(const struct tk_view_state *v, const struct tk_key *k);

#endif
