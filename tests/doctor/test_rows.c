/* SPDX-License-Identifier: MIT */
/* tests/doctor/checks.tsv: every check has its row, and what a row names is there. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/doctor/doctor.h"
#include "tests/doctor/fixtures.h"

enum column { ID, KERNEL, NEWEST, FORMS, ALSO, GOOD, BAD, INVISIBLE, WRAPPED, FIX, COLUMNS };

static char *rows[128][COLUMNS];
static size_t n_rows;

static char *file(const char *path)
{
	char name[512], *text = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(name, sizeof(name), "%s/%s", getenv("SOURCE"), path);
	f = fopen(name, "r");
	if (!f)
		return NULL;
	cr_assert_gt(getdelim(&text, &size, '\0', f), 0, "%s", name);
	fclose(f);
	return text;
}

static void read_rows(void)
{
	char *text = file("tests/doctor/checks.tsv"), *rest = NULL;
	bool heading = true;

	cr_assert_not_null(text, "SOURCE is the source tree");
	for (char *l = strtok_r(text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		if (l[0] == '#')
			continue;
		for (int c = 0; c < COLUMNS; c++) {
			rows[n_rows][c] = strsep(&l, "\t");
			cr_assert(rows[n_rows][c] && rows[n_rows][c][0], "row %zu, column %d",
				  n_rows, c);
		}
		cr_assert_null(l, "%s has more columns", rows[n_rows][ID]);
		n_rows += !heading;
		heading = false;
	}
}

TestSuite(rows, .init = read_rows);

static unsigned rows_of(const char *id)
{
	unsigned n = 0;

	for (size_t i = 0; i < n_rows; i++)
		n += !strcmp(rows[i][ID], id);
	return n;
}

/* "VERDICT VALUE": a fixture of that check. */
static const struct fixture *fixture_of(const char *id, const char *named)
{
	size_t verdict = strcspn(named, " ");

	for (size_t i = 0; i < N_FIXTURES; i++) {
		const struct fixture *x = &fixtures[i];

		if (!strcmp(x->id, id) && named[verdict] &&
		    !strncmp(tk_verdict_name(x->verdict), named, verdict) &&
		    !strcmp(x->value, named + verdict + 1))
			return x;
	}
	return NULL;
}

static bool is_test(const char *name)
{
	static const char *const files[] = { "tests/doctor/test_doctor.c",
					     "tests/tsc/test_check.c" };
	char want[96];
	bool found = false;

	for (size_t i = 0; i < 2; i++) {
		char *text = file(files[i]);

		snprintf(want, sizeof(want), i ? "\nTest(check, %s)" : "\nTest(doctor, %s)", name);
		found |= strstr(text, want) != NULL;
		free(text);
	}
	return found;
}

/* @return whether what a cell names is there, or it says why there is none */
static bool is_there(const char *id, const char *cell)
{
	if (!strncmp(cell, "- ", 2))
		return true;
	if (!strncmp(cell, "test ", 5))
		return is_test(cell + 5);
	return fixture_of(id, cell);
}

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* The suite that runs the fix names the check. */
static bool in_suite(const char *id, const char *suite)
{
	char path[64], *text;
	bool found;

	snprintf(path, sizeof(path), "tests/vm/suites/%s.sh", suite);
	text = file(path);
	found = text && strstr(text, id);
	free(text);
	return found;
}

static bool fix_is_known(const char *id, const char *by)
{
	if (starts(by, "vm "))
		return in_suite(id, by + 3);
	if (starts(by, "precondition "))
		return is_there(id, by + 13);
	return starts(by, "text: ");
}

Test(rows, every_check_has_one)
{
	struct tk_tsc_probe machine = tk_tsc_this_machine;
	struct tk_tsc_report report;
	size_t checks = 0;
	char id[64];

	for (size_t family = 0; tk_doctor_families[family]; family++)
		for (const struct tk_check *c = tk_doctor_families[family]; c->id; c++, checks++)
			cr_expect_eq(rows_of(c->id), 1, "%s", c->id);
	tk_tsc_check_all(&machine, &report);
	tk_tsc_check_freq(&machine, 1e9, &report);
	for (size_t i = 0; i < report.n_checks; i++, checks++) {
		snprintf(id, sizeof(id), "tsc.%s", report.checks[i].id);
		cr_expect_eq(rows_of(id), 1, "%s", id);
	}
	cr_expect_eq(n_rows, checks, "a row without its check");
}

Test(rows, what_they_name_is_there)
{
	for (size_t i = 0; i < n_rows; i++) {
		char *const *row = rows[i];

		cr_expect(starts(row[KERNEL], "- ") || strstr(row[KERNEL], ".c: ") ||
				  strstr(row[KERNEL], ".h: "),
			  "%s: a file and its function: %s", row[ID], row[KERNEL]);
		cr_expect(!strcmp(row[GOOD], "good machine") || is_there(row[ID], row[GOOD]),
			  "%s: good: %s", row[ID], row[GOOD]);
		cr_expect(row[BAD][0] != '-' && is_there(row[ID], row[BAD]), "%s: bad: %s", row[ID],
			  row[BAD]);
		cr_expect(is_there(row[ID], row[INVISIBLE]), "%s: invisible: %s", row[ID],
			  row[INVISIBLE]);
		cr_expect(is_there(row[ID], row[WRAPPED]), "%s: wrapped: %s", row[ID],
			  row[WRAPPED]);
		cr_expect(fix_is_known(row[ID], row[FIX]), "%s: fix: %s", row[ID], row[FIX]);
	}
}

/* A machine whose files are hidden or went below 0 is not known to be good. */
Test(rows, what_is_hidden_is_unknown)
{
	for (size_t i = 0; i < n_rows; i++)
		for (int c = INVISIBLE; c <= WRAPPED; c++)
			cr_expect(rows[i][c][0] == '-' || starts(rows[i][c], "test ") ||
					  starts(rows[i][c], "unknown "),
				  "%s: %s", rows[i][ID], rows[i][c]);
}

/* "text" is said of fixes that no fixture gives as a command or a parameter. */
Test(rows, commands_are_tried)
{
	static const char *const commands[] = { "echo ",      "for ",       "mkdir ",
						"nohz_full=", "rcu_nocbs=", "isolcpus=" };

	for (size_t i = 0; i < n_rows; i++)
		for (size_t k = 0; k < N_FIXTURES; k++)
			for (size_t c = 0; c < sizeof(commands) / sizeof(commands[0]); c++)
				if (!strcmp(fixtures[k].id, rows[i][ID]) && fixtures[k].fix &&
				    starts(fixtures[k].fix, commands[c]))
					cr_expect(!starts(rows[i][FIX], "text"), "%s", rows[i][ID]);
}
