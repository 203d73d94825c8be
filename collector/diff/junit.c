/* SPDX-License-Identifier: MIT */
/* The comparison as JUnit's XML: what CI shows as tests. See diff.h. */
#include "collector/cli/text.h"
#include "collector/diff/words.h"

static void print_figures(const struct tk_diff_row *row, FILE *out)
{
	const struct tk_compare_row *r = row->is;
	char shift[32], interval[64], finds[32], lost[128];

	fprintf(out, "%s: shift %s, 95 %% interval %s, finds %s", tk_diff_word(r->verdict),
		tk_diff_percent(shift, r->shift), tk_diff_interval(interval, r),
		tk_diff_percent(finds, r->detectable));
	if (tk_diff_losses(lost, row->timer)[0])
		fprintf(out, ", %s", lost);
}

static void print_row(const struct tk_diff_row *row, FILE *out)
{
	char name[TK_DIFF_WORDS_MAX], stat[TK_STAT_NAME_MAX];

	fputs("  <testcase classname=\"timekeeper.diff\" name=\"", out);
	tk_text_xml(out, tk_diff_name(name, row->timer));
	fprintf(out, " %s\">\n", tk_diff_stat(stat, row->stat));
	if (row->fails) {
		fputs("    <failure message=\"", out);
		tk_text_xml(out, row->fails->text);
		fputs("\">", out);
		print_figures(row, out);
		fputs("</failure>\n", out);
	} else if (row->is->verdict == TK_COMPARED_TOO_LITTLE) {
		fputs("    <skipped message=\"too little data\"/>\n", out);
	} else {
		fputs("    <system-out>", out);
		print_figures(row, out);
		fputs("</system-out>\n", out);
	}
	fputs("  </testcase>\n", out);
}

static void print_sentence(void *out, const char *sentence)
{
	tk_text_xml(out, sentence);
	fputc('\n', out);
}

void tk_diff_junit(const struct tk_diff *d, FILE *out)
{
	size_t failures = 0;

	for (size_t i = 0; i < d->n; i++)
		failures += d->rows[i].fails != NULL;
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuite name=\"timekeeper diff\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
		"skipped=\"%zu\">\n",
		d->n, failures, d->verdicts[TK_COMPARED_TOO_LITTLE]);
	for (size_t i = 0; i < d->n; i++)
		print_row(&d->rows[i], out);
	fputs("  <system-out>", out);
	tk_diff_sentences(d, print_sentence, out);
	fputs("</system-out>\n</testsuite>\n", out);
}
