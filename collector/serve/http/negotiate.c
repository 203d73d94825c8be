/* SPDX-License-Identifier: MIT */
#include "collector/serve/http/negotiate.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define THOUSAND 1000

/* A member of a comma-separated list: what it names, and its weight. */
struct member {
	const char *name, *version; /* in the header; version NULL: none is named */
	size_t name_n, version_n;
	int q; /* in thousandths */
};

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* "0.75" in thousandths; what is no weight is 0. */
static int weight(const char *text, size_t n)
{
	int q = 0, scale = THOUSAND;

	if (n == 0 || n > 5 || (text[0] != '0' && text[0] != '1') || (n > 1 && text[1] != '.'))
		return 0;
	q = (text[0] - '0') * THOUSAND;
	for (size_t i = 2; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		q += (text[i] - '0') * (scale /= 10);
	}
	return q > THOUSAND ? 0 : q;
}

/* `; name=value`, the value perhaps in quotes. @return what follows */
static const char *read_parameter(const char *at, struct member *m)
{
	const char *name = at, *value;
	size_t n = strcspn(at, "=;, \t"), value_n;

	at += n;
	if (*at != '=')
		return at;
	at++;
	if (*at == '"') {
		value = ++at;
		value_n = strcspn(at, "\"");
		at += value_n + (at[value_n] != 0);
	} else {
		value = at;
		value_n = strcspn(at, ";, \t");
		at += value_n;
	}
	if (n == 1 && (*name == 'q' || *name == 'Q'))
		m->q = weight(value, value_n);
	if (n == 7 && strncasecmp(name, "version", n) == 0) {
		m->version = value;
		m->version_n = value_n;
	}
	return at;
}

/* @return what follows the member; NULL: there was none */
static const char *next(const char *at, struct member *m)
{
	at += strspn(at, " \t,");
	if (!*at)
		return NULL;
	*m = (struct member){ .name = at, .name_n = strcspn(at, ";, \t"), .q = THOUSAND };
	at = skip_blanks(at + m->name_n);
	while (*at == ';') {
		at = skip_blanks(at + 1);
		at = skip_blanks(read_parameter(at, m));
	}
	return at + strcspn(at, ",");
}

static bool is_named(const struct member *m, const char *name)
{
	return m->name_n == strlen(name) && strncasecmp(m->name, name, m->name_n) == 0;
}

static bool is_known_version(const struct member *m)
{
	return !m->version || (m->version_n == 5 && (memcmp(m->version, "1.0.0", 5) == 0 ||
						     memcmp(m->version, "0.0.1", 5) == 0));
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

bool tk_accepts_openmetrics(const char *accept)
{
	int openmetrics = 0, text = 0;
	struct member m;

	while (accept && (accept = next(accept, &m))) {
		if (is_named(&m, "application/openmetrics-text") && is_known_version(&m))
			openmetrics = larger(openmetrics, m.q);
		else if (is_named(&m, "text/plain"))
			text = larger(text, m.q);
	}
	return openmetrics && openmetrics >= text;
}

bool tk_accepts_gzip(const char *accept_encoding)
{
	int named = -1, any = 0;
	struct member m;

	while (accept_encoding && (accept_encoding = next(accept_encoding, &m))) {
		if (is_named(&m, "gzip") || is_named(&m, "x-gzip"))
			named = larger(named, m.q);
		else if (is_named(&m, "*"))
			any = m.q;
	}
	return (named < 0 ? any : named) > 0;
}
