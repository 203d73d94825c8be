/* SPDX-License-Identifier: MIT */
/*
 * producer/ffi.c - libtimekeeper-ffi: the inline functions of timekeeper.h as ordinary symbols of
 * the same names, for languages that cannot inline C. They are compiled from the header, so this
 * library holds no state and no code of its own: what a thread records goes into its lane in
 * libtimekeeper.so.0, whoever else in the process records by the inline ones.
 *
 * A new inline function needs a line in timekeeper-ffi.map, and nothing here. Within this library
 * they are inlined into each other. The call from outside is what they cost more: bench/ffi.
 */
#define TK_HOT extern inline __attribute__((always_inline, visibility("default")))

#include "producer/timekeeper.h"
