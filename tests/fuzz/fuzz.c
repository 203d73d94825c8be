/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fuzz_violated(const char *property, const char *file, int line)
{
	fprintf(stderr, "%s:%d: violated: %s\n", file, line, property);
	abort();
}

uint64_t fuzz_number(struct fuzz_input *in, unsigned bytes)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < bytes && in->left; i++) {
		n |= (uint64_t)*in->at++ << (8 * i);
		in->left--;
	}
	return n;
}

char *fuzz_string(struct fuzz_input *in)
{
	size_t n = strnlen((const char *)in->at, in->left);
	char *text = strndup(in->left ? (const char *)in->at : "", n);

	REQUIRE(text);
	in->at += n + (n < in->left);
	in->left -= n + (n < in->left);
	return text;
}

/* ---- files ----------------------------------------------------------------------------------- */

static char place[] = "/dev/shm/tk-fuzz-XXXXXX";
static pid_t owner;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void remove_place(void)
{
	if (getpid() == owner)
		nftw(place, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_place(void)
{
	if (!owner) {
		REQUIRE(mkdtemp(place));
		owner = getpid();
		atexit(remove_place);
	}
	return place;
}

/* The directories of a path below dir. */
static void make_directories(const char *dir, const char *name)
{
	char path[512];

	for (const char *end = strchr(name, '/'); end; end = strchr(end + 1, '/')) {
		snprintf(path, sizeof(path), "%s/%.*s", dir, (int)(end - name), name);
		mkdir(path, 0700);
	}
}

void fuzz_write_file(const char *dir, const char *name, const void *bytes, size_t size)
{
	char path[512];
	int fd;

	make_directories(dir, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	REQUIRE(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

int fuzz_free_descriptor(void)
{
	int fd = dup(STDERR_FILENO);

	REQUIRE(fd >= 0);
	close(fd);
	return fd;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* Bytes of the well-formed sequence at s, by the table of the Unicode standard (3-7); 0: none. */
static size_t well_formed(const unsigned char *s)
{
	static const struct {
		unsigned char first, last, second_from, second_to, bytes;
	} row[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (*s < row[i].first || *s > row[i].last)
			continue;
		if (row[i].bytes > 1 && (s[1] < row[i].second_from || s[1] > row[i].second_to))
			return 0;
		for (size_t k = 2; k < row[i].bytes; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return row[i].bytes;
	}
	return 0;
}

/* A lead byte and fewer continuations than it asks for, and then the end. */
static bool cut_short(const unsigned char *s)
{
	size_t n = 1;

	while (s[n] >= 0x80 && s[n] <= 0xbf)
		n++;
	return s[0] >= 0xc2 && s[0] <= 0xf4 && s[n] == 0 && n < 4;
}

bool fuzz_printable(const char *text, bool cut)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		size_t n = well_formed(s);

		if (n == 0)
			return cut && cut_short(s);
		if (*s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0))
			return false;
		s += n;
	}
	return true;
}

bool fuzz_is_reason(const char *why, size_t size)
{
	return memchr(why, 0, size) && why[0] && fuzz_printable(why, true);
}
