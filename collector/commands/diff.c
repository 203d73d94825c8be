/* SPDX-License-Identifier: MIT */
/* `timekeeper diff`: whether recordings differ, and whether a program became better or worse. */
#include "collector/diff/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/say.h"
#include "collector/commands/commands.h"

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN, FORMAT_JUNIT };

#define PERCENTILES "p50,p90,p99,p99.9"

/* What is asked, with all memory that it takes. */
struct asked {
	struct tk_diff_question question;
	struct tk_stats_list stats;
	struct tk_diff_rule rules[TK_TEXTS_MAX];
	char *lists[TK_DIFF_SIDES]; /* the paths point into them */
};

/* Cut "a.hlog,b.hlog" into its paths. @return 0, -EINVAL or -ENOMEM */
static int cut_list(struct asked *q, enum tk_diff_side side, const char *text)
{
	struct tk_diff_files *f = &q->question.files[side];
	size_t most = 1;
	char *rest;

	for (const char *c = text; *c; c++)
		most += *c == ',';
	rest = q->lists[side] = strdup(text);
	f->path = calloc(most, sizeof(*f->path));
	if (!rest || !f->path)
		return -ENOMEM;
	for (char *path; (path = strsep(&rest, ","));) {
		for (size_t i = 0; i < f->n; i++)
			if (strcmp(f->path[i], path) == 0)
				return -EINVAL;
		if (!*path || strcmp(path, "-") == 0)
			return -EINVAL;
		f->path[f->n++] = path;
	}
	return 0;
}

static int ask_files(struct asked *q, const struct tk_args *a)
{
	const char *const lists[TK_DIFF_SIDES] = { a->base, a->new };

	for (enum tk_diff_side side = 0; side < TK_DIFF_SIDES; side++) {
		const char *name = tk_diff_side_names[side];
		int err = lists[side] ? cut_list(q, side, lists[side]) : 0;

		if (!lists[side])
			return tk_usage(a->command, "--%s says which recordings: FILE,FILE,...",
					name);
		if (err == -EINVAL)
			return tk_usage(a->command,
					"--%s takes files, each once, and none of standard input: "
					"not %.80s",
					name, lists[side]);
		if (err)
			return tk_failed("%s", strerror(-err));
	}
	return TK_EXIT_OK;
}

static bool has(const struct tk_stats_list *list, const struct tk_stat *s)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->of[i].quantile == s->quantile)
			return true;
	return false;
}

/* The percentiles of --stats, and those of rules. */
static int ask_percentiles(struct asked *q, const struct tk_args *a)
{
	char words[TK_STATS_MAX * 2 * (TK_STAT_NAME_MAX + 1)] = PERCENTILES, *end = words;

	q->stats = a->stats;
	if (!a->stats.n)
		tk_stats_list_parse(&q->stats, PERCENTILES);
	if (q->stats.n != q->stats.n_quantiles)
		return tk_usage(a->command, "--stats takes percentiles here, such as p50,p99.9");
	for (size_t i = 0; i < q->stats.n; i++) {
		*end++ = ',';
		end = strchr(tk_diff_stat(end, &q->stats.of[i]), '\0');
	}
	for (size_t i = 0; i < q->question.n_rules; i++) {
		if (has(&q->stats, &q->rules[i].stat))
			continue;
		*end++ = ',';
		end = strchr(tk_diff_stat(end, &q->rules[i].stat), '\0');
		if (tk_stats_list_parse(&q->stats, words + 1) < 0)
			return tk_usage(a->command,
					"--stats and --fail-if name more than %u percentiles",
					TK_STATS_MAX);
	}
	return TK_EXIT_OK;
}

static int ask_rules(struct asked *q, const struct tk_args *a)
{
	for (size_t i = 0; i < a->fail_if.n; i++) {
		int err = tk_diff_rule_parse(&q->rules[i], a->fail_if.text[i]);

		if (err == -EINVAL)
			return tk_usage(a->command,
					"--fail-if takes PATTERN:p99>+5%% or PATTERN:p99<-5%%, not "
					"%.80s",
					a->fail_if.text[i]);
		if (err)
			return tk_failed("%s", strerror(-err));
		q->question.n_rules++;
	}
	return TK_EXIT_OK;
}

