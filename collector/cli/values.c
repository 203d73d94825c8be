/* SPDX-License-Identifier: MIT */
/* The values of options: read, checked and stored. See options.h. */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/drain/pace.h"
#include "ring/lane.h"

#define RATE_MAX UINT64_C(1000000000)
#define CPU_MAX  4095u

/* A decimal number without sign, and the unit that follows it, after a space or not. */
static int parse_number(const char *text, double *number, const char **unit)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	if (*text < '0' || *text > '9' || hex)
		return -EINVAL;
	errno = 0;
	*number = strtod(text, &end);
	*unit = *end == ' ' && end[1] ? end + 1 : end;
	return errno || end == text ? -EINVAL : 0;
}

static int parse_scaled(const char *text, const char *const units[], const double scales[],
			uint64_t *value)
{
	const char *unit;
	double number;

	if (parse_number(text, &number, &unit) < 0)
		return -EINVAL;
	for (int i = 0; units[i]; i++) {
		if (strcmp(unit, units[i]))
			continue;
		number *= scales[i];
		if (number < 1 || number > 1e18)
			return -EINVAL;
		*value = (uint64_t)number;
		return 0;
	}
	return -EINVAL;
}

int tk_parse_time(const char *text, uint64_t *ns)
{
	/* Unicode has two letters for micro: the sign, and the Greek mu. */
	static const char *const units[] = {
		"ns", "us", "\u00b5s", "\u03bcs", "ms", "s", NULL,
	};
	static const double scales[] = { 1, 1e3, 1e3, 1e3, 1e6, 1e9 };

	return parse_scaled(text, units, scales, ns);
}

static int parse_size(const char *text, uint64_t *bytes)
{
	static const char *const units[] = { "", "K", "M", "G", NULL };
	static const double scales[] = { 1, 1024, 1048576, 1073741824 };

	return parse_scaled(text, units, scales, bytes);
}

/* A whole number of records. The display has k for a thousand. */
static int parse_rate(const char *text, uint64_t *rate)
{
	static const char *const units[] = { "", "K", "k", "M", "G", NULL };
	static const double scales[] = { 1, 1e3, 1e3, 1e6, 1e9 };
	int err = parse_scaled(text, units, scales, rate);

	return err || *rate > RATE_MAX ? -EINVAL : 0;
}

int tk_parse_whole(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || *end || *value > max ? -EINVAL : 0;
}

/* The largest value of a count or of slots. */
static uint64_t max_of(const struct tk_option *o)
{
	if (o->max)
		return o->max;
	return o->type == TK_OPTION_SLOTS ? TK_LANE_SLOTS_MAX : UINT64_MAX;
}

static int parse_count(const struct tk_option *o, const char *text, uint64_t *n)
{
	int err = tk_parse_whole(text, max_of(o), n);

	return err || *n ? err : -EINVAL;
}

static int parse_slots(const struct tk_option *o, const char *text, uint64_t *slots)
{
	if (tk_parse_whole(text, max_of(o), slots) < 0 || *slots < TK_LANE_SLOTS_MIN)
		return -EINVAL;
	return *slots & (*slots - 1) ? -EINVAL : 0;
}

static int parse_pid(const char *text, uint32_t *pid)
{
	uint64_t whole = 0;
	int err = tk_parse_whole(text, INT_MAX, &whole);

	*pid = (uint32_t)whole;
	return err || whole ? err : -EINVAL;
}

static int parse_cpu(const char *text, int *cpu)
{
	uint64_t whole = 0;
	int err = tk_parse_whole(text, CPU_MAX, &whole);

	*cpu = (int)whole;
	return err;
}

static int parse_interval(const char *text, uint64_t *ns)
{
	int err = tk_parse_time(text, ns);

	return err || *ns < TK_INTERVAL_MIN_NS || *ns > TK_INTERVAL_MAX_NS ? -EINVAL : 0;
}

static int parse_poll(const char *text, uint64_t *ns)
{
	if (strcmp(text, "spin"))
		return tk_parse_time(text, ns);
	*ns = TK_POLL_SPIN;
	return 0;
}

static int parse_percent(const char *text, struct tk_percent *percent)
{
	const char *unit;
	double number;

	if (parse_number(text, &number, &unit) < 0 || (*unit && strcmp(unit, "%") != 0))
		return -EINVAL;
	if (!(number <= 100))
		return -EINVAL;
	*percent = (struct tk_percent){ number / 100, true };
	return 0;
}

