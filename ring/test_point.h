/* SPDX-License-Identifier: MIT */
/*
 * ring/test_point.h - where a test may kill or stop a process. Installed, for lane_push.h includes
 * it.
 *
 * TK_TEST_POINT("push.stored") stands behind each store, file or lock that another process can see.
 * It is nothing, but with -DTK_TEST_POINTS, as tests/kill compiles everything once more: then it
 * calls what that test defines. (The idea of points after each visible effect is LTTng-UST's.)
 * Where none can stand, between a push's two halves or in DPDK's code, tests/kill goes instruction
 * by instruction.
 */
#ifndef TK_RING_TEST_POINT_H
#define TK_RING_TEST_POINT_H

#ifdef TK_TEST_POINTS
/** On any thread, in signal handlers and with locks held: takes none, and leaves errno alone. */
void tk_test_point(const char *name);
#define TK_TEST_POINT(name) tk_test_point(name)
#else
#define TK_TEST_POINT(name) ((void)0)
#endif

#endif