/* One run cannot tell a change from how runs vary: to fail on it would be to fail at random. */
static int ask_enough(const struct asked *q, const struct tk_args *a)
{
	const struct tk_diff_files *f = q->question.files;

	if (!q->question.n_rules ||
	    (f[TK_DIFF_BASE].n >= q->question.min_runs && f[TK_DIFF_NEW].n >= q->question.min_runs))
		return TK_EXIT_OK;
	return tk_usage(
		a->command,
		"--fail-if takes %zu recordings a side (--min-runs), and there are %zu and %zu",
		q->question.min_runs, f[TK_DIFF_BASE].n, f[TK_DIFF_NEW].n);
}

static int ask(struct asked *q, const struct tk_args *a)
{
	int code;

	q->question.wanted = (struct tk_diff_wanted){ &a->timers, &q->stats };
	q->question.min_runs = a->min_runs ? a->min_runs : TK_COMPARE_RUNS;
	q->question.min_effect = a->min_effect.said ? a->min_effect.fraction : 0.02;
	q->question.rules = q->rules;
	if ((code = ask_files(q, a)) || (code = ask_rules(q, a)) || (code = ask_percentiles(q, a)))
		return code;
	if (q->question.min_runs < 2)
		return tk_usage(a->command, "--min-runs takes 2 or more: one run does not vary");
	return ask_enough(q, a);
}

static void forget(struct asked *q)
{
	for (size_t i = 0; i < TK_TEXTS_MAX; i++)
		free(q->rules[i].pattern);
	for (int side = 0; side < TK_DIFF_SIDES; side++) {
		free(q->question.files[side].path);
		free(q->lists[side]);
	}
}

static int print(const struct tk_diff *d, int format, FILE *out)
{
	int err = 0;

	if (format == FORMAT_TEXT)
		tk_diff_text(d, out);
	else if (format == FORMAT_MARKDOWN)
		tk_diff_markdown(d, out);
	else if (format == FORMAT_JUNIT)
		tk_diff_junit(d, out);
	else
		err = tk_diff_json(d, out);
	return err == -ENOMEM ? tk_failed("out of memory for JSON") : -err;
}

/* What of the rules the exit code tells: the worst first. */
static int judge(const struct tk_diff *d, const struct tk_args *a)
{
	int code = d->recordings.damaged ? TK_EXIT_FAILED : TK_EXIT_OK;

	for (size_t i = 0; i < d->question->n_rules; i++) {
		const struct tk_diff_rule *r = &d->question->rules[i];

		if (!r->rows)
			return tk_usage(a->command,
					"no timer of both sides matches --fail-if %.80s", r->text);
		if (r->known < r->rows)
			tk_say("--fail-if %s: too little data for %zu of %zu rows", r->text,
			       r->rows - r->known, r->rows);
		if (!r->known)
			code = TK_EXIT_FAILED;
	}
	for (size_t i = 0; code == TK_EXIT_OK && i < d->question->n_rules; i++)
		if (d->question->rules[i].holds)
			code = TK_EXIT_RULE;
	return code;
}

tk_command_run tk_cmd_diff;

int tk_cmd_diff(const struct tk_args *a, FILE *out)
{
	struct asked q = { 0 };
	struct tk_diff d = { 0 };
	int code = ask(&q, a);

	if (code == TK_EXIT_OK)
		code = tk_diff_make(&d, &q.question) ? TK_EXIT_FAILED : TK_EXIT_OK;
	if (code == TK_EXIT_OK && !d.n && !d.n_alone)
		code = tk_usage(a->command, "no timer of the recordings matches --timer");
	if (code == TK_EXIT_OK)
		code = print(&d, a->diff_format, out) ? TK_EXIT_FAILED : judge(&d, a);
	tk_diff_free(&d);
	forget(&q);
	return code;
}
