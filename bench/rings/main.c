/* SPDX-License-Identifier: MIT */
/*
 * bench/rings - every ring of the literature that we know of, and the lane, measured the same way.
 *
 *	build/bench/rings [--quick] [--only RING,..] [--section NAME,..] [--slots N]
 *			  [--json FILE] [--plots DIR]
 *
 * A ring is a file in this folder behind ring.h, a section is a file behind bench.h. Progress goes
 * to stderr, tables to stdout. It takes about five minutes; --quick takes half a minute, to see
 * that it works. Exit 1 if a ring lost, doubled or tore a record that it must not.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/rings/bench.h"
#include "bench/rings/table.h"

static const struct section {
	const char *name;
	void (*measure)(struct bench *b);
} sections[] = {
	{ "push", section_push },   { "fenced", section_fenced },   { "work", section_work },
	{ "burst", section_burst }, { "deliver", section_deliver }, { "verify", section_verify },
	{ "full", section_full },   { "killed", section_killed },
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

static int usage(FILE *out)
{
	fprintf(out, "usage: rings [--quick] [--only RING,..] [--section NAME,..] [--slots N]\n"
		     "             [--json FILE] [--plots DIR]\n\nsections:");
	for (unsigned i = 0; i < SECTIONS; i++)
		fprintf(out, " %s", sections[i].name);
	fprintf(out, "\nrings:");
	for (unsigned i = 0; i < ring_table_size; i++)
		if (!ring_table[i]->baseline)
			fprintf(out, " %s", ring_table[i]->name);
	for (unsigned i = 0; i < ring_left_out_size; i++)
		fprintf(out, "\nleft out: %s", ring_left_out[i]);
	putc('\n', out);
	return out == stdout ? 0 : 2;
}

/* Is `name` in the list "a,b,c"? No list: everything is. */
static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	if (!list)
		return true;
	while (list) {
		if (!strncmp(list, name, n) && (list[n] == ',' || !list[n]))
			return true;
		list = strchr(list, ',');
		list += list != NULL;
	}
	return false;
}

static bool known_section(const char *name)
{
	for (unsigned i = 0; i < SECTIONS; i++)
		if (!strcmp(sections[i].name, name))
			return true;
	return false;
}

static bool known_ring(const char *name)
{
	const struct ring *r = ring_named(name);

	return r && !r->baseline;
}

/* @return false: the list has no names, or one that is not known; an error was printed */
static bool check_list(const char *list, const char *what, bool (*known)(const char *name))
{
	char *copy = list ? strdup(list) : NULL, *save, *name;
	bool good = true;
	unsigned n = 0;

	for (name = copy ? strtok_r(copy, ",", &save) : NULL; name && good;
	     name = strtok_r(NULL, ",", &save), n++) {
		good = known(name);
		if (!good)
			fprintf(stderr, "rings: there is no %s \"%s\"; --help lists them\n", what,
				name);
	}
	free(copy);
	if (!list || n)
		return good;
	fprintf(stderr, "rings: the list of %ss is empty; --help lists them\n", what);
	return false;
}

static bool parse_slots(const char *text, uint64_t *slots)
{
	char *end;

	errno = 0;
	*slots = strtoull(text, &end, 10);
	if (!errno && *text >= '0' && *text <= '9' && !*end && *slots >= SLOTS_MIN &&
	    *slots <= SLOTS_MAX && !(*slots & (*slots - 1)))
		return true;
	fprintf(stderr, "rings: --slots %s: a ring has a power of two of slots, from %lu to %lu\n",
		text, SLOTS_MIN, SLOTS_MAX);
	return false;
}

static void choose_rings(struct bench *b, const char *only)
{
	b->rings = calloc(ring_table_size, sizeof(struct ring *));
	if (!b->rings)
		abort();
	for (unsigned i = 0; i < ring_table_size; i++)
		if (ring_table[i]->baseline || listed(only, ring_table[i]->name))
			b->rings[b->n_rings++] = ring_table[i];
}

static int cannot_write(const char *path)
{
	fprintf(stderr, "rings: cannot write %s: %s\n", path, strerror(errno));
	return 1;
}

