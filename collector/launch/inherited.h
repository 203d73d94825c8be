/* SPDX-License-Identifier: MIT */
/*
 * collector/launch/inherited.h - what this program was given when it began, and changes for itself:
 * a program that it starts has it as it was. The limit of descriptors, and which signals are
 * ignored.
 */
#ifndef TK_COLLECTOR_LAUNCH_INHERITED_H
#define TK_COLLECTOR_LAUNCH_INHERITED_H

#include <sys/types.h>

/** Remember it. Main thread, once, before anything is changed. */
void tk_inherited_remember(void);

/**
 * Raise the number of descriptors to the most that is allowed: each segment that is watched takes
 * two, and shells give only 1,024. Once.
 */
void tk_inherited_raise_descriptors(void);

/** In a program that was started: its limit of descriptors as ours was before that. */
void tk_inherited_restore_descriptors_of(pid_t pid);

/** In a forked child, before exec: as it was. Async-signal-safe. */
void tk_inherited_restore(void);

#endif
