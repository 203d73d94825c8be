/* SPDX-License-Identifier: MIT */
#include "collector/commands/rows/asked.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "collector/cli/text.h"

static int find_sort(const struct tk_rows_asked *r, const struct tk_args *a, int *sort)
{
	static const struct {
		const char *word;
		enum tk_rows_order order;
	} words[] = { { "name", TK_ROWS_BY_NAME },
		      { "app", TK_ROWS_BY_APP },
		      { "records", TK_ROWS_BY_RECORDS },
		      { "lost", TK_ROWS_BY_LOST },
		      { "count", TK_ROWS_BY_COUNT } };
	const char *asked = a->sort ? a->sort : "name";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*sort = words[i].order;
		if (!strcmp(words[i].word, asked))
			return TK_EXIT_OK;
	}
	*sort = tk_stats_list_find(&r->stats, asked);
	if (*sort >= 0)
		return TK_EXIT_OK;
	return tk_usage(a->command,
			"--sort takes name, app, records, count, lost or one of the statistics "
			"that are shown (--stats), not %.80s",
			asked);
}

static int check_window(const struct tk_args *a, uint64_t interval_ns)
{
	char text[TK_UNITS_MAX];

	if (!a->window_ns)
		return TK_EXIT_OK;
	if (a->total)
		return tk_usage(a->command, "--window or --total, not both: the total is about "
					    "all time since stat began");
	tk_text_ns(text, (double)interval_ns);
	if (a->window_ns < interval_ns)
		return tk_usage(a->command,
				"--window is shorter than an interval, which is %s: ask for a "
				"shorter --interval, too",
				text);
	if (a->window_ns / interval_ns > TK_WINDOW_MAX)
		return tk_usage(a->command,
				"--window has %" PRIu64 " intervals of %s, and %u can be kept: "
				"ask for a longer --interval, too",
				a->window_ns / interval_ns, text, TK_WINDOW_MAX);
	return TK_EXIT_OK;
}

/* Its rows are of other things. */
static int check_overhead(const struct tk_args *a)
{
	if (!a->overhead)
		return TK_EXIT_OK;
	if (a->by || a->stats.n || a->sort || a->window_ns || a->total || a->idle || a->timers.n)
		return tk_usage(a->command,
				"--overhead shows threads, and --by, --stats, --sort, --window, "
				"--total, --idle and --timer choose rows of timers: not both");
	if (a->n_operands || a->until_exit)
		return tk_usage(a->command,
				"--overhead is of programs that run: start the command, and ask "
				"with --app or --pid beside it");
	return TK_EXIT_OK;
}

int tk_rows_ask(struct tk_rows_asked *r, const struct tk_args *a, uint64_t interval_ns,
		struct tk_collector_options *o)
{
	int code = check_window(a, interval_ns), sort;

	if (code == TK_EXIT_OK)
		code = check_overhead(a);
	if (code != TK_EXIT_OK)
		return code;
	r->stats = a->stats;
	if (!a->stats.n)
		(void)tk_stats_list_parse(&r->stats, tk_rows_stats);
	code = find_sort(r, a, &sort);
	r->how = (struct tk_gather_how){ .stats = &r->stats,
					 .by_app = a->by == 1,
					 .window_ns = a->total ? TK_GATHER_ALL : a->window_ns,
					 .sort = sort };
	r->style = (struct tk_rows_style){ .format = (enum tk_format)a->format,
					   .stats = &r->stats,
					   .asked = a->stats.n != 0,
					   .by_app = a->by == 1,
					   .total = a->total,
					   .alerts = a->alerts.n != 0,
					   .window_ns = r->how.window_ns };
	o->intervals_histograms = tk_gather_needs_histograms(&r->how);
	o->intervals_idle = a->idle;
	o->intervals_totals = a->total;
	o->intervals_threads = a->overhead;
	return code;
}

bool tk_rows_wanted(const struct tk_args *a, const char *timer, bool found_dead)
{
	return (!found_dead || a->collector.oldest) &&
	       (!timer || tk_texts_match(&a->timers, timer));
}

int tk_rows_print_once(FILE *out, const struct tk_args *a, struct tk_interval *i)
{
	struct tk_collector_options unused = { 0 };
	struct tk_rows_asked r;
	struct tk_gather *g;
	int err;

	(void)tk_rows_ask(&r, a, i->interval_ns, &unused);
	g = tk_gather_new(&r.how);
	if (!g) {
		tk_interval_free(i);
		return -ENOMEM;
	}
	err = tk_gather_add(g, i);
	tk_rows_print(out, &r.style, tk_gather_rows(g), true);
	tk_gather_free(g);
	return err;
}
