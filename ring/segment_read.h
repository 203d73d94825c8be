/* SPDX-License-Identifier: MIT */
/*
 * ring/segment_read.h - attaches to segments, says whether their owner lives, and removes them.
 *
 * Shared memory is hostile input. Files are opened by ring/place_read.h, and their size is
 * verified. The head and the tables are read by pread into private memory and checked there. Only
 * slots, lane heads and counts are mapped, PROT_READ. Truncating a mapped file raises SIGBUS;
 * ring/guard.h makes that one bad segment. A reader writes nothing: it locks, and unlinks what is
 * closed or dead.
 *
 * A queue (ring/discipline.h) is the exception: its reader writes to slots.N, and there is one
 * reader at a time. Unless `from` is TK_LANE_LOOK, attaching maps it for writing and locks the
 * file. A queue that another reader has locked is left out until that reader ends or lets go of it.
 *
 * One thread per struct tk_segment. Errors come as a negative errno and a sentence in `why`, which
 * holds no control characters and can be printed as it is.
 */
#ifndef TK_RING_SEGMENT_READ_H
#define TK_RING_SEGMENT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ring/attached.h"
#include "ring/lane_read.h"
#include "ring/owner.h"
#include "ring/place_read.h"

/**
 * Attach to the segment `name` in the directory `dirfd`. Two descriptors, and one a queue.
 * @return NULL and errno: ENOENT (gone), EAGAIN (still being made), EPROTO (another version:
 * `why` names it), EBADMSG (not a segment, truncated, lying about its sizes), ENOMEM, EMFILE, ...
 * ENOENT and EAGAIN pass, and EACCES may (a group's segment is the owner's alone at first). What
 * died while it was being made, or removed, is EBADMSG once that is certain (ring/owner.h).
 * TK_LANE_LOOK sees it as a dead segment without timers and lanes; so it does one of an older
 * version that was closed, or whose machine was started anew since.
 *
 * `from` is where its lanes are begun. By TK_LANE_FIRST everything that they were ever given is
 * delivered or lost, also what was overwritten or dropped before. A queue that another reader took
 * records from is begun where that one ended.
 */
struct tk_segment *tk_segment_attach(int dirfd, const char *name, enum tk_lane_from from,
				     char why[TK_WHY_MAX]);

/**
 * Pick up timers and lanes that appeared since. Costs one pread (200 ns) when nothing did. Lanes
 * that appear after attaching are read from their first record, which is lost if it is overwritten
 * by then. A lane that cannot be attached is left out, and `why` says so once; the same for a queue
 * that turns out to be corrupt. A queue that was left out because of another reader is attached
 * once that has ended; to find out takes a system call a queue.
 * @return 0, or -EBADMSG: the segment has become invalid and should be detached.
 */
int tk_segment_refresh(struct tk_segment *s, char why[TK_WHY_MAX]);

/**
 * How many timers it has by now, at most `max`: for a thread that drains its lanes while another
 * one refreshes it. One pread (200 ns).
 */
uint32_t tk_segment_timers_now(const struct tk_segment *s, uint32_t max);

/**
 * Whether a timer that there is by now is one of values: likewise. It never changes.
 */
bool tk_segment_has_values(const struct tk_segment *s, uint32_t timer);

/**
 * Map every page of an attached lane now: which thread reads it first will not fault. 30 ns a page,
 * of 4 KiB or 2 MiB.
 */
void tk_segment_fault_in(const struct tk_segment *s, uint32_t lane);

/**
 * How many records of a timer its program has pushed since it began: the sum over the lanes that
 * are attached. It never falls. A record that is read already may be missing for an instant, or for
 * ever if its push was killed before it counted. A cache miss a lane.
 */
uint64_t tk_segment_pushed(const struct tk_segment *s, uint32_t timer);

/** Who owns it and whether it lives. A system call or two: ask some times a second, not more. */
enum tk_owner tk_segment_owner(const struct tk_segment *s);

/** Which of its info.n_timers timers are disabled, a byte each; all 0 if that cannot be read. */
void tk_segment_disabled(const struct tk_segment *s, uint8_t *disabled);

void tk_segment_detach(struct tk_segment *s);

/**
 * Unmap its lanes and free its tables; what was marked, and its name, stay until it is detached.
 */
void tk_segment_release_lanes(struct tk_segment *s);

/**
 * Remove a dead segment from its directory `place`, and its hugetlbfs files: what was attached, not
 * what bears its name by now. Unlinks only: whoever has it mapped keeps it. @return 0 or -errno.
 */
int tk_segment_remove(const struct tk_segment *s, int place);

/**
 * For the collector that holds `slot` (ring/presence.h): tell programs and other collectors that it
 * has attached the segment; that it needs it no more. Both hold until detaching. Done is what was
 * read to its end after it was closed or its owner died, and at once what had ended before the
 * collector's first listing. @return 0 or -errno.
 */
int tk_segment_mark_attached(const struct tk_segment *s, unsigned slot);
int tk_segment_mark_done(const struct tk_segment *s, unsigned slot);

/**
 * Remove a segment that this collector has marked done, if it is closed and not to be kept, and
 * every other collector that is present has marked it, too. `even_kept`: also what was killed or is
 * to be kept. `presence` is tk_presence_enter()'s descriptor. Ask again after a while: a collector
 * that has not marked it may die. Four system calls.
 * @return 1: removed, 0: not yet, or -errno.
 */
int tk_segment_remove_if_done(const struct tk_segment *s, int place, int presence, bool even_kept);

/**
 * Its control file, O_RDONLY or O_WRONLY, if it is a regular file of the owner's.
 * @return a descriptor or -errno.
 */
int tk_segment_open_control(const struct tk_segment *s, int access);

#endif
