/* SPDX-License-Identifier: MIT */
/* What the cases share. A case is a function; cases.c runs each in a directory of its own. */
#ifndef TK_TESTS_CASES_H
#define TK_TESTS_CASES_H

#include <inttypes.h>

#include "tests/edges/play.h"
#include "tests/edges/watch.h"

extern unsigned faults;

/** Count a fault, and say it. */
void check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** All that was printed of "app": so many records, of which at most so many lost. */
void check_sum(const struct watch *w, const char *what, uint64_t pushed, uint64_t lost_at_most);

#define EVERY(interval) ((const char *const[]){ "-i", interval, NULL })

/* Another process, so that a collector always has something to print; begin() starts it. */
extern struct player other;

/** A collector that has looked. @preload: may be NULL */
void begin(struct watch *w, const char *const *arguments, const char *preload);

/** One whose rows nobody reads until watch_unblock(); it has mapped a file of that name. */
void begin_blocked(struct watch *w, const char *const *arguments, const char *file);

/** Tell it to stop; every row of every case is held to the identities. */
void stop(struct watch *w);

/* cases_ends.c */
void lapped_small(void);
void lapped_large(void);
void lapped_queue(void);
void threads_before_exit(void);
void short_lived(void);
void lived_while_stopped(void);
void unread(void);
void restarted(void);
void restarted_with_another_clock(void);

/* cases_rows.c */
void many_timers(void);
void timers_at_once(void);
void many_dead_timers(void);
void paused_output(void);
void once_oldest(void);
void loss_is_said(void);
void queue_handed_over(void);

/* cases_clock.c */
void wall_clock(void);
void once_clock_back(void);

#endif
