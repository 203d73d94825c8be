/* SPDX-License-Identifier: MIT */
#include "collector/diff/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/printable.h"

static const struct {
	const char *name; /* of the note */
	const char *differ;
} facts[TK_FACTS] = {
	{ "machine.host", "Recordings are of different machines (%s, %s): a shift may be theirs." },
	{ "machine.cpu",
	  "Recordings are of different processors (%s, %s): a shift may be theirs." },
	{ "machine.kernel", "Recordings are of different kernels (%s, %s)." },
	{ "clock.ticks_per_s", "Clocks run at different rates (%s, %s): all is compared in ns." },
	{ "log.floor", "What an empty span costs is %s in one recording, %s in another." },
};

/* A clock's rate is measured anew in each recording: 1 MHz tells clocks apart. */
static void value_of(char to[TK_FACT_MAX], const char *name, const char *value)
{
	if (strcmp(name, "clock.ticks_per_s") == 0)
		snprintf(to, TK_FACT_MAX, "%.3f GHz", strtod(value, NULL) / 1e9);
	else
		tk_printable(to, TK_FACT_MAX, value);
}

void tk_facts_note(struct tk_facts *f, const char *name, const char *value)
{
	for (size_t i = 0; i < TK_FACTS; i++) {
		char text[TK_FACT_MAX];

		if (strcmp(name, facts[i].name) != 0)
			continue;
		value_of(text, name, value);
		if (!f->first[i][0])
			memcpy(f->first[i], text, sizeof(text));
		else if (strcmp(f->first[i], text) != 0)
			memcpy(f->other[i], text, sizeof(text));
	}
}

const char *tk_facts_differ(const struct tk_facts *f, size_t i, char *text, size_t size)
{
	if (!f->other[i][0])
		return NULL;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, size, facts[i].differ, f->first[i], f->other[i]);
#pragma GCC diagnostic pop
	return text;
}
