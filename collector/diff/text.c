/* SPDX-License-Identifier: MIT */
/* The comparison for people, on a terminal. See diff.h. */
#include <math.h>

#include "collector/cli/say.h"
#include "collector/cli/text.h"
#include "collector/diff/words.h"
#include "collector/machine/printable.h"

static void print_files(const struct tk_diff *d, enum tk_diff_side side, FILE *out)
{
	const struct tk_diff_files *f = &d->question->files[side];
	char path[TK_DIFF_WORDS_MAX];

	fprintf(out, "%-4s  %zu recording%s:", tk_diff_side_names[side], f->n, f->n > 1 ? "s" : "");
	for (size_t i = 0; i < f->n; i++) {
		tk_printable(path, sizeof(path), f->path[i]);
		fprintf(out, " %s", path);
	}
	fputc('\n', out);
}

/* The name is last, because it may be long; none is cut. */
static void print_row(const struct tk_diff_row *row, FILE *out)
{
	const struct tk_compare_row *r = row->is;
	char stat[TK_STAT_NAME_MAX], shift[32], finds[32], interval[64];
	char base[TK_UNITS_MAX], new[TK_UNITS_MAX], p[16] = "-";
	char name[TK_DIFF_WORDS_MAX], lost[128];

	if (!isnan(r->p))
		snprintf(p, sizeof(p), r->p < 0.001 ? "<0.001" : "%.3f", r->p);
	fprintf(out, "%-15s %-6s %8s  %-19s %8s %6s  %7s  %7s  %s", tk_diff_word(r->verdict),
		tk_diff_stat(stat, row->stat), tk_diff_percent(shift, r->shift),
		tk_diff_interval(interval, r), tk_diff_percent(finds, r->detectable), p,
		isnan(r->base.middle) ? "-"
				      : tk_text_sample(base, r->base.middle, &row->timer->unit),
		isnan(r->new.middle) ? "-" : tk_text_sample(new, r->new.middle, &row->timer->unit),
		tk_diff_name(name, row->timer));
	if (tk_diff_losses(lost, row->timer)[0])
		fprintf(out, " (%s)", lost);
	fprintf(out, "%s%s\n", row->fails ? "  FAILS " : "", row->fails ? row->fails->text : "");
}

static void print_sentence(void *out, const char *sentence)
{
	tk_wrap(out, sentence, 0, 0);
}

void tk_diff_text(const struct tk_diff *d, FILE *out)
{
	char summary[256];

	print_files(d, TK_DIFF_BASE, out);
	print_files(d, TK_DIFF_NEW, out);
	fprintf(out, "\n%-15s %-6s %8s  %-19s %8s %6s  %7s  %7s  %s\n", "VERDICT", "STAT", "SHIFT",
		"95 % INTERVAL", "FINDS", "P", "BASE", "NEW", "TIMER");
	for (size_t i = 0; i < d->n; i++)
		print_row(&d->rows[i], out);
	fprintf(out, "\n%s\n", tk_diff_summary(summary, d));
	tk_diff_sentences(d, print_sentence, out);
}
