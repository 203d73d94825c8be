/* SPDX-License-Identifier: MIT */
/*
 * Command lines: words separated by NULs. Parsed only, never executed. What is accepted is within
 * what the help says; what is refused, is refused with one printable line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/shells/shells.h"
#include "collector/commands/commands.h"
#include "collector/tune/model/sizes.h"
#include "tests/fuzz/fuzz.h"

#define WORDS 64

static void check_value(const struct tk_args *a, const struct tk_option *o)
{
	const void *at = (const char *)a + o->offset;
	uint64_t n = 0;

	if (o->type != TK_OPTION_TEXT)
		memcpy(&n, at, o->type == TK_OPTION_FLAG ? 1 : o->type == TK_OPTION_PID ? 4 : 8);
	if (o->type == TK_OPTION_INTERVAL)
		REQUIRE(!n || (n >= TK_INTERVAL_MIN_NS && n <= TK_INTERVAL_MAX_NS));
	else if (o->type == TK_OPTION_RATE)
		REQUIRE(n <= 1000000000);
	else if (o->type == TK_OPTION_SLOTS)
		REQUIRE(!n || tk_size_of(n) < TK_SIZES);
	else if (o->type == TK_OPTION_FLAG)
		REQUIRE(n <= 1);
	else if (o->type == TK_OPTION_PID)
		REQUIRE(n <= INT32_MAX);
	else if (o->type == TK_OPTION_TIME || o->type == TK_OPTION_POLL ||
		 o->type == TK_OPTION_SIZE)
		REQUIRE(n <= UINT64_C(1000000000000000000));
}

static void check_accepted(const struct tk_args *a, char **words, int n)
{
	const struct tk_command *c = a->command;
	const struct tk_option *o;

	REQUIRE(c && tk_command_find(&tk_program, c->name) == c);
	REQUIRE(a->cpu >= -1 && a->cpu < 4096);
	REQUIRE(a->charset >= 0 && a->charset <= 3 && a->format >= 0 && a->format <= 2);
	REQUIRE(!a->once || a->count == 1 || a->help || a->version);
	REQUIRE(a->n_operands >= 0 && a->n_operands <= n);
	for (int i = 0; i < a->n_operands; i++)
		REQUIRE(a->operands[i] && words[n] == NULL);
	if (a->help || a->version)
		return;
	REQUIRE(a->n_operands >= c->min_operands);
	REQUIRE(c->runs || a->n_operands <= c->max_operands);
	/* What would be run stands behind `--`, and is no slip of the keyboard. */
	REQUIRE(!c->runs || !a->n_operands || !strcmp(a->operands[-1], "--"));
	for (size_t i = 0; (o = tk_option_of(c, i)); i++)
		check_value(a, o);
}

/* Each number that the time's text stands for, by another way: long double and one suffix. */
static void check_time(const char *text)
{
	uint64_t ns = 0;
	long double number, scale;
	char *end;

	if (tk_parse_time(text, &ns) < 0)
		return;
	REQUIRE(text[0] >= '0' && text[0] <= '9');
	number = strtold(text, &end);
	scale = !strcmp(end, "ns")   ? 1
		: !strcmp(end, "us") ? 1e3L
		: !strcmp(end, "ms") ? 1e6L
		: !strcmp(end, "s")  ? 1e9L
				     : 0;
	REQUIRE(scale != 0 && ns >= 1);
	number *= scale;
	REQUIRE((long double)ns <= number * (1 + 1e-15L));
	REQUIRE((long double)ns > number * (1 - 1e-15L) - 1);
}

static void show_help(const struct tk_args *a)
{
	static FILE *nowhere;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	REQUIRE(nowhere);
	if (a->help)
		tk_help_command(nowhere, a->command);
	if (a->man)
		tk_help_man(nowhere, &tk_program);
	if (a->completion)
		tk_shell_print(nowhere, &tk_program, (enum tk_shell)a->completion);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	char *words[WORDS + 1] = { strdup("timekeeper") }, *given[WORDS], why[256] = "";
	struct tk_args a;
	int n = 1;

	while (in.left && n < WORDS)
		words[n++] = fuzz_string(&in);
	for (int i = 0; i < n; i++)
		check_time(words[i]);
	memcpy(given, words, sizeof(given)); /* parsing may permute them */
	if (tk_args_parse(&a, &tk_program, n, words, why) == 0) {
		check_accepted(&a, words, n);
		show_help(&a);
	} else {
		REQUIRE(fuzz_is_reason(why, sizeof(why)));
		REQUIRE(!strncmp(why, "usage: timekeeper ", 18) && !strchr(why, '\n'));
	}
	for (int i = 0; i < n; i++)
		free(given[i]);
	return 0;
}
