/* SPDX-License-Identifier: MIT */
/*
 * The file of `timekeeper tune --stalls`: what is read is a distribution in order and within
 * bounds, and comes back the same when it is written and read again.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/tune/model/gaps.h"
#include "tests/fuzz/fuzz.h"

/* A file in memory, and its name. */
static void put(const void *bytes, size_t size, char name[32])
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("stalls", MFD_CLOEXEC);
	REQUIRE(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
	snprintf(name, 32, "/proc/self/fd/%d", fd);
}

static void check(const struct tk_gaps *g)
{
	uint64_t polls = 0, chance = 1;

	REQUIRE(g->n > 0 && g->n <= TK_HIST_BUCKETS);
	for (size_t i = 0; i < g->n; i++) {
		REQUIRE(g->gap[i].ns >= TK_GAP_MIN_NS && g->gap[i].ns <= TK_GAP_MAX_NS);
		REQUIRE(g->gap[i].polls > 0 && (i == 0 || g->gap[i].ns >= g->gap[i - 1].ns));
		REQUIRE(!__builtin_add_overflow(polls, g->gap[i].polls, &polls));
	}
	REQUIRE(polls == g->polls);
	REQUIRE(tk_gaps_worst(g) == g->gap[g->n - 1].ns);
	for (int i = 0; i < 8; i++) {
		uint64_t ns = tk_gaps_draw(g, &chance);

		REQUIRE(ns >= g->gap[0].ns && ns <= tk_gaps_worst(g));
	}
}

static void there_and_back(const struct tk_gaps *g)
{
	json_t *all = json_pack("{s:o}", "gaps", tk_gaps_json(g));
	char *text = json_dumps(all, 0), name[32], why[256];
	struct tk_gaps back = { 0 };

	REQUIRE(text);
	put(text, strlen(text), name);
	REQUIRE(tk_gaps_read(&back, name, why) == 0);
	REQUIRE(back.n == g->n && back.polls == g->polls);
	for (size_t i = 0; i < g->n; i++)
		REQUIRE(back.gap[i].ns == g->gap[i].ns);
	tk_gaps_free(&back);
	json_decref(all);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[32], why[256] = "";
	struct tk_gaps g = { 0 };

	put(data, size, name);
	if (tk_gaps_read(&g, name, why) == 0) {
		check(&g);
		there_and_back(&g);
	} else {
		REQUIRE(memchr(why, 0, sizeof(why)) && strstr(why, name));
	}
	tk_gaps_free(&g);
	return 0;
}
