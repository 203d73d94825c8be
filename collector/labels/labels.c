/* SPDX-License-Identifier: MIT */
#include "collector/labels/labels.h"

#include <errno.h>
#include <string.h>

/* Bytes that a bare value does not have. */
#define NOT_BARE "\"\\,={}"

static bool is_letter(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_reserved(const char *key)
{
	static const char *const reserved[] = { "app", "timer", "pid", "le", "user" };

	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strcmp(key, reserved[i]) == 0)
			return true;
	return strncmp(key, "__", 2) == 0;
}

/* The functions below return where the text goes on, or NULL if it is not what they read. The name
 * is at most TK_NAME_MAX bytes, so what they write fits. */

static const char *parse_key(const char *at, char *key)
{
	size_t n = 0;

	while (is_letter(at[n]) || (n > 0 && is_digit(at[n])))
		n++;
	memcpy(key, at, n);
	key[n] = '\0';
	return n == 0 || is_reserved(key) || at[n] != '=' ? NULL : at + n + 1;
}

static const char *parse_bare(const char *at, char *value)
{
	size_t n = strcspn(at, NOT_BARE);

	memcpy(value, at, n);
	value[n] = '\0';
	return n == 0 ? NULL : at + n;
}

/* From behind the opening quote. */
static const char *parse_quoted(const char *at, char *value)
{
	size_t n = 0;

	for (; *at != '"'; at++) {
		if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
			at++;
		else if (*at == '\\' || *at == '\0')
			return NULL;
		value[n++] = *at;
	}
	value[n] = '\0';
	return n == 0 ? NULL : at + 1;
}

static const char *parse_pair(const char *at, struct tk_label *label)
{
	at = parse_key(at, label->key);
	if (!at)
		return NULL;
	return *at == '"' ? parse_quoted(at + 1, label->value) : parse_bare(at, label->value);
}

/* Put the label behind the n that are there into its place. @return whether its key is a new one */
static bool sort_in(struct tk_labels *labels)
{
	uint32_t at = labels->n;
	struct tk_label last = labels->label[at];
	int order = 1;

	while (at > 0 && (order = strcmp(last.key, labels->label[at - 1].key)) < 0) {
		labels->label[at] = labels->label[at - 1];
		at--;
	}
	labels->label[at] = last;
	labels->n++;
	return order != 0;
}

/* All pairs, from behind the "{" up to the end of the name. */
static bool parse_pairs(const char *at, struct tk_labels *labels)
{
	do {
		if (labels->n == TK_LABELS_MAX)
			return false;
		at = parse_pair(at, &labels->label[labels->n]);
		if (!at || !sort_in(labels))
			return false;
	} while (*at++ == ',');
	return at[-1] == '}' && *at == '\0';
}

bool tk_labels_parse(const char *name, struct tk_labels *labels)
{
	size_t n = strnlen(name, TK_NAME_MAX + 1), base = strcspn(name, "{");
	bool fits = n <= TK_NAME_MAX;

	labels->n = 0;
	if (fits && base > 0 && base < n && parse_pairs(name + base + 1, labels)) {
		n = base;
	} else {
		labels->n = 0;
		n = fits ? n : TK_NAME_MAX;
	}
	memcpy(labels->base, name, n);
	labels->base[n] = '\0';
	return labels->n > 0;
}

size_t tk_labels_base(const char *name)
{
	struct tk_labels labels;

	return tk_labels_parse(name, &labels) ? strlen(labels.base) : strlen(name);
}

size_t tk_labels_bytes(const char *name)
{
	return strlen(name) - tk_labels_base(name);
}

int tk_labels_order(const char *a, size_t labels_a, const char *b, size_t labels_b)
{
	size_t n = strlen(a) - labels_a, m = strlen(b) - labels_b;
	int order = memcmp(a, b, n < m ? n : m);

	return order ? order : (n > m) - (n < m);
}

/* What is written so far, and whether all of it fitted. */
struct out {
	char *name;
	size_t n;
	bool fits;
};

static void put(struct out *o, char c)
{
	if (o->n < TK_NAME_MAX)
		o->name[o->n++] = c;
	else
		o->fits = false;
}

static void put_text(struct out *o, const char *text)
{
	while (*text)
		put(o, *text++);
}

static void put_value(struct out *o, const char *value)
{
	if (value[strcspn(value, NOT_BARE)] == '\0') {
		put_text(o, value);
		return;
	}
	put(o, '"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			put(o, '\\');
		put(o, *value);
	}
	put(o, '"');
}

int tk_labels_format(const struct tk_labels *labels, char name[TK_NAME_MAX + 1])
{
	struct out o = { .name = name, .fits = true };

	put_text(&o, labels->base);
	for (uint32_t i = 0; i < labels->n; i++) {
		put(&o, i == 0 ? '{' : ',');
		put_text(&o, labels->label[i].key);
		put(&o, '=');
		put_value(&o, labels->label[i].value);
	}
	if (labels->n > 0)
		put(&o, '}');
	name[o.n] = '\0';
	return o.fits ? 0 : -ENAMETOOLONG;
}
