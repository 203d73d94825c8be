/* SPDX-License-Identifier: MIT */
/*
 * tsc/offset.h - by how much the counters of two cores differ, and how well that can be known.
 *
 * Two pinned threads pass a token over one cache line:
 *
 *	reference:	t0, write token			...	see answer, t1
 *	peer:			see token, tp, answer
 *
 * tp happened after t0 and before t1. So, with offset = peer's counter - reference's counter:
 *
 *	tp - t1 <= offset <= tp - t0
 *
 * Every round gives such an interval, and the offset lies in all of them: in their intersection
 * [lo, hi], which is a bound and not a statistic. Half of the rounds go in the other direction,
 * because asking takes longer than answering (measured): one direction alone left +-100 ns and an
 * estimate that leaned to one side, both leave +-65 ns. The estimate is the middle. Random delays
 * keep the two threads from falling into step.
 *
 * An offset may be corrected only where the interval excludes zero. Where it does not, two cores
 * whose counters are equal look the same, and a correction would add an error.
 *
 * A measurement runs a thread on each cpu in turn, for about 1.2 ms a pair (3,000 rounds). It is
 * made when the user asks for it, and kept in a file for later runs in the same boot. A live
 * migration of a virtual machine makes the file stale without a new boot id: measure again after a
 * new epoch.
 */
#ifndef TK_TSC_OFFSET_H
#define TK_TSC_OFFSET_H

#include <stdbool.h>
#include <stdint.h>

#define TK_TSC_OFFSET_ROUNDS 3000

struct tk_tsc_offset {
	int cpu;
	int error;       /* 0, or negative errno: -EINVAL cannot be pinned, -ETIMEDOUT too busy */
	int64_t lo, hi;  /* ticks: counter of this cpu - counter of the reference */
	int64_t est;     /* ticks: the middle */
	uint32_t rounds; /* finished */
	uint32_t narrowest; /* ticks: the narrowest round trip */
};

struct tk_tsc_offsets {
	int ref_cpu;
	uint32_t n;
	struct tk_tsc_offset *v; /* ascending by cpu, without the reference */
};

/** The interval excludes zero: the counters differ, and est is what to subtract. */
static inline bool tk_tsc_offset_correctable(const struct tk_tsc_offset *o)
{
	return o->error == 0 && (o->lo > 0 || o->hi < 0);
}

/** How one pair is measured. All zero: the usual. */
struct tk_tsc_offset_how {
	uint64_t (*read_ref)(void);  /* tk_tsc_fenced */
	uint64_t (*read_peer)(void); /* tk_tsc_fenced; tests add a skew here */
	uint32_t rounds;             /* TK_TSC_OFFSET_ROUNDS; half of them each way */
	uint64_t deadline_ns;        /* 1 s; each thread gives up then by itself */
};

/**
 * Measure one pair, in two threads of its own: the caller's affinity does not change. If the
 * deadline comes after 50 rounds in each direction, those count: fewer rounds make the interval
 * wider, not wrong.
 * @return 0, or the negative errno that is in out->error too: -EINVAL (a cpu cannot be pinned),
 *	   -ETIMEDOUT, -EIO (the rounds contradict each other: a counter stepped),
 *	   -EAGAIN (no thread)
 */
int tk_tsc_offset_pair(int ref_cpu, int cpu, const struct tk_tsc_offset_how *how,
		       struct tk_tsc_offset *out);

/**
 * Measure every cpu that the calling thread may run on, against the first of them. A cpu that fails
 * is listed with its error. With one cpu the list is empty.
 * @return 0, -ENOMEM or what sched_getaffinity says. Release with tk_tsc_offsets_free().
 */
int tk_tsc_offsets_measure(struct tk_tsc_offsets *out);

/**
 * Write @dir/tsc-offsets, whole or not at all (rename). The directory must exist and be the
 * caller's.
 * @return 0; -EPERM (it is somebody else's, a link, or others can write into it); other negative
 * errno
 */
int tk_tsc_offsets_save(const char *dir, const struct tk_tsc_offsets *o);

/**
 * Read it back: only a plain file of the caller's, writable by nobody else, of this boot, and well
 * formed to the last number.
 * @return 0; -ENOENT (none); -EPERM (it or @dir is somebody else's, or others can write it);
 * -ESTALE (another boot); -EBADMSG (malformed); -ENOMEM; other negative errno of open and read
 */
int tk_tsc_offsets_load(const char *dir, struct tk_tsc_offsets *out);

void tk_tsc_offsets_free(struct tk_tsc_offsets *o);

#endif
