/* SPDX-License-Identifier: MIT */
/* A player (player.c) as a child: it pushes exactly what it is told. */
#ifndef TK_TESTS_PLAY_H
#define TK_TESTS_PLAY_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct player {
	pid_t pid;
	FILE *to, *from;
};

/** Start one ($PLAYER) and have it open a segment: "APP [OPTION...]", with one timer, t0. */
struct player play(const char *opens);

/** Tell it a command, and wait until it is done. A player that fails ends the test. */
void tell(struct player *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** End it by this command (exit, _exit, kill), and wait until it has ended. */
void end(struct player *p, const char *how);

#endif
