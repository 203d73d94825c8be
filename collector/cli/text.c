/* SPDX-License-Identifier: MIT */
#include "collector/cli/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT 0xFFFDu

/* How many bytes the sequence has that begins with `lead`; 0: no sequence begins so. */
static int sequence(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xC2 && lead < 0xE0)
		return 2;
	if (lead >= 0xE0 && lead < 0xF0)
		return 3;
	return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

uint32_t tk_utf8_next(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	int n = sequence(*p);

	if (*p == 0)
		return 0;
	if (n == 0) {
		++*s;
		return REPLACEMENT;
	}
	uint32_t cp = n == 1 ? *p : *p & (0x7Fu >> n);
	for (int i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80) { /* also at the NUL */
			*s += i;
			return REPLACEMENT;
		}
		cp = cp << 6 | (p[i] & 0x3Fu);
	}
	*s += n;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (cp < least[n] || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000))
		return REPLACEMENT;
	if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0))
		return REPLACEMENT;
	return cp;
}

size_t tk_utf8_encode(char out[5], uint32_t cp)
{
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };

	for (size_t i = n; i-- > 1; cp >>= 6)
		out[i] = (char)(0x80 | (cp & 0x3F));
	out[0] = (char)(lead[n] | cp);
	out[n] = 0;
	return n;
}

int tk_text_width(const char *s)
{
	int w = 0;

	for (uint32_t cp; (cp = tk_utf8_next(&s)) != 0;)
		w += tk_utf8_width(cp);
	return w;
}

/* The least value that rounds to 10 with so many digits, such as 9.9995 with four. */
static double ten(int digits)
{
	return digits == 4 ? 9.9995 : 9.995;
}

/* So many digits of v, without the zeros at the end of a fraction. */
static void write_digits(char out[TK_UNITS_MAX], double v, int digits)
{
	int decimals = digits - 1;
	size_t n;

	for (double edge = ten(digits); decimals > 0 && fabs(v) >= edge; edge *= 10)
		decimals--;
	snprintf(out, TK_UNITS_MAX, "%.*f", decimals, v);
	if (!strchr(out, '.'))
		return;
	n = strlen(out);
	while (out[n - 1] == '0')
		n--;
	if (out[n - 1] == '.')
		n--;
	out[n] = 0;
}

/* v in the largest of n units, a thousand apart, that leaves a whole part. */
static char *scaled(char out[TK_UNITS_MAX], double v, int digits, const char *const *unit, size_t n)
{
	size_t u = 0, used;

	if (!isfinite(v)) {
		snprintf(out, TK_UNITS_MAX, "-");
		return out;
	}
	while (u + 1 < n && fabs(v) >= 100 * ten(digits)) {
		v /= 1000;
		u++;
	}
	if (fabs(v) >= 1e15) /* no measurement is so large; the limit keeps the text within out */
		v = copysign(1e15, v);
	write_digits(out, v, digits);
	used = strlen(out);
	snprintf(out + used, TK_UNITS_MAX - used, "%s", unit[u]);
	return out;
}

static const char *const times[] = { " ns", " µs", " ms", " s" };
static const char *const times_ascii[] = { " ns", " us", " ms", " s" };
static const char *const counts[] = { "", " k", " M", " G", " T", " P", " E" };
static const char *const rates[] = { " /s", " k/s", " M/s", " G/s", " T/s" };

#define COUNT_OF(units) (sizeof(units) / sizeof((units)[0]))

char *tk_units_ns(char out[TK_UNITS_MAX], double ns)
{
	return scaled(out, ns, 4, times, COUNT_OF(times));
}

char *tk_units_ns_brief(char out[TK_UNITS_MAX], double ns)
{
	return scaled(out, ns, 3, times, COUNT_OF(times));
}

char *tk_units_count(char out[TK_UNITS_MAX], double n)
{
	if (n >= 0 && n < 10000 && n == floor(n)) {
		snprintf(out, TK_UNITS_MAX, "%.0f", n);
		return out;
	}
	return scaled(out, n, 4, counts, COUNT_OF(counts));
}

/* The unit behind a number, which ends with a space, a prefix, or neither. */
static char *add_unit(char out[TK_UNITS_MAX], const struct tk_unit *unit)
{
	size_t n = strlen(out);

	if (unit->name[0] && strcmp(out, "-") != 0)
		snprintf(out + n, TK_UNITS_MAX - n, "%s%s", strchr(out, ' ') ? "" : " ",
			 unit->name);
	return out;
}

char *tk_units_sample(char out[TK_UNITS_MAX], double v, const struct tk_unit *unit)
{
	if (!unit->values)
		return tk_units_ns(out, v);
	return add_unit(tk_units_count(out, v), unit);
}

char *tk_text_sample(char out[TK_UNITS_MAX], double v, const struct tk_unit *unit)
{
	return unit->values ? tk_text_count(out, v) : tk_text_ns(out, v);
}

char *tk_text_sample_whole(char out[TK_UNITS_MAX], double v, const struct tk_unit *unit)
{
	tk_text_sample(out, v, unit);
	return unit->values ? add_unit(out, unit) : out;
}

char *tk_units_rate(char out[TK_UNITS_MAX], double per_s)
{
	return scaled(out, per_s, 4, rates, COUNT_OF(rates));
}

char *tk_text_ns(char out[TK_UNITS_MAX], double ns)
{
	return scaled(out, ns, 3, times_ascii, COUNT_OF(times_ascii));
}

char *tk_text_count(char out[TK_UNITS_MAX], double n)
{
	return scaled(out, n, 3, counts, COUNT_OF(counts));
}

char *tk_text_unspaced(char *text)
{
	char *space = strchr(text, ' ');

	if (space)
		memmove(space, space + 1, strlen(space));
	return text;
}

char *tk_text_whole(char out[TK_UNITS_MAX], uint64_t n)
{
	if (n > 9999999)
		return tk_text_unspaced(tk_text_count(out, (double)n));
	snprintf(out, TK_UNITS_MAX, "%" PRIu64, n);
	return out;
}

void tk_text_xml(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

char *tk_text_process(char out[TK_TEXT_PROCESS_MAX], const char *app, uint32_t pid)
{
	if (pid)
		snprintf(out, TK_TEXT_PROCESS_MAX, "%.64s[%" PRIu32 "]", app, pid);
	else
		snprintf(out, TK_TEXT_PROCESS_MAX, "%.64s", app);
	return out;
}

void tk_text_drainer(char out[TK_TEXT_DRAINER_MAX], const struct tk_drainer_figures *d)
{
	char node[16] = "unknown", pages[32] = " on 2 MiB", gap[TK_UNITS_MAX];

	if (d->node >= 0)
		snprintf(node, sizeof(node), "%d", d->node);
	if (d->small_lanes && d->small_lanes == d->lanes)
		snprintf(pages, sizeof(pages), " on 4 KiB");
	else if (d->small_lanes)
		snprintf(pages, sizeof(pages), ", %u on 4 KiB", d->small_lanes);
	snprintf(out, TK_TEXT_DRAINER_MAX,
		 "cpu %d%s, node %s: %u lane%s%s, gap %s, %" PRIu64 " fault%s, %" PRIu64
		 " switch%s",
		 d->cpu, d->pinned ? " pinned" : "", node, d->lanes, d->lanes == 1 ? "" : "s",
		 pages, tk_units_ns(gap, (double)d->longest_gap_ns), d->faults,
		 d->faults == 1 ? "" : "s", d->involuntary, d->involuntary == 1 ? "" : "es");
}
