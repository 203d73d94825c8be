/* SPDX-License-Identifier: MIT */
/* The comparison for programs. See diff.h; docs/compare.md has the fields. */
#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "collector/diff/words.h"

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *json_side(const struct tk_diff_timer *t, enum tk_diff_side side, double ns)
{
	return json_pack("{s:o, s:o, s:o, s:o}", t->unit.values ? "value" : "ns", number(ns),
			 "samples", count(t->samples[side]), "records", count(t->records[side]),
			 "lost", count(t->lost[side]));
}

static json_t *json_row(const struct tk_diff_row *row)
{
	const struct tk_diff_timer *t = row->timer;
	const struct tk_compare_row *r = row->is;
	char stat[TK_STAT_NAME_MAX];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "app", t->app, "timer", t->timer, "kind", t->measure, "unit",
			 t->unit.values ? t->unit.name : "ns", "stat",
			 tk_diff_stat(stat, row->stat), "verdict", tk_diff_word(r->verdict),
			 "shift", number(r->shift), "low", number(r->low), "high", number(r->high),
			 "p", number(r->p), "finds", number(r->detectable), "base",
			 json_side(t, TK_DIFF_BASE, r->base.middle), "new",
			 json_side(t, TK_DIFF_NEW, r->new.middle), "fails",
			 row->fails ? json_string(row->fails->text) : json_null());
}

static json_t *json_rows(const struct tk_diff *d)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < d->n; i++)
		json_array_append_new(rows, json_row(&d->rows[i]));
	return rows;
}

static json_t *json_alone(const struct tk_diff *d)
{
	json_t *alone = json_array();

	for (size_t i = 0; i < d->n_alone; i++) {
		const struct tk_diff_timer *t = d->alone[i];

		json_array_append_new(alone,
				      json_pack("{s:s, s:s, s:s, s:s}", "app", t->app, "timer",
						t->timer, "kind", t->measure, "only_in",
						tk_diff_side_names[tk_diff_side_of(t)]));
	}
	return alone;
}

/* Bytes of a path are anything; JSON's are UTF-8. */
static json_t *json_files(const struct tk_diff *d, enum tk_diff_side side)
{
	const struct tk_diff_files *f = &d->question->files[side];
	json_t *files = json_array();

	for (size_t i = 0; i < f->n; i++) {
		json_t *path = json_string(f->path[i]);

		json_array_append_new(files, path ? path : json_null());
	}
	return files;
}

static json_t *json_rules(const struct tk_diff *d)
{
	json_t *rules = json_array();

	for (size_t i = 0; i < d->question->n_rules; i++) {
		const struct tk_diff_rule *r = &d->question->rules[i];

		json_array_append_new(rules, json_pack("{s:s, s:o, s:o, s:o}", "rule", r->text,
						       "rows", count(r->rows), "known",
						       count(r->known), "holds", count(r->holds)));
	}
	return rules;
}

static json_t *json_verdicts(const struct tk_diff *d)
{
	json_t *verdicts = json_object();

	for (int v = 0; v < TK_COMPARED_VERDICTS; v++)
		json_object_set_new(verdicts, tk_diff_word((enum tk_compared)v),
				    count(d->verdicts[v]));
	return verdicts;
}

static void append_sentence(void *notes, const char *sentence)
{
	json_array_append_new(notes, json_string(sentence));
}

static json_t *json_notes(const struct tk_diff *d)
{
	json_t *notes = json_array();

	tk_diff_sentences(d, append_sentence, notes);
	return notes;
}

int tk_diff_json(const struct tk_diff *d, FILE *out)
{
	json_t *root = json_pack("{s:i, s:s, s:o, s:o, s:f, s:f, s:o, s:o, s:o, s:o, s:o}",
				 "schema", 1, "compared", d->runs ? "runs" : "recordings", "base",
				 json_files(d, TK_DIFF_BASE), "new", json_files(d, TK_DIFF_NEW),
				 "level", TK_COMPARE_LEVEL, "min_effect", d->question->min_effect,
				 "verdicts", json_verdicts(d), "rows", json_rows(d), "alone",
				 json_alone(d), "fail_if", json_rules(d), "notes", json_notes(d));
	int err;

	if (!root)
		return -ENOMEM;
	err = json_dumpf(root, out, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(root);
	return err || fputc('\n', out) == EOF ? -EIO : 0;
}
