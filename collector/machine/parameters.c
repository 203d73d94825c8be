/* SPDX-License-Identifier: MIT */
#include "collector/machine/parameters.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_BYTES 8192 /* the kernel's is 2,048 on x86, and boot configuration adds to it */

/* --- the line -------------------------------------------------------------------------------- */

/*
 * Take one argument off the line. A quote keeps spaces together; quotes around the argument or
 * around its value are removed.
 * @value: behind the "="; NULL: there is none
 * @return the argument's name; NULL: none is left
 */
static char *next_argument(char **line, char **value)
{
	char *name = *line + strspn(*line, " \t\n"), *at, *equals = NULL;
	bool quoted = *name == '"', open = quoted;

	name += quoted;
	for (at = name; *at && (open || !isspace((unsigned char)*at)); at++) {
		if (*at == '=' && !equals && at > name)
			equals = at;
		if (*at == '"')
			open = !open;
	}
	*line = *at ? at + 1 : at;
	*at = '\0';
	*value = equals ? equals + 1 + (equals[1] == '"') : NULL;
	if (at > name && at[-1] == '"' && (quoted || (equals && equals[1] == '"')))
		at[-1] = '\0';
	if (equals)
		*equals = '\0';
	return at > name ? name : NULL;
}

/* In names, "-" and "_" are one character. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

int tk_parameter_find(const char *root, const char *name, char value[], size_t len)
{
	char text[LINE_MAX_BYTES], *line = text, *its, *word;
	ssize_t got = tk_tsc_file_read(root, "/proc/cmdline", text, sizeof(text));
	int times = 0;

	value[0] = '\0';
	if (got < 0)
		return (int)got;
	while ((word = next_argument(&line, &its))) {
		if (!its && !strcmp(word, "--")) /* the rest is for init */
			break;
		if (!same_name(word, name))
			continue;
		snprintf(value, len, "%s", its ? its : "");
		times++;
	}
	return times;
}

/* --- lists of cpus --------------------------------------------------------------------------- */

/* A piece of a list: of each `group` cpus from first to last, the first `used`. */
struct region {
	unsigned int first, last, used, group;
};

/* A number, or "N" for the last cpu. @return whether there was one */
static bool take(const char **p, unsigned int bits, unsigned int *number)
{
	unsigned long n;
	char *end;

	if (**p == 'N') {
		*number = bits - 1;
		++*p;
		return true;
	}
	if (!isdigit((unsigned char)**p))
		return false;
	errno = 0;
	n = strtoul(*p, &end, 10);
	if (errno || n > UINT32_MAX)
		return false;
	*number = (unsigned int)n;
	*p = end;
	return true;
}

static bool ends(char c)
{
	return c == '\0' || c == ',' || isspace((unsigned char)c);
}

/* Behind a range ":USED/GROUP" may stand. */
static bool take_pattern(const char **p, unsigned int bits, struct region *r)
{
	r->used = r->group = r->last + 1;
	if (ends(**p))
		return true;
	if (*(*p)++ != ':' || !take(p, bits, &r->used) || *(*p)++ != '/')
		return false;
	return take(p, bits, &r->group);
}

static bool take_region(const char **p, unsigned int bits, struct region *r)
{
	if (!strncasecmp(*p, "all", 3)) {
		*p += 3;
		*r = (struct region){ .last = bits - 1 };
		return take_pattern(p, bits, r);
	}
	if (!take(p, bits, &r->first))
		return false;
	r->last = r->first;
	if (**p == '-') {
		++*p;
		if (!take(p, bits, &r->last))
			return false;
	} else if (!ends(**p)) {
		return false;
	}
	return take_pattern(p, bits, r);
}

static int add(struct tk_tsc_cpus *out, const struct region *r, unsigned int bits)
{
	if (r->first > r->last || r->group == 0 || r->used > r->group)
		return -EINVAL;
	if (r->last >= bits)
		return -ERANGE;
	for (unsigned int cpu = r->first; cpu <= r->last; cpu++)
		if ((cpu - r->first) % r->group < r->used && cpu < TK_TSC_CPUS)
			tk_tsc_cpus_add(out, cpu);
	return 0;
}

int tk_parameter_cpus(const char *list, unsigned int bits, struct tk_tsc_cpus *out)
{
	int err = bits ? 0 : -EINVAL;
	struct region r;

	memset(out, 0, sizeof(*out));
	while (!err) {
		while (*list && ends(*list))
			list++;
		if (!*list)
			return 0;
		err = take_region(&list, bits, &r) ? add(out, &r, bits) : -EINVAL;
	}
	memset(out, 0, sizeof(*out));
	return err;
}
