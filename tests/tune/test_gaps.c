/* SPDX-License-Identifier: MIT */
/* Distributions of gaps: made from histograms, drawn at random, written to JSON and read back. */
#include "collector/tune/model/gaps.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/random.h"

static const char *file_with(const char *text)
{
	static char path[] = "/tmp/tk-gaps-XXXXXX";
	int fd;
	FILE *f;

	strcpy(path, "/tmp/tk-gaps-XXXXXX");
	fd = mkstemp(path);
	f = fdopen(fd, "w");
	cr_assert(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static struct tk_gaps random_gaps(uint64_t *state)
{
	struct tk_hist *h = calloc(1, sizeof(*h));
	struct tk_gaps g = { 0 };

	for (unsigned n = 1 + (unsigned)random_below(state, 300); n; n--) {
		uint64_t v = TK_GAP_MIN_NS + random_log(state, 40);

		h->max = v > h->max ? v : h->max;
		h->buckets[tk_hist_index(v)] += 1 + random_below(state, 1000);
	}
	cr_assert_eq(tk_gaps_from_hist(&g, h), 0);
	cr_assert_eq(tk_gaps_worst(&g), h->max);
	free(h);
	return g;
}

Test(gaps, go_to_json_and_come_back)
{
	uint64_t state = 1;

	for (int round = 0; round < 100; round++) {
		struct tk_gaps g = random_gaps(&state), back = { 0 };
		json_t *all = json_pack("{s:i,s:o}", "schema", 1, "gaps", tk_gaps_json(&g));
		char *text = json_dumps(all, 0), why[256] = "";
		const char *path = file_with(text);

		cr_assert_eq(tk_gaps_read(&back, path, why), 0, "%s", why);
		cr_assert_eq(back.n, g.n);
		cr_assert_eq(back.polls, g.polls);
		cr_assert_eq(memcmp(back.gap, g.gap, g.n * sizeof(*g.gap)), 0);
		unlink(path);
		json_decref(all);
		free(text);
		tk_gaps_free(&g);
		tk_gaps_free(&back);
	}
}

Test(gaps, of_a_file_come_in_order)
{
	const char *path = file_with("{\"gaps\":[{\"gap_ns\":9000,\"polls\":1},"
				     "{\"gap_ns\":5000,\"polls\":7},{\"gap_ns\":1,\"polls\":1}]}");
	struct tk_gaps g = { 0 };
	char why[256];

	cr_assert_eq(tk_gaps_read(&g, path, why), 0);
	cr_assert_eq(tk_gaps_worst(&g), 9000);
	cr_assert_eq(g.gap[0].ns, TK_GAP_MIN_NS);
	cr_assert_eq(g.gap[1].polls, 7);
	unlink(path);
	tk_gaps_free(&g);
}

Test(gaps, that_are_none_are_refused_with_a_sentence)
{
	static const char *const bad[] = {
		"",
		"nonsense",
		"[]",
		"{}",
		"{\"gaps\":{}}",
		"{\"gaps\":[]}",
		"{\"gaps\":[1]}",
		"{\"gaps\":[{\"gap_ns\":1000}]}",
		"{\"gaps\":[{\"gap_ns\":0,\"polls\":1}]}",
		"{\"gaps\":[{\"gap_ns\":-5,\"polls\":1}]}",
		"{\"gaps\":[{\"gap_ns\":1000,\"polls\":0}]}",
		"{\"gaps\":[{\"gap_ns\":1e3,\"polls\":1}]}",
		"{\"gaps\":[{\"gap_ns\":3600000000001,\"polls\":1}]}",
		"{\"gaps\":[{\"gap_ns\":1000,\"polls\":9223372036854775807}]}",
		NULL,
	};

	for (int i = 0; bad[i]; i++) {
		const char *path = file_with(bad[i]);
		struct tk_gaps g = { 0 };
		char why[256] = "";

		cr_assert_eq(tk_gaps_read(&g, path, why), -EBADMSG, "%s", bad[i]);
		cr_assert(strlen(why) > 20);
		unlink(path);
		tk_gaps_free(&g);
	}
	cr_assert_eq(tk_gaps_read(&(struct tk_gaps){ 0 }, "/nonexistent", (char[256]){ 0 }),
		     -ENOENT);
}

Test(gaps, are_drawn_as_often_as_they_are_there)
{
	uint64_t state = 7, drawn[3] = { 0 };
	struct tk_gaps g = { 0 };

	tk_gaps_add(&g, 1000, 1);
	tk_gaps_add(&g, 2000, 10);
	tk_gaps_add(&g, 3000, 89);
	for (int i = 0; i < 100000; i++)
		drawn[tk_gaps_draw(&g, &state) / 1000 - 1]++;
	/* Within six standard deviations. */
	cr_assert(drawn[0] > 811 && drawn[0] < 1189, "%lu", drawn[0]);
	cr_assert(drawn[1] > 9431 && drawn[1] < 10569, "%lu", drawn[1]);
	tk_gaps_free(&g);
}
