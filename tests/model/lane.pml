/* SPDX-License-Identifier: MIT */
/*
 * A lane, its writer and a reader, for SPIN. README.md says what is modelled, what is left out and
 * why that is no loss; `run` checks the model, and that each of the mutants below is caught.
 *
 * Names are those of ring/lane_push.h, ring/lane_read.c and producer/writer.c, so that the two can be
 * read side by side: whoever changes one changes the other.
 */

/* ---- how large: by -D ---- */

#ifndef N
#define N 4 /* slots: 2 or 4 */
#endif
#ifndef START
#define START N /* the first number: N is a new lane; above, it was filled by a former lap */
#endif
#ifndef PUSHES
#define PUSHES 4 /* by the thread, in the middle of any of which ... */
#endif
#ifndef SIGNALS
#define SIGNALS 1 /* ... so many handlers push */
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef JUMPS
#define JUMPS 0 /* handlers that siglongjmp out of the push they interrupted */
#endif
#ifndef HAND_OVERS
#define HAND_OVERS 0
#endif
#ifndef FALSE_ENDS
#define FALSE_ENDS 0 /* the reader takes the living for dead */
#endif
#ifndef BUFFER
#define BUFFER 3 /* stores on their way to memory */
#endif
#ifndef TAG_BITS
#define TAG_BITS 4
#endif
#ifndef TAG_SHIFT
#define TAG_SHIFT 1 /* as 8 is to at least 256 slots */
#endif

#ifndef TURN
#define TURN 1 /* pushes between two publications */
#endif
#define CHUNK 2
#define ROOM  1 /* N/8: before the writer, where a lapped reader goes */

/* ---- mutants of one word; the others are marked MUTANT where they are ---- */

#if defined(MUTANT_MARGIN_DROPPED)
#define MARGIN 0
#elif defined(MUTANT_MARGIN_TOO_WIDE)
#define MARGIN (ROOM + 1)
#else
#define MARGIN ROOM
#endif

#ifdef MUTANT_MARGIN_AFTER_END
#define MARGIN_AFTER_END ROOM
#else
#define MARGIN_AFTER_END 0
#endif

#ifdef MUTANT_STARTS_AT_ZERO
#undef START
#define START 0
#define BEGIN 0
#else
#define BEGIN N
#endif

#ifdef MUTANT_TAG_TOO_COARSE
#undef TAG_SHIFT
#define TAG_SHIFT 3
#endif

#include "memory.pml"
#include "writer.pml"
#include "reader.pml"

init {
	atomic {
		memory[PUBLISHED] = START;
#if START > N
		where = START - N;
		do
		:: where == START -> break
		:: else ->
			memory[HALF_A(where)] = RECORD(where, THREAD);
			memory[HALF_B(where)] = RECORD(where, THREAD);
			where++
		od;
#endif
		run memory_system();
#ifndef ATTACHED_BEFORE
		run_writer();
#endif
		run reader()
	}
}

#ifdef WAIT_FREE
/* The writer is never held up: the next step of its thread, or of the handler that is on, can be
 * taken in every state. */
never {
	do
	:: assert(!the_thread || over || (handling -> enabled(the_handler) : enabled(the_thread)))
	od
}
#endif
