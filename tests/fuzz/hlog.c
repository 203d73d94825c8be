/* SPDX-License-Identifier: MIT */
/*
 * Logs of HdrHistogram. The first byte says what the rest is: even, a file; odd, an encoded
 * histogram, which is tried as it is, and compressed in a line of a file, so that a fuzzer need not
 * invent zlib and base64. Buckets ascend and are within their shape, counts add up, quantiles
 * ascend, what is reported is valid JSON and printable text, what is played adds up and comes to
 * its end, and a reason for damage can be shown.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "collector/hlog/decode.h"
#include "collector/hlog/hlog.h"
#include "collector/hlog/sum.h"
#include "collector/replay/replay.h"
#include "collector/report/report.h"
#include "tests/fuzz/fuzz.h"

static void is_valid(const struct tk_hlog_shape *s, const struct tk_hlog_counted *c, size_t n,
		     uint64_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		REQUIRE(c[i].count && c[i].bucket < tk_hlog_buckets(s));
		REQUIRE(!i || c[i].bucket > c[i - 1].bucket);
		REQUIRE(isfinite(tk_hlog_middle_ns(s, c[i].bucket)));
		sum += c[i].count;
	}
	REQUIRE(sum == count && count <= INT64_MAX);
}

static void quantiles_ascend(const struct tk_hlog_sum *sum)
{
	static const uint32_t q[] = { 0, 1, 500000000, 999000000, 1000000000 };
	struct tk_hlog_cells cells;
	double ns[5];

	REQUIRE(tk_hlog_sum_cells(sum, &cells) == 0 && cells.count == sum->count);
	tk_hlog_quantiles(&cells, q, 5, ns);
	for (int i = 1; i < 5; i++)
		REQUIRE(ns[i] >= ns[i - 1]);
	REQUIRE(!cells.n || (ns[0] == cells.cell[0].ns && ns[4] == cells.cell[cells.n - 1].ns));
	tk_hlog_cells_free(&cells);
}

static void read_file(const char *path)
{
	struct tk_hlog *l = tk_hlog_open(path, 0);
	struct tk_hlog_sum sum = { 0 };
	struct tk_hlog_item i;
	char damage[256];

	if (!l)
		abort();
	while (tk_hlog_next(l, &i) > 0) {
		if (i.kind == TK_HLOG_NOTE) {
			REQUIRE(i.name && i.value);
			continue;
		}
		REQUIRE(i.app && i.timer && i.measure && i.length_ns <= INT64_MAX);
		if (i.kind == TK_HLOG_LOST)
			continue;
		is_valid(i.shape, i.counted, i.n, i.count);
		if (sum.bytes < 1 << 20)
			REQUIRE(tk_hlog_sum_add(&sum, &i) == 0);
	}
	if (tk_hlog_damage(l, damage, sizeof(damage)))
		REQUIRE(fuzz_is_reason(damage, sizeof(damage)));
	quantiles_ascend(&sum);
	tk_hlog_sum_free(&sum);
	tk_hlog_close(l);
}

static void is_text(const char *text, size_t size)
{
	char *line = strndup(text, size);

	REQUIRE(line);
	for (char *at = strtok(line, "\n"); at; at = strtok(NULL, "\n"))
		REQUIRE(fuzz_printable(at, false));
	free(line);
}

static void report(char *path)
{
	static const struct tk_texts all;
	tk_report_print *const print[] = { tk_report_table,  tk_report_csv,       tk_report_hgrm,
					   tk_report_curves, tk_report_over_time, tk_report_json };
	struct tk_stats_list stats;
	struct tk_report_wanted wanted = { .timers = &all, .stats = &stats, .times = true };
	struct tk_report r;

	REQUIRE(tk_stats_list_parse(&stats, "sum,min,avg,p50,p99.9,max") == 0);
	REQUIRE(tk_report_read(&r, &wanted, &path, 1) == 0);
	for (size_t i = 0; i < 6; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		REQUIRE(out && print[i](&r, out) == 0 && fclose(out) == 0);
		is_text(text, size);
		if (print[i] == tk_report_json) {
			json_t *o = json_loads(text, 0, NULL);

			REQUIRE(o);
			json_decref(o);
		}
		free(text);
	}
	tk_report_free(&r);
}

static void is_shown(struct tk_replay *r, uint64_t key)
{
	const struct tk_view v = { .key = key, .totals = true, .max_points = 64 };
	struct tk_snapshot *s = tk_replay_snapshot(r, &v);

	REQUIRE(s && s->t_ns > 0 && fuzz_printable(s->about, false));
	REQUIRE(fuzz_printable(s->origin, false));
	for (size_t i = 0; i < s->n_timers; i++)
		for (int m = 0; m < TK_MEASURES; m++) {
			const struct tk_datapoint *d = &s->timers[i].total[m];

			REQUIRE(d->records == d->count + d->aside + d->without + d->lost);
			REQUIRE(!d->count || d->p_ns[TK_P50] <= d->p_ns[TK_P9999]);
			REQUIRE(fuzz_printable(s->timers[i].name, false));
		}
	for (int m = 0; m < TK_MEASURES; m++)
		for (size_t k = 1; k < s->n_points[m]; k++)
			REQUIRE(s->points[m][k].t_ns > s->points[m][k - 1].t_ns);
	tk_snapshot_free(s);
}

/* To its end, whatever times it has: some seconds, then as fast as it goes. */
static void play(const char *path)
{
	const struct tk_replay_wanted w = {
		.files = &path, .n_files = 1, .speed = 1, .history_bytes = 1 << 20
	};
	char text[256];
	struct tk_replay *r = tk_replay_open(&w, text);

	if (!r) {
		REQUIRE(errno == ENODATA || fuzz_is_reason(text, sizeof(text)));
		return;
	}
	for (uint64_t n = 0; !tk_replay_is_over(r); n++) {
		is_shown(r, n);
		tk_replay_play(r, n < 8 ? UINT64_C(300000000) << n : UINT64_MAX);
		REQUIRE(n < 1000);
	}
	is_shown(r, 1);
	if (tk_replay_damage(r, text, sizeof(text)))
		REQUIRE(fuzz_is_reason(text, sizeof(text)));
	tk_replay_close(r);
}

