/* SPDX-License-Identifier: MIT */
#include "collector/hlog/hlog.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/hlog/decode.h"
#include "collector/hlog/lines.h"
#include "collector/hlog/text.h"
#include "ring/place.h"

#define YEAR_NS                (INT64_C(365) * 24 * 3600 * 1000000000)
#define SAME_BOUND_NS          1000001 /* bounds in lines are rounded to ms */
#define OURS                   "#[Timekeeper "
#define STARTS_WITH(s, prefix) (!strncmp(s, prefix, sizeof(prefix) - 1))

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define NO_DIGIT 64u

struct tk_hlog {
	char *path;
	struct tk_hlog_lines lines;
	struct tk_hlog_decoder decoder;
	uint8_t *bytes; /* of a line, without base64 */
	size_t room;
	uint8_t digit[256]; /* what a character is worth in base64, or NO_DIGIT */
	double unit_ns, error;
	char unit[TK_UNIT_MAX + 1]; /* of the next line, if it is one of values */
	/* What comments said of times. */
	bool has_start, has_base, deduced;
	int64_t start_ns, base_ns;
	int64_t exact_start_ns; /* of the interval whose lines follow */
	uint64_t exact_length_ns;
	/* A comment of ours whose notes have not all been handed out. */
	char *notes;
	char kind[32], name[128];
	/* What could not be read. */
	uint64_t damaged, first_damaged;
	const char *why;
};

struct tk_hlog *tk_hlog_open(const char *path, double unit_ns)
{
	struct tk_hlog *l = calloc(1, sizeof(*l));
	bool standard = !strcmp(path, "-");

	if (!l)
		return NULL;
	memset(l->digit, NO_DIGIT, sizeof(l->digit));
	for (size_t i = 0; i < sizeof(digits) - 1; i++)
		l->digit[(unsigned char)digits[i]] = (uint8_t)i;
	l->lines.max = TK_HLOG_LINE_MAX;
	l->unit_ns = unit_ns > 0 ? unit_ns : 1;
	l->path = strdup(standard ? "standard input" : path);
	l->lines.fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (l->path && l->lines.fd >= 0)
		return l;
	int err = l->path ? errno : ENOMEM;
	tk_hlog_close(l);
	errno = err;
	return NULL;
}

void tk_hlog_close(struct tk_hlog *l)
{
	if (!l)
		return;
	if (l->lines.fd > STDIN_FILENO)
		close(l->lines.fd);
	tk_hlog_lines_free(&l->lines);
	tk_hlog_decoder_free(&l->decoder);
	free(l->bytes);
	free(l->path);
	free(l);
}

double tk_hlog_error(const struct tk_hlog *l)
{
	return l->error;
}

bool tk_hlog_damage(const struct tk_hlog *l, char *text, size_t size)
{
	if (!l->damaged)
		return false;
	if (l->damaged == 1)
		snprintf(text, size, "%s:%" PRIu64 ": %s", l->path, l->first_damaged, l->why);
	else
		snprintf(text, size,
			 "%s:%" PRIu64 ": %s (%" PRIu64 " lines in all could not be read)", l->path,
			 l->first_damaged, l->why, l->damaged);
	return true;
}

static void note_damage(struct tk_hlog *l, const char *why)
{
	if (!l->damaged++) {
		l->first_damaged = l->lines.number;
		l->why = why;
	}
}

/* ---- comments ---- */

/* Cut a text at the next of `ends`. @return what is behind it */
static char *cut(char *text, const char *ends)
{
	char *end = text + strcspn(text, ends);

	if (*end)
		*end++ = '\0';
	return end;
}

/* Cut the next "name=value" off. @return whether there was one */
static bool next_fact(char **text, char **name, char **value)
{
	*name = *text + strspn(*text, " ");
	*text = cut(*name, " ");
	*value = cut(*name, "=");
	tk_hlog_decode_text(*name);
	tk_hlog_decode_text(*value);
	return **name;
}

