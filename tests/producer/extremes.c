/* SPDX-License-Identifier: MIT */
/*
 * Spans and latencies at the ends of what a record holds, from the library to the rows of `stat`: a
 * figure is exact, or it is set aside. 2^47 - 1 ticks stand for "this long or longer", so they are
 * no figure.
 */
#include <criterion/criterion.h>

#include <jansson.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "producer/timekeeper.h"
#include "tests/place.h"

#define P(bits) (INT64_C(1) << (bits))

/* Of the system's clock, so that a tick is a ns. Two spans a timer, both with the latency. */
static const struct {
	const char *name;
	int64_t duration[2], since_origin;
	int64_t count[2], aside[2], sum[2]; /* of processing and latency */
} cases[] = {
	{ "one", { 35071, 35071 }, 7, { 2, 2 }, { 0, 0 }, { 70142, 14 } },
	{ "largest", { P(47) - 2, 0 }, P(47) - 2, { 2, 2 }, { 0, 0 }, { P(47) - 2, P(48) - 4 } },
	{ "2^47", { P(47), 5 }, P(47), { 1, 0 }, { 1, 2 }, { 5, 0 } },
	{ "2^48 - 1", { P(48) - 1, 5 }, P(48) - 1, { 1, 0 }, { 1, 2 }, { 5, 0 } },
	{ "2^48", { P(48), 5 }, P(48), { 1, 0 }, { 1, 2 }, { 5, 0 } },
	{ "2^52", { P(52), 1000000 }, P(52), { 1, 0 }, { 1, 2 }, { 1000000, 0 } },
	{ "-5", { -5, 1 }, -5, { 1, 0 }, { 1, 2 }, { 1, 0 } },
	{ "-2^50", { -P(50), 1 }, -P(50), { 1, 0 }, { 1, 2 }, { 1, 0 } },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void record(void)
{
	struct tk_options o = { .timebase = TK_TIMEBASE_SYSTEM, .keep = true };

	if (tk_open("extremes", &o))
		_exit(1);
	for (size_t i = 0; i < CASES; i++)
		for (int j = 0; j < 2; j++) {
			uint64_t start = tk_now() + (UINT64_C(1) << 60);
			struct tk_origin origin = { start - (uint64_t)cases[i].since_origin, 1 };

			tk_record_span(tk_timer(cases[i].name), start,
				       start + (uint64_t)cases[i].duration[j], origin);
		}
	tk_close();
	_exit(0);
}

/* A figure of a row that may be null. */
static int64_t figure(const json_t *row, const char *name)
{
	return json_integer_value(json_object_get(row, name));
}

static void check(const json_t *row)
{
	const char *timer = json_string_value(json_object_get(row, "timer"));
	const char *kind = json_string_value(json_object_get(row, "kind"));
	int m = kind && strcmp(kind, "latency") == 0;

	for (size_t i = 0; i < CASES && timer; i++) {
		if (strcmp(timer, cases[i].name) != 0)
			continue;
		cr_expect_eq(figure(row, "count"), cases[i].count[m], "%s %s", timer, kind);
		cr_expect_eq(figure(row, "set_aside"), cases[i].aside[m], "%s %s", timer, kind);
		cr_expect_eq((int64_t)json_number_value(json_object_get(row, "sum_ns")),
			     cases[i].sum[m], "%s %s", timer, kind);
	}
}

Test(extremes, exact_or_set_aside)
{
	char command[256], line[4096];
	int status, rows = 0;
	json_t *row;
	pid_t child;
	FILE *f;

	cr_assert(place_make());
	child = fork();
	if (child == 0)
		record();
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
	snprintf(command, sizeof(command), "%s stat --once --oldest --format jsonl 2>/dev/null",
		 getenv("TIMEKEEPER"));
	f = popen(command, "r");
	while (fgets(line, sizeof(line), f)) {
		row = json_loads(line, 0, NULL);
		cr_assert(row, "%s", line);
		check(row);
		rows += json_object_get(row, "timer") != NULL;
		json_decref(row);
	}
	cr_assert_eq(pclose(f), 0);
	cr_expect_eq(rows, (int)(2 * CASES), "%d rows", rows);
	cr_assert(place_remove());
}