static void try_file(const void *bytes, size_t size)
{
	char path[256];

	fuzz_write_file(fuzz_place(), "log", bytes, size);
	snprintf(path, sizeof(path), "%s/log", fuzz_place());
	read_file(path);
	report(path);
	play(path);
}

static void try_histogram(const uint8_t *bytes, size_t size)
{
	static const uint8_t head[] = { 0x1c, 0x84, 0x93, 0x14 };
	struct tk_hlog_decoder d = { 0 };
	uLongf room = compressBound(size);
	uint8_t *packed = malloc(8 + room);
	char *line = malloc(64 + BASE64_ENCODE_RAW_LENGTH(8 + room));
	int at = sprintf(line, "Tag=a/b/latency,1,1,0,");

	if (!tk_hlog_decode(&d, bytes, size, 1))
		is_valid(&d.shape, d.counted, d.n, d.count);
	tk_hlog_decoder_free(&d);
	REQUIRE(compress(packed + 8, &room, bytes, size) == Z_OK);
	memcpy(packed, head, 4);
	for (int i = 0; i < 4; i++)
		packed[4 + i] = (uint8_t)(room >> 8 * (3 - i));
	base64_encode_raw(line + at, 8 + room, packed);
	at += (int)BASE64_ENCODE_RAW_LENGTH(8 + room);
	line[at++] = '\n';
	try_file(line, (size_t)at);
	free(packed);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before = fuzz_free_descriptor();

	if (!size)
		return 0;
	if (*data % 2)
		try_histogram(data + 1, size - 1);
	else
		try_file(data + 1, size - 1);
	REQUIRE(fuzz_free_descriptor() == before);
	return 0;
}