static int save(const struct bench *b, FILE *out, const char *path, int argc, char **argv)
{
	json_t *doc = bench_document(b, argc, argv);
	int bad = json_dumpf(doc, out, JSON_INDENT(1) | JSON_REAL_PRECISION(6));

	json_decref(doc);
	return fclose(out) || bad ? cannot_write(path) : 0;
}

static int plot(const struct bench *b, const char *dir)
{
	int ret = bench_plot(b, dir);

	if (ret)
		fprintf(stderr, "rings: cannot write the plots' tables to %s: %s\n", dir,
			strerror(-ret));
	return ret ? 1 : 0;
}

static int measure(struct bench *b, const char *chosen)
{
	tk_describe_machine(stdout);
	printf("# rings in %s; writer on cpu %u, reader on %s%.0u\n", b->pages, b->cpus[0],
	       b->two ? "cpu " : "no other cpu", b->two ? b->cpus[1] : 0);
	for (unsigned i = 0; i < ring_left_out_size; i++)
		printf("# left out: %s\n", ring_left_out[i]);
	if (!b->two)
		printf("# one cpu only: whatever needs a reader beside the writer is left out\n");
	for (unsigned i = 0; i < SECTIONS; i++) {
		if (!listed(chosen, sections[i].name))
			continue;
		fprintf(stderr, "measuring: %s\n", sections[i].name);
		sections[i].measure(b);
		fflush(stdout);
	}
	if (b->wrong)
		fprintf(stderr,
			"rings: a ring lost, doubled or tore records; its rows say WRONG or !\n");
	return b->wrong ? 1 : 0;
}

/* What the command line asks for; NULL: not said. */
struct request {
	const char *only, *sections, *json, *plots;
	bool quick;
	uint64_t slots;
};

/** @return -1 to go on, else the exit code. */
static int parse(int argc, char **argv, struct request *r)
{
	enum { QUICK = 1, ONLY, SECTION, SLOTS, JSON, PLOTS, HELP };
	static const struct option options[] = {
		{ "quick", no_argument, NULL, QUICK },
		{ "only", required_argument, NULL, ONLY },
		{ "section", required_argument, NULL, SECTION },
		{ "slots", required_argument, NULL, SLOTS },
		{ "json", required_argument, NULL, JSON },
		{ "plots", required_argument, NULL, PLOTS },
		{ "help", no_argument, NULL, HELP },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case QUICK:
			r->quick = true;
			break;
		case ONLY:
			r->only = optarg;
			break;
		case SECTION:
			r->sections = optarg;
			break;
		case SLOTS:
			if (!parse_slots(optarg, &r->slots))
				return 2;
			break;
		case JSON:
			r->json = optarg;
			break;
		case PLOTS:
			r->plots = optarg;
			break;
		case HELP:
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "rings: unknown argument \"%s\"\n", argv[optind]);
		return usage(stderr);
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct request r = { .slots = 65536 };
	struct bench b = { 0 };
	FILE *rows = NULL;
	int ret = parse(argc, argv, &r);

	if (ret >= 0)
		return ret;
	if (!check_list(r.only, "ring", known_ring) ||
	    !check_list(r.sections, "section", known_section))
		return 2;
	b.quick = r.quick;
	b.slots = r.slots;
	/* Report a path that cannot be written before minutes of measuring. */
	rows = r.json ? fopen(r.json, "w") : NULL;
	if (r.json && !rows)
		return cannot_write(r.json);
	if (r.plots && access(r.plots, W_OK))
		return cannot_write(r.plots);
	choose_rings(&b, r.only);
	ret = bench_open(&b);
	if (ret) {
		fprintf(stderr,
			"rings: cannot get the memory for rings in /dev/shm: %s; it takes some 70 "
			"MiB\n",
			strerror(-ret));
		return 1;
	}
	ret = measure(&b, r.sections);
	if (!r.only && !r.sections)
		bench_verdict(&b);
	if (rows && save(&b, rows, r.json, argc, argv))
		ret = 1;
	if (r.plots && plot(&b, r.plots))
		ret = 1;
	bench_close(&b);
	return ret;
}
