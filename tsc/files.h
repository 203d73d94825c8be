/* SPDX-License-Identifier: MIT */
/*
 * tsc/files.h - the kernel's small text files, and the lists of cpus in them.
 *
 * System calls and the stack only; any thread.
 */
#ifndef TK_TSC_FILES_H
#define TK_TSC_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TK_TSC_CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/"

/** As many cpus as a record can name: its cpu field has 12 bits. */
#define TK_TSC_CPUS 4096

struct tk_tsc_cpus {
	uint64_t bits[TK_TSC_CPUS / 64];
};

static inline bool tk_tsc_cpus_has(const struct tk_tsc_cpus *s, unsigned int cpu)
{
	return s->bits[cpu / 64] >> (cpu % 64) & 1;
}

static inline void tk_tsc_cpus_add(struct tk_tsc_cpus *s, unsigned int cpu)
{
	s->bits[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

static inline void tk_tsc_cpus_remove(struct tk_tsc_cpus *s, unsigned int cpu)
{
	s->bits[cpu / 64] &= ~(UINT64_C(1) << (cpu % 64));
}

static inline unsigned int tk_tsc_cpus_count(const struct tk_tsc_cpus *s)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < TK_TSC_CPUS / 64; i++)
		n += (unsigned int)__builtin_popcountll(s->bits[i]);
	return n;
}

static inline bool tk_tsc_cpus_empty(const struct tk_tsc_cpus *s)
{
	uint64_t any = 0;

	for (unsigned int i = 0; i < TK_TSC_CPUS / 64; i++)
		any |= s->bits[i];
	return any == 0;
}

/**
 * The beginning of root + path, as much as fits, NUL-terminated, without the spaces and newlines at
 * its end.
 * @return the length, or negative errno
 */
ssize_t tk_tsc_file_read(const char *root, const char *path, char *buf, size_t len);

/** Whether a word stands in a text, between spaces. */
bool tk_tsc_has_word(const char *text, const char *word);

/** A flag of the first cpu in /proc/cpuinfo. @return 1, 0: it has none such, or negative errno */
int tk_tsc_cpu_flag(const char *root, const char *flag);

/** A list such as "0-3,8,10-11". @return 0, or -EINVAL for anything else, and *out is then empty */
int tk_tsc_cpus_parse(const char *list, struct tk_tsc_cpus *out);

/**
 * A mask as the kernel writes them, "f" or "ff,ffffffff".
 * @return 0, or -EINVAL for anything else, and *out is then empty
 */
int tk_tsc_cpus_parse_mask(const char *mask, struct tk_tsc_cpus *out);

/** As a list such as "0-3,8"; cut to len. */
void tk_tsc_cpus_list(const struct tk_tsc_cpus *s, char *buf, size_t len);

/** As a mask such as "ff,ffffffff"; cut to len. */
void tk_tsc_cpus_mask(const struct tk_tsc_cpus *s, char *buf, size_t len);

/**
 * The list of cpus in a file. An empty file, and the kernel's "(null)", is an empty list.
 * @return 0 or negative errno, and *out is then empty
 */
int tk_tsc_cpus_read(const char *root, const char *path, struct tk_tsc_cpus *out);

/** The cpus now online. @return 0 or negative errno, and *out is then empty */
int tk_tsc_cpus_online(const char *root, struct tk_tsc_cpus *out);

#endif
