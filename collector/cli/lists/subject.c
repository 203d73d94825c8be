/* SPDX-License-Identifier: MIT */
#include "collector/cli/lists/subject.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/printable.h"

/* Cut "processing.", "latency." or "value." off. */
static const char *parse_measure(const char **text)
{
	static const char *const measures[] = { "processing", "latency", "value" };

	for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
		size_t n = strlen(measures[i]);

		if (strncmp(*text, measures[i], n) != 0 || (*text)[n] != '.')
			continue;
		*text += n + 1;
		return measures[i];
	}
	return "";
}

/* No timer's name has anything else. */
static bool is_printable(const char *text)
{
	char *shown = strdup(text);
	bool same;

	if (!shown)
		return false;
	tk_printable(shown, strlen(text) + 1, text);
	same = strcmp(shown, text) == 0;
	free(shown);
	return same;
}

int tk_subject_parse(struct tk_subject *s, const char *text)
{
	const char *colon = strrchr(text, ':'), *word;
	size_t length;

	*s = (struct tk_subject){ .pattern = NULL };
	if (!colon || colon == text || !is_printable(text))
		return -EINVAL;
	word = colon + 1;
	s->measure = parse_measure(&word);
	length = strcspn(word, "<>");
	if (!length || !word[length] || length >= sizeof(s->word))
		return -EINVAL;
	memcpy(s->word, word, length);
	s->condition = word + length;
	s->pattern = strndup(text, (size_t)(colon - text));
	return s->pattern ? 0 : -ENOMEM;
}

bool tk_subject_matches(const char *pattern, const char *of, const char *timer, const char *measure)
{
	return (!of[0] || strcmp(of, measure) == 0) && fnmatch(pattern, timer, 0) == 0;
}
