/* SPDX-License-Identifier: MIT */
/*
 * tests/display/scene.h - one display without a terminal: an invented collector, a view, a grid.
 */
#ifndef TK_TESTS_DISPLAY_SCENE_H
#define TK_TESTS_DISPLAY_SCENE_H

#include "collector/display/canvas/key.h"
#include "collector/display/draw.h"
#include "collector/display/keys.h"
#include "tests/display/fake.h"

struct scene {
	struct tk_fake fake;
	struct tk_view_state view;
	struct tk_snapshot *snapshot;
	struct tk_grid grid;
};

/** Open on the default fake. To have another one, change s->fake and call scene_fetch(). */
void scene_open(struct scene *s, int w, int h, enum tk_charset charset);
/** Open on so many timers: the overview, as `top` begins with it. */
void scene_open_overview(struct scene *s, int w, int h, size_t n_timers);

void scene_close(struct scene *s);

/** Take a new snapshot and draw it, as top does. */
void scene_fetch(struct scene *s);

/** Press keys, one character each; after each key, do what top does. */
void scene_type(struct scene *s, const char *keys);
void scene_key(struct scene *s, uint32_t code);

/** The screen as text, to be freed by the caller. */
char *scene_text(const struct scene *s, bool ansi);

/** Whether the screen shows this text. */
bool scene_shows(const struct scene *s, const char *text);

/** The place of a pane in the table of panes. */
size_t scene_pane(const char *name);

#endif