/* "10", "10x", or "10\u00d7". */
static int parse_factor(const char *text, double *factor)
{
	const char *unit;

	if (parse_number(text, factor, &unit) < 0)
		return -EINVAL;
	if (*unit && strcmp(unit, "x") != 0 && strcmp(unit, "\u00d7") != 0)
		return -EINVAL;
	return *factor >= 0.01 && *factor <= 1e6 ? 0 : -EINVAL;
}

static int parse_choice(const char *choices, const char *text, int *place)
{
	size_t length = strlen(text);

	for (int i = 0;; i++) {
		size_t n = strcspn(choices, "|");

		if (n == length && !strncmp(choices, text, n)) {
			*place = i;
			return 0;
		}
		if (!choices[n])
			return -EINVAL;
		choices += n + 1;
	}
}

static int add_text(struct tk_texts *texts, const char *text)
{
	if (!*text || texts->n == TK_TEXTS_MAX)
		return -EINVAL;
	texts->text[texts->n++] = text;
	return 0;
}

int tk_option_store(struct tk_args *a, const struct tk_option *o, const char *text)
{
	void *to = (char *)a + o->offset;

	switch (o->type) {
	case TK_OPTION_FLAG:
		*(bool *)to = true;
		return 0;
	case TK_OPTION_TEXT:
		*(const char **)to = text;
		return *text ? 0 : -EINVAL;
	case TK_OPTION_TEXTS:
		return add_text(to, text);
	case TK_OPTION_COUNT:
		return parse_count(o, text, to);
	case TK_OPTION_PID:
		return parse_pid(text, to);
	case TK_OPTION_CPU:
		return parse_cpu(text, to);
	case TK_OPTION_CPUS:
		return tk_tsc_cpus_parse(text, to) || !*text ? -EINVAL : 0;
	case TK_OPTION_INTERVAL:
		return parse_interval(text, to);
	case TK_OPTION_TIME:
		return tk_parse_time(text, to);
	case TK_OPTION_POLL:
		return parse_poll(text, to);
	case TK_OPTION_SIZE:
		return parse_size(text, to);
	case TK_OPTION_RATE:
		return parse_rate(text, to);
	case TK_OPTION_SLOTS:
		return parse_slots(o, text, to);
	case TK_OPTION_STATS:
		return tk_stats_list_parse(to, text);
	case TK_OPTION_FACTOR:
		return parse_factor(text, to);
	case TK_OPTION_PERCENT:
		return parse_percent(text, to);
	case TK_OPTION_CHOICE:
		return parse_choice(o->choices, text, to);
	}
	return -EINVAL;
}

const char *tk_option_takes(const struct tk_option *o, char text[64])
{
	static const char *const takes[] = {
		[TK_OPTION_TEXT] = "a word",
		[TK_OPTION_TEXTS] = "a word, 16 times at the most",
		[TK_OPTION_COUNT] = "a whole number from 1 on",
		[TK_OPTION_PID] = "a process's number",
		[TK_OPTION_CPU] = "a cpu's number",
		[TK_OPTION_CPUS] = "cpus' numbers, such as 3 or 3,7-9",
		[TK_OPTION_INTERVAL] = "10ms to 60s",
		[TK_OPTION_TIME] = "a time such as 5ms",
		[TK_OPTION_POLL] = "a time such as 100us, or spin",
		[TK_OPTION_SIZE] = "bytes, or a number with K, M or G",
		[TK_OPTION_FACTOR] = "a number from 0.01 to 1000000, such as 10",
		[TK_OPTION_PERCENT] = "a percentage up to 100, such as 2%",
		[TK_OPTION_STATS] = "a list of up to 16 of sum, min, avg, max and p99.9",
		[TK_OPTION_RATE] = "a number from 1 to 1G, such as 2M",
	};

	if (o->type == TK_OPTION_CHOICE)
		return o->choices;
	if (o->type == TK_OPTION_SLOTS)
		snprintf(text, 64, "a power of two from %" PRIu64 " to %" PRIu64, TK_LANE_SLOTS_MIN,
			 max_of(o));
	else if (o->max)
		snprintf(text, 64, "a whole number from 1 to %" PRIu64, o->max);
	else
		return takes[o->type];
	return text;
}

bool tk_texts_match(const struct tk_texts *patterns, const char *name)
{
	bool any = patterns->n == 0;

	for (size_t i = 0; i < patterns->n && !any; i++)
		any = !fnmatch(patterns->text[i], name, 0);
	return any;
}
