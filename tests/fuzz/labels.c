/* SPDX-License-Identifier: MIT */
/*
 * Names of timers with labels in them: what parses comes back the same when it is written and read
 * again, in any order of its labels; what does not is the base.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/labels/labels.h"
#include "tests/fuzz/fuzz.h"

static void check_text(const char *text)
{
	REQUIRE(strnlen(text, TK_NAME_MAX + 1) <= TK_NAME_MAX);
}

static void there_and_back(const struct tk_labels *labels, const char *first)
{
	struct tk_labels back;
	char text[TK_NAME_MAX + 1];

	REQUIRE(tk_labels_format(labels, text) == 0);
	check_text(text);
	REQUIRE(tk_labels_parse(text, &back) == (labels->n > 0));
	REQUIRE(back.n == labels->n && strcmp(back.base, labels->base) == 0);
	REQUIRE(tk_labels_format(&back, text) == 0);
	REQUIRE(strcmp(text, first) == 0);
}

static void turn_round(struct tk_labels *labels)
{
	for (uint32_t i = 0; i < labels->n / 2; i++) {
		struct tk_label other = labels->label[labels->n - 1 - i];

		labels->label[labels->n - 1 - i] = labels->label[i];
		labels->label[i] = other;
	}
}

/* As it is, and backwards: the name that is written is another one then, and parses to the same. */
static void any_order(struct tk_labels *labels, const char *first)
{
	struct tk_labels back;
	char text[TK_NAME_MAX + 1], again[TK_NAME_MAX + 1];

	turn_round(labels);
	REQUIRE(tk_labels_format(labels, text) == 0);
	REQUIRE(tk_labels_parse(text, &back) == (labels->n > 0));
	REQUIRE(tk_labels_format(&back, again) == 0);
	REQUIRE(strcmp(again, first) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	char *name = fuzz_string(&in), first[TK_NAME_MAX + 1];
	struct tk_labels labels;
	bool has = tk_labels_parse(name, &labels);
	size_t base = tk_labels_base(name);

	check_text(labels.base);
	REQUIRE(labels.n <= TK_LABELS_MAX && has == (labels.n > 0));
	REQUIRE(strncmp(name, labels.base, strlen(labels.base)) == 0);
	REQUIRE(base == (has ? strlen(labels.base) : strlen(name)));
	REQUIRE(!has || name[base] == '{');
	for (uint32_t i = 0; i < labels.n; i++) {
		check_text(labels.label[i].key);
		check_text(labels.label[i].value);
		REQUIRE(labels.label[i].key[0] && labels.label[i].value[0]);
		REQUIRE(i == 0 || strcmp(labels.label[i - 1].key, labels.label[i].key) < 0);
	}
	REQUIRE(tk_labels_format(&labels, first) == 0);
	if (strlen(name) <= TK_NAME_MAX) { /* what is cut may parse */
		there_and_back(&labels, first);
		any_order(&labels, first);
	}
	free(name);
	return 0;
}
