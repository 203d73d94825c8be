/* SPDX-License-Identifier: MIT */
/*
 * The file that keeps the offsets between cores. A line that is '@' stands for this boot's id in
 * the input, so that one corpus serves every machine: "timekeeper-offsets 1 @ 0 1".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ring/place.h"
#include "tests/fuzz/fuzz.h"
#include "tsc/files.h"
#include "tsc/offset.h"

#define FILE_NAME "tsc-offsets"

/* The input, with the boot id for each '@'. */
static char *with_boot_id(const uint8_t *data, size_t size, size_t *length)
{
	char *text = malloc(size * 40 + 1), id[40];
	size_t n = 0;

	REQUIRE(text);
	tk_boot_id(id);
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '@')
			n = (size_t)(stpcpy(text + n, id) - text);
		else
			text[n++] = (char)data[i];
	}
	*length = n;
	return text;
}

static void check(const struct tk_tsc_offsets *o)
{
	REQUIRE(o->ref_cpu >= 0 && o->ref_cpu < TK_TSC_CPUS && o->n < TK_TSC_CPUS);
	for (uint32_t i = 0; i < o->n; i++) {
		const struct tk_tsc_offset *v = &o->v[i];

		REQUIRE(v->cpu >= 0 && v->cpu < TK_TSC_CPUS && v->cpu != o->ref_cpu);
		REQUIRE(i == 0 || v->cpu > v[-1].cpu);
		REQUIRE(v->lo <= v->est && v->est <= v->hi);
		REQUIRE(v->error <= 0 && v->error >= -4095);
	}
}

static void there_and_back(const struct tk_tsc_offsets *o)
{
	struct tk_tsc_offsets back;

	REQUIRE(tk_tsc_offsets_save(fuzz_place(), o) == 0);
	REQUIRE(tk_tsc_offsets_load(fuzz_place(), &back) == 0);
	REQUIRE(back.n == o->n && back.ref_cpu == o->ref_cpu);
	for (uint32_t i = 0; i < o->n; i++)
		REQUIRE(back.v[i].cpu == o->v[i].cpu && back.v[i].lo == o->v[i].lo &&
			back.v[i].hi == o->v[i].hi && back.v[i].est == o->v[i].est &&
			back.v[i].error == o->v[i].error && back.v[i].rounds == o->v[i].rounds &&
			back.v[i].narrowest == o->v[i].narrowest);
	tk_tsc_offsets_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length;
	char *text = with_boot_id(data, size, &length);
	struct tk_tsc_offsets o;
	int err;

	fuzz_write_file(fuzz_place(), FILE_NAME, text, length);
	err = tk_tsc_offsets_load(fuzz_place(), &o);
	if (err == 0) {
		check(&o);
		there_and_back(&o);
	} else {
		REQUIRE(err == -EBADMSG || err == -ESTALE);
		REQUIRE(o.n == 0 && o.v == NULL);
	}
	tk_tsc_offsets_free(&o);
	free(text);
	return 0;
}
