/* SPDX-License-Identifier: MIT */
/*
 * collector/discover/wake.h - wakes the collecting thread when something happens to a segment.
 *
 * One inotify descriptor watches the directories of segments and every attached segment. It tells
 * when to look, and never what there is: whoever is woken looks as it would have looked anyway. So
 * an event that is missing makes the collector find something later, and never wrongly. What cannot
 * be watched (no inotify, ENOSPC: fs.inotify.max_user_watches) is looked at by the clock.
 *
 * These happen, each with an event:
 *
 *	a segment appears	IN_CREATE in the directory; IN_ATTRIB when its group gets access
 *	a lane appears		IN_CREATE in the segment, before the lane is counted in `head`
 *	the owner ends		IN_CLOSE_WRITE of `head`, whose last mapping goes: by tk_close(),
 *				exit, exec or a kill; a moment before its lock goes
 *	enable, disable		IN_MODIFY of `control`
 *	unread records		IN_CLOSE_WRITE of `<app>.unread`
 *
 * Nothing happens when a program defines a timer: the first record of it tells.
 *
 * The collecting thread only.
 */
#ifndef TK_COLLECTOR_DISCOVER_WAKE_H
#define TK_COLLECTOR_DISCOVER_WAKE_H

#include <stdbool.h>
#include <stddef.h>

/** All zero: it does not work, and nothing can be watched. */
struct tk_wake {
	bool works;
	int fd;       /* becomes readable; if it works */
	int shared;   /* the watch of TK_SHARED_PLACE; 0: none */
	int *changed; /* the watches that had an event, ascending, each once */
	size_t n;
	bool all; /* events were lost: anything may have changed */
};

/** Fails silently. tk_wake_close() is its partner. */
void tk_wake_open(struct tk_wake *w);
void tk_wake_close(struct tk_wake *w);

/**
 * Watch an open directory: of segments, or a segment. The same directory has the same watch, which
 * ends with the directory or by tk_wake_forget(). A system call. @return the watch, > 0; 0: it
 * cannot be watched
 */
int tk_wake_watch_place(struct tk_wake *w, int place);
int tk_wake_watch_segment(struct tk_wake *w, int dirfd);

/** Watch for directories of users that appear in TK_SHARED_PLACE, for root. @return whether */
bool tk_wake_watch_shared(struct tk_wake *w);

/** @watch: may be 0. */
void tk_wake_forget(struct tk_wake *w, int watch);

/** Read what has happened since the last call. @return whether anything has. Does not block. */
bool tk_wake_read(struct tk_wake *w);

/** Whether a watch had an event, by the last tk_wake_read(). O(log n). */
bool tk_wake_has(const struct tk_wake *w, int watch);

#endif
