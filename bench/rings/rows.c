/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "bench/rings/bench.h"

void bench_row(struct bench *b, const char *section, const struct trial *t, json_t *values)
{
	json_t *row = json_pack("{s:s,s:s,s:i,s:I}", "section", section, "ring", t->ring->name,
				"bytes", t->bytes, "slots", (json_int_t)t->slots);

	if (!row || !values || json_object_update(row, values) ||
	    json_array_append_new(b->rows, row))
		abort(); /* no memory */
	json_decref(values);
}

static bool like(const json_t *row, json_t *want)
{
	const char *key;
	json_t *value;

	json_object_foreach(want, key,
			    value) if (!json_equal(json_object_get(row, key), value)) return false;
	return true;
}

double bench_value(const struct bench *b, json_t *want, const char *key)
{
	double value = NAN;
	json_t *row;
	size_t i;

	json_array_foreach(b->rows, i, row) if (like(row, want))
	{
		value = json_number_value(json_object_get(row, key));
		break;
	}
	json_decref(want);
	return value;
}

struct percentiles percentiles_of(double *v, unsigned n)
{
	struct percentiles p;

	p.p50 = tk_quantile(v, n, 0.5);
	p.p99 = v[(unsigned)(0.99 * (n - 1) + 0.5)];
	p.p999 = v[(unsigned)(0.999 * (n - 1) + 0.5)];
	return p;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

struct percentiles percentiles_of_ticks(uint32_t *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_value);
	return (struct percentiles){ v[(unsigned)(0.5 * (n - 1) + 0.5)],
				     v[(unsigned)(0.99 * (n - 1) + 0.5)],
				     v[(unsigned)(0.999 * (n - 1) + 0.5)] };
}

static json_t *ring_facts(const struct ring *r)
{
	static const char *const full[] = { "refuses", "overwrites" };
	static const char *const loads[] = { "never", "amortised", "every push" };

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:b,s:b}", "name", r->name, "family",
			 r->family, "source", r->source, "when_full", full[r->full],
			 "push_loads_readers_line", loads[r->loads], "broadcast", r->broadcast,
			 "bytes_16", r->loops_16 != NULL, "bytes_32", r->loops_32 != NULL,
			 "claims_to_survive_writer", r->survives_writer, "claims_to_survive_reader",
			 r->survives_reader);
}

/* What tk_describe_machine() says, as an object: "# key: value" lines. */
static json_t *machine(const struct bench *b)
{
	json_t *facts = json_object();
	char *text = NULL, *save, *line;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return facts;
	tk_describe_machine(f);
	fclose(f);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strstr(line, ": ");

		if (!value || strncmp(line, "# ", 2))
			continue;
		*value = '\0';
		json_object_set_new(facts, line + 2, json_string(value + 2));
	}
	free(text);
	json_object_set_new(facts, "tick_ns", json_real(b->tick_ns));
	json_object_set_new(facts, "ring_memory", json_string(b->pages));
	json_object_set_new(facts, "writer_cpu", json_integer(b->cpus[0]));
	if (b->two)
		json_object_set_new(facts, "reader_cpu", json_integer(b->cpus[1]));
	return facts;
}

json_t *bench_document(const struct bench *b, int argc, char **argv)
{
	json_t *rings = json_array(), *command = json_array();

	for (int i = 0; i < argc; i++)
		json_array_append_new(command, json_string(argv[i]));
	for (unsigned i = 1; i < b->n_rings; i++)
		json_array_append_new(rings, ring_facts(b->rings[i]));
	return json_pack("{s:i,s:o,s:o,s:o,s:O}", "schema", 1, "machine", machine(b), "command",
			 command, "rings", rings, "rows", b->rows);
}
