/* SPDX-License-Identifier: MIT */
/* The comparison as Markdown, for a comment on a change. See diff.h. */
#include <math.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/diff/words.h"

/* What would be a cell's end, emphasis, a link or HTML is a sign like any other. */
static void put(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\`*_{}[]<>()#!|&~$", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void print_row(const struct tk_diff_row *row, FILE *out)
{
	const struct tk_compare_row *r = row->is;
	const char *mark = r->verdict >= TK_COMPARED_DIFFERS ? "**" : "";
	char stat[TK_STAT_NAME_MAX], shift[32], finds[32], interval[64];
	char base[TK_UNITS_MAX], new[TK_UNITS_MAX], name[TK_DIFF_WORDS_MAX], lost[128];

	fprintf(out, "| %s%s%s | ", mark, tk_diff_word(r->verdict), mark);
	put(out, tk_diff_name(name, row->timer));
	fprintf(out, " | %s | %s | %s | %s | %s | %s | ", tk_diff_stat(stat, row->stat),
		isnan(r->base.middle)
			? "-"
			: tk_text_sample_whole(base, r->base.middle, &row->timer->unit),
		isnan(r->new.middle) ? "-"
				     : tk_text_sample_whole(new, r->new.middle, &row->timer->unit),
		tk_diff_percent(shift, r->shift), tk_diff_interval(interval, r),
		tk_diff_percent(finds, r->detectable));
	fputs(tk_diff_losses(lost, row->timer), out);
	if (row->fails) {
		fputs(lost[0] ? "; fails " : "fails ", out);
		put(out, row->fails->text);
	}
	fputs(" |\n", out);
}

static void print_sentence(void *out, const char *sentence)
{
	fputs("* ", out);
	put(out, sentence);
	fputc('\n', out);
}

void tk_diff_markdown(const struct tk_diff *d, FILE *out)
{
	char summary[256];

	fprintf(out, "**timekeeper diff**, %zu against %zu recordings: %s\n\n",
		d->question->files[TK_DIFF_NEW].n, d->question->files[TK_DIFF_BASE].n,
		tk_diff_summary(summary, d));
	fputs("| verdict | timer | stat | base | new | shift | 95 % interval | FINDS | |\n"
	      "|---|---|---|---:|---:|---:|---|---:|---|\n",
	      out);
	for (size_t i = 0; i < d->n; i++)
		print_row(&d->rows[i], out);
	fputc('\n', out);
	tk_diff_sentences(d, print_sentence, out);
}
