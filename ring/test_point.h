/* SPDX-License-Identifier: MIT */
/*
 * ring/test_point.h - marks where a test may kill or stop a process. Installed, because lane_push.h
 * includes it.
 *
 * TK_TEST_POINT("push.stored") stands after each store, file or lock that another process can see.
 * It compiles to nothing, except in tests/kill, which compiles everything once more with
 * -DTK_TEST_POINTS and defines tk_test_point(). (Points after each visible effect are LTTng-UST's
 * idea.) Between a push's two halves, and in DPDK's code, there can be no point; tests/kill steps
 * through those by instruction.
 */
#ifndef TK_RING_TEST_POINT_H
#define TK_RING_TEST_POINT_H

#ifdef TK_TEST_POINTS
/** Called on any thread, in signal handlers, and with locks held: it must take no lock and keep
 * errno. */
void tk_test_point(const char *name);
#define TK_TEST_POINT(name) tk_test_point(name)
#else
#define TK_TEST_POINT(name) ((void)0)
#endif

#endif