static const char *read_bounds(struct tk_hlog *l, char *facts)
{
	int64_t start = 0, length = -1;
	char *name, *value;

	while (next_fact(&facts, &name, &value)) {
		if (!strcmp(name, "start") && tk_hlog_parse_seconds(value, NULL, &start))
			return "the interval's start is no time";
		if (!strcmp(name, "length") && tk_hlog_parse_seconds(value, NULL, &length))
			return "the interval's length is no time";
	}
	if (length < 0)
		return "the interval has no length";
	l->exact_start_ns = start;
	l->exact_length_ns = (uint64_t)length;
	return NULL;
}

/* One that may not be shown is none. */
static void read_unit(struct tk_hlog *l, char *facts)
{
	char *name, *value;

	l->unit[0] = '\0';
	while (next_fact(&facts, &name, &value))
		if (!strcmp(name, "unit") && tk_unit_valid(value))
			snprintf(l->unit, sizeof(l->unit), "%s", value);
}

static bool parse_count(const char *text, uint64_t *count)
{
	char *end;

	errno = 0;
	*count = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static const char *read_lost(struct tk_hlog *l, char *facts, struct tk_hlog_item *item)
{
	char *name, *value;

	*item = (struct tk_hlog_item){ .kind = TK_HLOG_LOST,
				       .app = "",
				       .timer = "",
				       .measure = "",
				       .start_ns = l->exact_start_ns,
				       .length_ns = l->exact_length_ns };
	while (next_fact(&facts, &name, &value)) {
		uint64_t *count = !strcmp(name, "lost")      ? &item->lost
				  : !strcmp(name, "records") ? &item->records
							     : NULL;

		if (count && !parse_count(value, count))
			return "a count of losses is no number";
		if (!strcmp(name, "app"))
			item->app = value;
		else if (!strcmp(name, "timer"))
			item->timer = value;
	}
	return NULL;
}

/* What the reader itself goes by. */
static const char *apply_note(struct tk_hlog *l, const char *name, const char *value)
{
	bool is_unit = !strcmp(name, "log.unit_ps"), is_error = !strcmp(name, "log.error_ppm");
	uint64_t number;

	if (!is_unit && !is_error)
		return NULL;
	if (!parse_count(value, &number) || (is_unit && !number))
		return "the log's unit or error is no number";
	if (is_unit)
		l->unit_ns = (double)number / 1000;
	else
		l->error = (double)number / 1e6;
	return NULL;
}

/* @return whether there was another note in the comment */
static bool next_note(struct tk_hlog *l, struct tk_hlog_item *item)
{
	const char *wrong;
	char *name, *value;

	if (!l->notes || !next_fact(&l->notes, &name, &value)) {
		l->notes = NULL;
		return false;
	}
	snprintf(l->name, sizeof(l->name), "%s.%s", l->kind, name);
	wrong = apply_note(l, l->name, value);
	if (wrong)
		note_damage(l, wrong);
	*item = (struct tk_hlog_item){ .kind = TK_HLOG_NOTE, .name = l->name, .value = value };
	return true;
}

/* "kind: name=value name=value]" @return whether there is an item */
static bool read_ours(struct tk_hlog *l, char *text, struct tk_hlog_item *item, const char **wrong)
{
	char *facts = cut(text, ":");

	cut(facts, "]");
	if (!strcmp(text, "interval")) {
		*wrong = read_bounds(l, facts);
		return false;
	}
	if (!strcmp(text, "value")) {
		read_unit(l, facts);
		return false;
	}
	if (!strcmp(text, "lost")) {
		*wrong = read_lost(l, facts, item);
		return !*wrong;
	}
	snprintf(l->kind, sizeof(l->kind), "%s", text);
	l->notes = facts;
	return next_note(l, item);
}

/* @return whether there is an item */
static bool read_comment(struct tk_hlog *l, char *text, struct tk_hlog_item *item,
			 const char **wrong)
{
	const char *end;

	if (STARTS_WITH(text, OURS))
		return read_ours(l, text + sizeof(OURS) - 1, item, wrong);
	if (STARTS_WITH(text, "#[StartTime: ")) {
		if (tk_hlog_parse_seconds(strchr(text, ' ') + 1, &end, &l->start_ns))
			*wrong = "the log's start is no time";
		l->has_start = !*wrong;
		l->has_base = false;
		l->deduced = false;
	} else if (STARTS_WITH(text, "#[BaseTime: ")) {
		if (tk_hlog_parse_seconds(strchr(text, ' ') + 1, &end, &l->base_ns))
			*wrong = "the log's base time is no time";
		l->has_base = !*wrong;
	}
	return false;
}

/* ---- histograms ---- */

/*
 * What times in lines are relative to. A log that does not say it has absolute times, unless they
 * lie more than a year before its start: HdrHistogram's readers have the same rule.
 */
static int64_t base_of(struct tk_hlog *l, int64_t first_ns)
{
	if (!l->has_base && !l->deduced) {
		l->base_ns = l->has_start && first_ns < l->start_ns - YEAR_NS ? l->start_ns : 0;
		l->deduced = true;
	}
	return l->base_ns;
}

static bool is_about(int64_t a, int64_t b)
{
	return a - b <= SAME_BOUND_NS && b - a <= SAME_BOUND_NS;
}

static const char *read_times(struct tk_hlog *l, const char *start, const char *length,
			      struct tk_hlog_item *item)
{
	int64_t length_ns;

	if (tk_hlog_parse_seconds(start, NULL, &item->start_ns))
		return "the interval's start is no time";
	if (tk_hlog_parse_seconds(length, NULL, &length_ns) || length_ns < 0)
		return "the interval's length is no time";
	if (__builtin_add_overflow(item->start_ns, base_of(l, item->start_ns), &item->start_ns) ||
	    item->start_ns > INT64_MAX / 2 || item->start_ns < INT64_MIN / 2)
		return "the interval's start is no time";
	item->length_ns = (uint64_t)length_ns;
	if (is_about(item->start_ns, l->exact_start_ns) &&
	    is_about(length_ns, (int64_t)l->exact_length_ns)) {
		item->start_ns = l->exact_start_ns;
		item->length_ns = l->exact_length_ns;
	}
	return NULL;
}

static bool is_ours(const char *measure)
{
	return !strcmp(measure, "processing") || !strcmp(measure, "latency") ||
	       !strcmp(measure, "value");
}

/* "app/timer/measure" is ours; any other tag is the name of a timer. */
static void read_tag(char *tag, struct tk_hlog_item *item)
{
	char *first = strchr(tag, '/'), *second = first ? strchr(first + 1, '/') : NULL;

	item->app = item->measure = "";
	item->timer = tag;
	if (!second || !is_ours(second + 1))
		return;
	*first = *second = '\0';
	item->app = tag;
	item->timer = first + 1;
	item->measure = second + 1;
	tk_hlog_decode_text(tag);
	tk_hlog_decode_text(first + 1);
}

/* Four digits a time, as far as there are only digits. @return how many were decoded */
static size_t decode_digits(const struct tk_hlog *l, const char *text, size_t length)
{
	uint8_t *to = l->bytes;
	size_t i = 0;

	for (; i + 4 <= length; i += 4, to += 3) {
		const unsigned char *at = (const unsigned char *)text + i;
		uint32_t a = l->digit[at[0]], b = l->digit[at[1]], c = l->digit[at[2]];
		uint32_t d = l->digit[at[3]], bytes = htobe32(a << 26 | b << 20 | c << 14 | d << 8);

		if ((a | b | c | d) >= NO_DIGIT)
			break;
		memcpy(to, &bytes, sizeof(bytes)); /* the fourth is overwritten */
	}
	return i;
}

/* nettle judges the end, and what is no digit. It would take a sixth of a report's time for all. */
/* What a line of values counts is said before it, and said of it alone. */
static void take_unit(struct tk_hlog *l, struct tk_hlog_item *item)
{
	item->unit.values = !strcmp(item->measure, "value");
	if (item->unit.values)
		memcpy(item->unit.name, l->unit, sizeof(l->unit));
	l->unit[0] = '\0';
}

static const char *decode_base64(struct tk_hlog *l, const char *text, size_t *size)
{
	size_t length = strlen(text), whole, rest;
	struct base64_decode_ctx c;

	if (BASE64_DECODE_LENGTH(length) + 1 > l->room) {
		size_t room = 2 * BASE64_DECODE_LENGTH(length) + 1;
		uint8_t *grown = realloc(l->bytes, room);

		if (!grown)
			return "there is no memory for it";
		l->bytes = grown;
		l->room = room;
	}
	whole = decode_digits(l, text, length);
	rest = l->room - whole / 4 * 3;
	base64_decode_init(&c);
	if (!base64_decode_update(&c, &rest, l->bytes + whole / 4 * 3, length - whole,
				  text + whole))
		return "its histogram is no base64";
	*size = whole / 4 * 3 + rest;
	return base64_decode_final(&c) ? NULL : "its histogram ends early";
}

static const char *read_histogram(struct tk_hlog *l, char *text, struct tk_hlog_item *item)
{
	char *tag = text + 4, *start = text, *length, *max, *histogram;
	bool tagged = STARTS_WITH(text, "Tag=");
	const char *wrong;
	size_t size;

	*item = (struct tk_hlog_item){ .kind = TK_HLOG_HISTOGRAM };
	if (tagged)
		start = cut(text, ", ");
	length = cut(start, ", ");
	max = cut(length, ", ");
	histogram = cut(max, ", ");
	cut(histogram, ", ");
	if (!*histogram)
		return "it is no line of an interval";
	read_tag(tagged ? tag : text + strlen(text), item);
	take_unit(l, item);
	wrong = read_times(l, start, length, item);
	if (!wrong)
		wrong = decode_base64(l, histogram, &size);
	if (!wrong)
		wrong = tk_hlog_decode(&l->decoder, l->bytes, size,
				       item->unit.values ? 1 : l->unit_ns);
	if (wrong)
		return wrong;
	item->shape = &l->decoder.shape;
	item->counted = l->decoder.counted;
	item->n = l->decoder.n;
	item->count = l->decoder.count;
	return NULL;
}

/* ---- lines ---- */

static bool is_text(const struct tk_hlog_line *line)
{
	return !memchr(line->text, '\0', line->size);
}

/* @return whether there is an item */
static bool read_line(struct tk_hlog *l, const struct tk_hlog_line *line, struct tk_hlog_item *item)
{
	const char *wrong = NULL;
	bool found = false;

	if (line->too_long)
		wrong = "the line has more than 16 MiB";
	else if (!is_text(line))
		wrong = "there are zero bytes in the line";
	else if (line->text[0] == '#')
		found = read_comment(l, line->text, item, &wrong);
	else if (line->text[0] && !STARTS_WITH(line->text, "\"StartTimestamp\""))
		found = !(wrong = read_histogram(l, line->text, item));
	if (wrong && line->cut)
		wrong = "the file ends within the line";
	if (wrong)
		note_damage(l, wrong);
	return found;
}

int tk_hlog_next(struct tk_hlog *l, struct tk_hlog_item *item)
{
	struct tk_hlog_line line;
	int err;

	if (next_note(l, item))
		return 1;
	while ((err = tk_hlog_lines_next(&l->lines, &line)) > 0)
		if (read_line(l, &line, item))
			return 1;
	return err;
}
