/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz.h - what every fuzz target uses: its entry point, its properties, its input as a
 * script, a place for files.
 *
 * A target is one file that defines LLVMFuzzerTestOneInput(). It is linked with libFuzzer or AFL++,
 * or with replay.c for the test run. It holds the code under test to properties, and calls abort()
 * by REQUIRE where one does not hold: a crash is found without help.
 */
#ifndef TK_TESTS_FUZZ_H
#define TK_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Try one input. Must leave nothing behind that another input could notice. @return 0 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A property that holds for every input. */
#define REQUIRE(property)                                             \
	do {                                                          \
		if (!(property))                                      \
			fuzz_violated(#property, __FILE__, __LINE__); \
	} while (0)

_Noreturn void fuzz_violated(const char *property, const char *file, int line);

/** What is left of an input that is read as a script. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/** The next 1 to 8 bytes as a little-endian number; beyond the end, zeroes. */
uint64_t fuzz_number(struct fuzz_input *in, unsigned bytes);

/** The bytes up to the next NUL or the end, which are taken: a string, to be freed. */
char *fuzz_string(struct fuzz_input *in);

/** A directory of this process's own in memory, removed at exit with everything in it. */
const char *fuzz_place(void);

/** Make, or make anew, the file `name` in the directory `dir`, and the directories on the way. */
void fuzz_write_file(const char *dir, const char *name, const void *bytes, size_t size);

/**
 * Whether a text may go to a terminal: UTF-8 without control characters. By a decoder that shares
 * nothing with those under test. @cut: its last character may be cut short.
 */
bool fuzz_printable(const char *text, bool cut);

/** Whether it is a reason that can be shown: not empty, ended within `size`, printable. */
bool fuzz_is_reason(const char *why, size_t size);

/** The lowest descriptor that is free: the same before and after, or one was left open. */
int fuzz_free_descriptor(void);

#endif
