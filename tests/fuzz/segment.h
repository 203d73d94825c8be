/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/segment.h - a valid segment, for inputs to spoil.
 *
 * Made once a process by the writing side itself, so that it follows the format: 4 timers of 16,
 * lane 0 a ring that has gone round once, lane 1 a queue with records in it, 256 slots each. Its
 * owner is said to be process 1: unknown, until the input says that it is dead. An input spoils it
 * by patches; what they did is undone before the next.
 */
#ifndef TK_TESTS_FUZZ_SEGMENT_H
#define TK_TESTS_FUZZ_SEGMENT_H

#include "tests/fuzz/fuzz.h"

#define FUZZ_SEGMENT "app.1.0"

/** The directory of segments, where FUZZ_SEGMENT is; whole again. */
int fuzz_segment_mend(void);

/**
 * Spoil one file, as the input says:
 *
 *	u8 what		modulo 6 a file: head, control, lane.0, slots.0, lane.1, slots.1
 *	below 192	write there: u16 offset, u8 length (up to 63), bytes
 *	192 to 239	write a field, the ones that readers believe: its bytes
 *	240 to 251	truncate or extend: u16 size
 *	252 on		extend, sparse: u16 size, in units of 16 MiB
 */
void fuzz_segment_spoil(struct fuzz_input *in);

#endif
