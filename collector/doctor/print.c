/* SPDX-License-Identifier: MIT */
#include "collector/doctor/print.h"

#include <math.h>
#include <string.h>

#include "collector/cli/charset.h"
#include "collector/cli/say.h"
#include "collector/cli/text.h"
#include "collector/doctor/checks/noise.h"

#define TEXT_AT   36
#define BAR_WIDTH 40

/* Bars grow with the logarithm: one long gap matters as much as a million short ones. */
static void print_gaps(const struct tk_noise *n, FILE *out)
{
	const char *block = tk_charset_choose(TK_CHARSET_AUTO) == TK_CHARSET_ASCII ? "#" : "█";
	char from[TK_UNITS_MAX], to[TK_UNITS_MAX];

	fprintf(out, "\ngaps of %.2f us and longer, by length\n",
		tk_noise_ns(n, (double)n->threshold) / 1e3);
	for (int i = 0; i < TK_NOISE_BINS; i++) {
		double width =
			BAR_WIDTH * log10((double)n->bins[i] + 1) / log10((double)n->count + 1);

		if (!n->bins[i])
			continue;
		tk_text_ns(from, tk_noise_bin_ns(i));
		tk_text_ns(to, tk_noise_bin_ns(i + 1));
		fprintf(out, "%8s to %-8s %10ju  ", from, to, (uintmax_t)n->bins[i]);
		for (int c = 0; c < (int)ceil(width); c++)
			fputs(block, out);
		fputc('\n', out);
	}
}

static void print_finding(const struct tk_finding *f, FILE *out)
{
	fprintf(out, "%-8s %-26s ", tk_verdict_name(f->verdict), f->id);
	tk_wrap(out, f->value, TEXT_AT, TEXT_AT);
	if (f->verdict == TK_VERDICT_OK)
		return;
	fprintf(out, "%*s", TEXT_AT, "");
	tk_wrap(out, f->reason, TEXT_AT, TEXT_AT);
	fprintf(out, "%*s(%s)\n", TEXT_AT, "", f->source);
	if (f->fix_kind) /* not wrapped: people copy it */
		fprintf(out, "%9sfix: %s%s%s\n", "",
			f->fix_kind == TK_FIX_BOOT ? "kernel parameter " : "", f->fix,
			f->replaces ? ", in place of the one there is" : "");
}

static const char *family_end(const char *id)
{
	return id + strcspn(id, ".");
}

/* A blank line between families. */
static void print_findings(const struct tk_doctor *d, FILE *out)
{
	const char *family = "";

	for (size_t i = 0; i < d->n; i++) {
		const char *id = d->findings[i].id;

		if (strncmp(family, id, (size_t)(family_end(id) - id) + 1) != 0)
			fputc('\n', out);
		family = id;
		print_finding(&d->findings[i], out);
	}
}

static void print_summary(const struct tk_doctor *d, FILE *out)
{
	static const char *const says[] = {
		[TK_VERDICT_OK] = "is fit to measure on",
		[TK_VERDICT_UNKNOWN] =
			"may be fit to measure on, but some checks could not be made",
		[TK_VERDICT_WARN] = "is fit to measure on, within limits",
		[TK_VERDICT_FAIL] = "is NOT fit to measure on",
	};
	unsigned count[TK_VERDICTS] = { 0 };

	for (size_t i = 0; i < d->n; i++)
		count[d->findings[i].verdict]++;
	fprintf(out, "\ncpu %d %s: fail %u, warnings %u, unknown %u, ok %u\n", d->subject.cpu,
		says[tk_doctor_verdict(d)], count[TK_VERDICT_FAIL], count[TK_VERDICT_WARN],
		count[TK_VERDICT_UNKNOWN], count[TK_VERDICT_OK]);
}

void tk_doctor_table(const struct tk_doctor *d, FILE *out)
{
	const struct tk_subject *s = &d->subject;

	fprintf(out, "cpu %d, %s\n", s->cpu, d->cpu_why);
	print_findings(d, out);
	if (s->noise && s->noise->count)
		print_gaps(s->noise, out);
	else if (!s->noise && !s->root[0])
		fprintf(out,
			"\nnot measured: with --seconds 5 it spins on cpu %d, and counts what "
			"interrupts it\n",
			s->cpu);
	print_summary(d, out);
}
