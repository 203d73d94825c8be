/* SPDX-License-Identifier: MIT */
#include "tests/edges/rows.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

bool rows_of_processes;

static uint64_t number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static double real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void text(char *to, size_t size, const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	snprintf(to, size, "%s", value ? value : "");
}

/* Segments are named <app>.<pid>.<random>. */
static void app_of(struct row *row)
{
	char *dot;

	snprintf(row->app, sizeof(row->app), "%.63s", row->segment);
	for (int i = 0; i < 2; i++) {
		dot = strrchr(row->app, '.');
		if (dot)
			*dot = '\0';
	}
}

static enum row_type type_of(const json_t *object)
{
	const char *type = json_string_value(json_object_get(object, "type"));

	if (!type) /* schema 1 */
		return ROW_TIMER;
	rows_of_processes = true;
	if (!strcmp(type, "timer"))
		return ROW_TIMER;
	if (!strcmp(type, "process"))
		return number(object, "pid") ? ROW_PROCESS : ROW_UNREAD;
	return ROW_OTHER;
}

static void take_apart(struct row *row, const json_t *o)
{
	memset(row, 0, sizeof(*row));
	row->type = type_of(o);
	text(row->app, sizeof(row->app), o, "app");
	text(row->segment, sizeof(row->segment), o, "segment");
	text(row->timer, sizeof(row->timer), o, "timer");
	text(row->measure, sizeof(row->measure), o, "kind");
	if (!row->app[0])
		app_of(row);
	row->pid = (uint32_t)number(o, "pid");
	row->t_ns = (int64_t)number(o, "t_ns");
	row->interval_ns = number(o, "interval_ns");
	row->interval =
		json_object_get(o, "interval") ? number(o, "interval") : (uint64_t)row->t_ns;
	row->count = number(o, "count");
	row->set_aside = number(o, "set_aside");
	row->without = number(o, "without");
	row->lost = number(o, "lost");
	row->delivered = number(o, "delivered");
	row->unknown = number(o, "unknown");
	row->refused = number(o, "refused");
	row->attributed = number(o, "attributed");
	row->unsettled = json_is_true(json_object_get(o, "unsettled"));
	row->processes = number(o, "processes");
	row->rate = real(o, "rate_per_s");
	row->sum_ns = real(o, "sum_ns");
	row->min_ns = real(o, "min_ns");
	row->max_ns = real(o, "max_ns");
	row->records = json_object_get(o, "records") ? number(o, "records")
						     : row->count + row->set_aside + row->lost;
}

/* Columns' identities. What schema 1 printed could not hold them. */
static const char *wrong(const struct row *row)
{
	double expected;

	if (!rows_of_processes)
		return NULL;
	if (row->type == ROW_OTHER)
		return NULL;
	if (row->type != ROW_TIMER && row->delivered + row->lost != row->records)
		return "delivered + lost is not records";
	if (row->type == ROW_TIMER &&
	    row->count + row->set_aside + row->without + row->lost != row->records)
		return "count + set_aside + without + lost is not records";
	if (row->interval_ns == 0)
		return "the interval has no length";
	expected = (double)row->records * 1e9 / (double)row->interval_ns;
	if (fabs(row->rate - expected) > 1e-6 * expected + 1e-9)
		return "rate_per_s is not records / interval";
	return NULL;
}

const char *row_read(struct row *row, const char *line, size_t length)
{
	json_t *object = json_loadb(line, length, 0, NULL);
	const char *what = "no JSON object";

	if (json_is_object(object)) {
		take_apart(row, object);
		what = wrong(row);
	}
	json_decref(object);
	return what;
}
