/* SPDX-License-Identifier: MIT */
/* `timekeeper report`: percentiles from logs. */
#include <inttypes.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/report/report.h"

#define STATS       "avg,p50,p90,p99,p99.9,p99.99,max"
#define STATS_DRAWN "p50,p99,p99.9"

/* @return how to print it; NULL: more than one way was asked for */
static tk_report_print *format_of(const struct tk_args *a)
{
	const struct {
		bool is_said;
		tk_report_print *print;
	} format[] = { { a->json, tk_report_json },
		       { a->csv, tk_report_csv },
		       { a->hgrm, tk_report_hgrm },
		       { a->svg == TK_SVG_CURVE, tk_report_curves },
		       { a->svg == TK_SVG_TIME, tk_report_over_time } };
	tk_report_print *print = tk_report_table;
	unsigned said = 0;

	for (size_t i = 0; i < sizeof(format) / sizeof(*format); i++) {
		if (!format[i].is_said)
			continue;
		print = format[i].print;
		said++;
	}
	return said > 1 ? NULL : print;
}

/* What is missing from the rows. */
static void say_missing(const struct tk_report *r)
{
	if (r->missed)
		tk_say("%" PRIu64
		       " samples are missing: the disk was full while they were recorded",
		       r->missed);
	if (r->lost_processes > r->lost_timers && !r->wanted->timers->n)
		tk_say("%" PRIu64 " records were lost of which it is not known whose they were",
		       r->lost_processes - r->lost_timers);
}

/* @return the exit code */
static int print(const struct tk_report *r, tk_report_print *format, FILE *out)
{
	if (!r->n && !r->damaged)
		tk_say("there are no samples in it%s",
		       r->wanted->timers->n || r->wanted->app || r->wanted->from.is_said ||
				       r->wanted->to.is_said
			       ? " that --timer, --app, --from and --to let through"
			       : "");
	if (r->n && format(r, out))
		return tk_failed("out of memory for the report");
	say_missing(r);
	return r->damaged ? TK_EXIT_FAILED : r->n ? TK_EXIT_OK : TK_EXIT_NOTHING;
}

static int check_when(const struct tk_args *a, struct tk_report_wanted *w)
{
	if (tk_report_when_parse(&w->from, a->from))
		return tk_usage(a->command, "--from takes " TK_REPORT_WHEN_TAKES ", not %.80s",
				a->from);
	if (tk_report_when_parse(&w->to, a->to))
		return tk_usage(a->command, "--to takes " TK_REPORT_WHEN_TAKES ", not %.80s",
				a->to);
	return 0;
}

tk_command_run tk_cmd_report;

int tk_cmd_report(const struct tk_args *a, FILE *out)
{
	tk_report_print *format = format_of(a);
	struct tk_stats_list stats = a->stats;
	struct tk_report_wanted wanted = { .app = a->collector.app,
					   .timers = &a->timers,
					   .unit_ns = (double)a->unit_ns,
					   .stats = &stats,
					   .times = format == tk_report_over_time };
	struct tk_report r;
	int code = check_when(a, &wanted);

	if (code)
		return code;
	if (!format)
		return tk_usage(a->command, "one of --json, --csv, --hgrm and --svg at a time");
	if (!stats.n)
		tk_stats_list_parse(&stats, wanted.times ? STATS_DRAWN : STATS);
	if (wanted.times && !stats.n_quantiles)
		return tk_usage(a->command,
				"--svg time draws percentiles, such as --stats p50,p99");
	if (tk_report_read(&r, &wanted, a->operands, (size_t)a->n_operands))
		code = tk_failed("out of memory for the report");
	else
		code = print(&r, format, out);
	tk_report_free(&r);
	return code;
}
