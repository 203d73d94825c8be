/* SPDX-License-Identifier: MIT */
/* Labels in names: held to a regular expression of the grammar, and there and back. */
#include "collector/labels/labels.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "tests/random.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define KEY  "[A-Za-z_][A-Za-z0-9_]*"
#define PAIR KEY "=(\"([^\"\\]|\\\\[\"\\])+\"|[^\"\\,={}]+)"
#define NAME "^[^{]+\\{" PAIR "(," PAIR ")*\\}$"

/* A pair at the beginning of the text. @return its length; *key is that of its key */
static size_t pair_at(const regex_t *pair, const char *text, size_t *key)
{
	regmatch_t m[1];

	cr_assert_eq(regexec(pair, text, 1, m, 0), 0);
	cr_assert_eq(m[0].rm_so, 0);
	*key = strcspn(text, "=");
	return (size_t)m[0].rm_eo;
}

static bool reserved(const char *key, size_t n)
{
	static const char *const words[] = { "app", "timer", "pid", "le", "user" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (strlen(words[i]) == n && memcmp(words[i], key, n) == 0)
			return true;
	return n >= 2 && memcmp(key, "__", 2) == 0;
}

/* What the grammar and the text beside it say, by other means than the parser's. */
static uint32_t oracle(const char *name)
{
	static regex_t whole, pair;
	static bool ready;
	const char *keys[64], *at;
	size_t lengths[64], n;
	uint32_t labels = 0;

	if (!ready) {
		cr_assert_eq(regcomp(&whole, NAME, REG_EXTENDED | REG_NOSUB), 0);
		cr_assert_eq(regcomp(&pair, "^" PAIR, REG_EXTENDED), 0);
		ready = true;
	}
	if (strlen(name) > 63 || regexec(&whole, name, 0, NULL, 0) != 0)
		return 0;
	for (at = strchr(name, '{'); *at != '}'; at += n) {
		keys[labels] = ++at;
		n = pair_at(&pair, at, &lengths[labels]);
		if (reserved(at, lengths[labels]))
			return 0;
		for (uint32_t i = 0; i < labels; i++)
			if (lengths[i] == lengths[labels] && !memcmp(keys[i], at, lengths[i]))
				return 0;
		labels++;
	}
	return labels;
}

static void same(const struct tk_labels *a, const struct tk_labels *b)
{
	cr_assert_str_eq(a->base, b->base);
	cr_assert_eq(a->n, b->n);
	for (uint32_t i = 0; i < a->n; i++) {
		cr_assert_str_eq(a->label[i].key, b->label[i].key);
		cr_assert_str_eq(a->label[i].value, b->label[i].value);
	}
}

/* Every promise that holds for any name. */
static bool check(const char *name)
{
	struct tk_labels labels, back;
	char text[TK_NAME_MAX + 1], again[TK_NAME_MAX + 1];
	uint32_t expected = oracle(name);

	cr_assert_eq(tk_labels_parse(name, &labels), expected > 0, "%s", name);
	cr_assert_eq(labels.n, expected, "%s: %u labels, not %u", name, labels.n, expected);
	cr_assert_eq(tk_labels_base(name), expected ? strcspn(name, "{") : strlen(name));
	cr_assert_eq(memcmp(name, labels.base, strlen(labels.base)), 0);
	cr_assert_eq(tk_labels_format(&labels, text), 0);
	cr_assert_leq(strlen(text), strlen(name));
	cr_assert(expected || strlen(name) > 63 || strcmp(text, name) == 0);
	for (uint32_t i = 0; i < labels.n; i++) {
		cr_assert(labels.label[i].key[0] && labels.label[i].value[0]);
		cr_assert(i == 0 || strcmp(labels.label[i - 1].key, labels.label[i].key) < 0);
	}
	if (strlen(name) > 63)
		return false; /* it was cut */
	tk_labels_parse(text, &back);
	same(&labels, &back);
	cr_assert_eq(tk_labels_format(&back, again), 0);
	cr_assert_str_eq(text, again);
	return expected > 0;
}

static void labels_are(const char *name, const char *base, const char *pairs[][2])
{
	struct tk_labels labels;
	uint32_t n = 0;

	cr_assert(check(name), "%s", name);
	tk_labels_parse(name, &labels);
	cr_assert_str_eq(labels.base, base);
	for (; pairs[n][0]; n++) {
		cr_assert_str_eq(labels.label[n].key, pairs[n][0]);
		cr_assert_str_eq(labels.label[n].value, pairs[n][1]);
	}
	cr_assert_eq(labels.n, n);
}

Test(labels, what_the_header_shows)
{
	labels_are("sent{queue=rx,core=3}", "sent",
		   (const char *[][2]){ { "core", "3" }, { "queue", "rx" }, { NULL } });
	labels_are("rpc{method=\"a,b\",path=\"C:\\\\tmp\"}", "rpc",
		   (const char *[][2]){ { "method", "a,b" }, { "path", "C:\\tmp" }, { NULL } });
}

Test(labels, edges)
{
	labels_are("a{k=v}", "a", (const char *[][2]){ { "k", "v" }, { NULL } });
	labels_are("a}=,\"b{k=v}", "a}=,\"b", (const char *[][2]){ { "k", "v" }, { NULL } });
	labels_are("a{_9=\"{}=\\\"\"}", "a", (const char *[][2]){ { "_9", "{}=\"" }, { NULL } });
	labels_are("größe{art=groß und klein}", "größe",
		   (const char *[][2]){ { "art", "groß und klein" }, { NULL } });
	labels_are(
		"a{apps=1,pid_=2,_le=3}", "a",
		(const char *[][2]){ { "_le", "3" }, { "apps", "1" }, { "pid_", "2" }, { NULL } });
}

/* All fifteen that fit, which are sorted, and one more that does not. */
Test(labels, as_many_as_fit)
{
	struct tk_labels labels;

	cr_assert(check("b{o=1,n=1,m=1,l=1,k=1,j=1,i=1,h=1,g=1,f=1,e=1,d=1,c=1,b=1,a=1}"));
	tk_labels_parse("b{o=1,n=1,m=1,l=1,k=1,j=1,i=1,h=1,g=1,f=1,e=1,d=1,c=1,b=1,a=1}", &labels);
	cr_assert_eq(labels.n, TK_LABELS_MAX);
	cr_assert(!check("b{o=1,n=1,m=1,l=1,k=1,j=1,i=1,h=1,g=1,f=1,e=1,d=1,c=1,b=1,a=1,p"));
	cr_assert(!check("b{o=1,n=1,m=1,l=1,k=1,j=1,i=1,h=1,g=1,f=1,e=1,d=1,c=1,b=1,a=1,}"));
}

Test(labels, what_does_not_parse_is_the_base)
{
	static const char *const names[] = {
		"",
		"a",
		"{k=v}",
		"a{}",
		"a{k=}",
		"a{k=\"\"}",
		"a{=v}",
		"a{k}",
		"a{k=v",
		"a{k=v}}",
		"a{k=v}b",
		"a{k=v,}",
		"a{,k=v}",
		"a{k=v, l=w}",
		"a{ k=v}",
		"a{k =v}",
		"a{9=v}",
		"a{k=v,k=w}",
		"a{k=v,l=w,k=v}",
		"a{k=\"v}",
		"a{k=\"v\"w}",
		"a{k=v\"w\"}",
		"a{k=\"\\n\"}",
		"a{k=\"\\",
		"a{k=\\v}",
		"a{k=v=w}",
		"a{k={v}}",
		"a{ü=v}",
		"a{app=1}",
		"a{timer=1}",
		"a{pid=1}",
		"a{le=1}",
		"a{user=1}",
		"a{__x=1}",
		"a{__=1}",
		"a{x=1,le=2}",
		"a\"b\\{},",
	};
	struct tk_labels labels;

	for (size_t i = 0; i < COUNT(names); i++) {
		cr_assert(!check(names[i]), "%s has labels", names[i]);
		tk_labels_parse(names[i], &labels);
		cr_assert_str_eq(labels.base, names[i]);
	}
}

Test(labels, the_name_is_63_bytes_at_most)
{
	char name[128];

	for (int n = 1; n < 100; n++) {
		snprintf(name, sizeof(name), "a{k=%0*d}", n, 0);
		cr_assert_eq(check(name), n <= 58, "%d", n);
	}
}

/* Texts of the characters that matter, of which some parse. */
Test(labels, any_name_is_what_the_grammar_says)
{
	static const char *const parts[] = { "a",    "b",    "{",       "}", ",",   "=",
					     "\"",   "\\",   "9",       "_", "k=v", "le",
					     "\\\"", "\\\\", "l=\"w\"", "ß", " " };
	uint64_t random = 15;
	char name[256];
	unsigned parsed = 0;

	for (int i = 0; i < 400000; i++) {
		uint64_t n = random_below(&random, 12);

		strcpy(name, random_below(&random, 3) ? "t{" : "");
		for (uint64_t j = 0; j < n; j++)
			strcat(name, parts[random_below(&random, COUNT(parts))]);
		if (random_below(&random, 3))
			strcat(name, "}");
		parsed += check(name);
	}
	cr_assert_gt(parsed, 1000);
}

/* Any base and labels come back from the name that is made of them, if they fit. */
Test(labels, what_is_put_together_comes_back)
{
	static const char bytes[] = "ab {}\",=\\09_z";
	uint64_t random = 16;
	unsigned fitted = 0;

	for (int i = 0; i < 100000; i++) {
		struct tk_labels made = { .base = "base" }, back;
		char name[TK_NAME_MAX + 1];

		made.n = (uint32_t)random_below(&random, 5);
		for (uint32_t j = 0; j < made.n; j++) {
			uint64_t n = 1 + random_below(&random, 20);

			snprintf(made.label[j].key, sizeof(made.label[j].key), "k%u", j);
			for (uint64_t k = 0; k < n; k++)
				made.label[j].value[k] =
					bytes[random_below(&random, sizeof(bytes) - 1)];
		}
		if (tk_labels_format(&made, name) == -ENAMETOOLONG)
			continue;
		cr_assert_eq(tk_labels_parse(name, &back), made.n > 0);
		same(&made, &back);
		fitted++;
	}
	cr_assert_gt(fitted, 10000);
}
