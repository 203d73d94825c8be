/* SPDX-License-Identifier: MIT */
/*
 * collector/launch/descriptors.h - the limit of descriptors, which this program raises for itself,
 * and which a program that it starts has as it was.
 */
#ifndef TK_COLLECTOR_LAUNCH_DESCRIPTORS_H
#define TK_COLLECTOR_LAUNCH_DESCRIPTORS_H

/**
 * Raise the number of descriptors to the most that is allowed: each segment that is watched takes
 * two, and shells give only 1,024. Once, when the program begins.
 */
void tk_descriptors_raise(void);

/** In a forked child, before exec: as it was. Async-signal-safe. */
void tk_descriptors_restore(void);

#endif
