/* SPDX-License-Identifier: MIT */
/*
 * collector/commands/viewer/viewer.h - the display on the terminal, until q, Ctrl-C, SIGTERM or
 * SIGHUP: of a collector that runs, or of a recording that is played.
 *
 *	tk_view_init(&t.view, where), t.view.recent = &t.recent
 *	tk_viewer_update()	a first picture
 *	tk_viewer_show()	takes the terminal, and gives it back
 *	tk_viewer_free()
 *	tk_viewer_die_if_told()
 *
 * Main thread.
 */
#ifndef TK_COLLECTOR_COMMANDS_VIEWER_VIEWER_H
#define TK_COLLECTOR_COMMANDS_VIEWER_VIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/cli/charset.h"
#include "collector/cli/options.h"
#include "collector/display/canvas/grid.h"
#include "collector/display/view/view.h"
#include "collector/engine/views/recent.h"
#include "collector/launch/launch.h"
#include "collector/replay/replay.h"

/** All zero to begin, but for where pictures come from: the caller's. */
struct tk_viewer {
	struct tk_launch *launch;       /* the command that was started, or NULL */
	struct tk_collector *collector; /* NULL: the replay is shown */
	struct tk_replay *replay;       /* or NULL */
	uint64_t played_ns;             /* CLOCK_MONOTONIC, when it was last played on */
	struct tk_snapshot *snapshot;
	struct tk_view_state view;
	struct tk_recent recent;
	struct tk_grid grid;
	uint64_t interval_ns; /* last asked for */
	bool drawn;           /* the screen shows the snapshot and the view as they are */
};

/** @return which standard stream is no terminal; NULL: both are */
const char *tk_viewer_missing(void);

/** Braille and blocks need a UTF-8 locale; otherwise the user's locale decides. */
void tk_viewer_set_locale(enum tk_charset asked);

/** Take a new snapshot, and the view follows it. @return false: no memory, nothing has changed */
bool tk_viewer_update(struct tk_viewer *t);

/**
 * Take the terminal and show, until the end. There is a first snapshot. With a command, let it
 * begin. @return 0 or a negative errno, for tk_viewer_failed()
 */
int tk_viewer_show(struct tk_viewer *t, const struct tk_args *a);

/** Say why the display ended. @return the exit code */
int tk_viewer_failed(int error);

void tk_viewer_free(struct tk_viewer *t);

/** SIGTERM and SIGHUP end the process as they would have, once the terminal is restored. */
void tk_viewer_die_if_told(void);

#endif
