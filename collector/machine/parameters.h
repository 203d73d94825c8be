/* SPDX-License-Identifier: MIT */
/*
 * collector/machine/parameters.h - the kernel's command line, read as the kernel reads it.
 *
 * The rules are those of next_arg() and parse_args() (lib/cmdline.c, kernel/params.c) and of
 * bitmap_parselist() (lib/bitmap.c; by Linux 6.12 lib/bitmap-str.c): quotes, "-" for "_" in a
 * name, nothing after "--", and lists such as "1-N", "all", "0-15:2/4", "1,,3". Any thread.
 */
#ifndef TK_COLLECTOR_MACHINE_PARAMETERS_H
#define TK_COLLECTOR_MACHINE_PARAMETERS_H

#include <stddef.h>

#include "tsc/files.h"

/**
 * Find a parameter on the command line.
 * @value: of the last one; empty if that has none
 * @return how often it is there, 0: not at all; or why /proc/cmdline could not be read
 */
int tk_parameter_find(const char *root, const char *name, char value[], size_t len);

/**
 * A list of cpus as a parameter may give it.
 * @bits: how many cpus the kernel knows: "N" is the last of them, and higher ones are an error
 * @return 0; -EINVAL or -ERANGE where the kernel refuses the list, and *out is then empty
 */
int tk_parameter_cpus(const char *list, unsigned int bits, struct tk_tsc_cpus *out);

#endif
