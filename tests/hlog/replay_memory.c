/* SPDX-License-Identifier: MIT */
/*
 * A recording that is played while memory is refused: the n-th allocation, for every n, once or
 * from then on for a while. It does not crash, it comes to its end, and each sample is shown, or a
 * line says that something is not. A child process runs each n. Prints TAP.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/engine/views/recent.h"
#include "collector/hlog/write.h"
#include "collector/replay/replay.h"
#include "tests/refused.h"

#define SECOND    INT64_C(1000000000)
#define TIMERS    9
#define INTERVALS 12
#define SAMPLES   (UINT64_C(2) * 7 * TIMERS * INTERVALS) /* both measures, 7 each */

static void make_log(const char *path)
{
	struct tk_hlog_writer w = { 0 };
	FILE *f = fopen(path, "w");
	char name[16];

	if (!f || tk_hlog_writer_open(&w))
		abort();
	tk_hlog_put_header(&w, 1764460000 * SECOND);
	for (int64_t i = 0; i < INTERVALS; i++)
		for (int k = 0; k < 2 * TIMERS; k++) {
			struct tk_hlog_where at = { k % 4 ? "app" : "other", name,
						    (enum tk_measure)(k % 2), i * SECOND, SECOND };
			struct tk_bins b = { 0 };

			snprintf(name, sizeof(name), "timer-%d", k / 2);
			for (uint64_t n = 0; n < 7; n++)
				tk_bins_add(&b, (uint64_t)(k + 1) << (3 * n), 1);
			tk_hlog_put_histogram(&w, &at, &b, 1);
			tk_bins_free(&b);
		}
	if (w.err || fwrite(w.text, 1, w.size, f) != w.size || fclose(f))
		abort();
	tk_hlog_writer_close(&w);
}

/* @return samples of all timers; UINT64_MAX: there was no memory for a snapshot */
static uint64_t samples(struct tk_replay *r, struct tk_recent *recent)
{
	const struct tk_view v = { .key = 1, .recent = recent, .max_points = 100, .totals = true };
	struct tk_snapshot *s = tk_replay_snapshot(r, &v);
	uint64_t n = 0;

	if (!s)
		return UINT64_MAX;
	for (size_t i = 0; i < s->n_timers; i++)
		for (int m = 0; m < TK_MEASURES; m++)
			n += s->timers[i].total[m].count;
	tk_snapshot_free(s);
	return n;
}

/* The child. @return 0: right, and nothing was refused; 1: right; 2: wrong */
static int play(const char *path)
{
	const struct tk_replay_wanted w = { .files = &path, .n_files = 1, .speed = 1 };
	struct tk_recent recent = { 0 };
	char why[256] = "", damage[512];
	struct tk_replay *r;
	uint64_t seen;

	allocations = 0;
	r = tk_replay_open(&w, why);
	if (!r)
		return why[0] ? 1 : 2;
	while (!tk_replay_is_over(r)) {
		(void)samples(r, &recent);
		tk_replay_play(r, UINT64_C(1500000000));
	}
	bool all = allocations <= fails_at;
	fails_at = -1;
	seen = samples(r, &recent);
	bool said = tk_replay_damage(r, damage, sizeof(damage));
	tk_recent_free(&recent);
	tk_replay_close(r);
	if (seen > SAMPLES || (seen < SAMPLES && !said))
		return 2;
	return all ? 0 : 1;
}

/* Every n, until nothing is refused. @return whether all were right */
static bool refuse_each(const char *path, long how_many)
{
	int status, code = 1;
	long n = 0;

	for (; code == 1; n++) {
		pid_t child = fork();

		if (child == 0) {
			fails_at = n;
			fails_for = how_many;
			_exit(play(path));
		}
		if (child < 0 || waitpid(child, &status, 0) != child)
			abort();
		code = WIFEXITED(status) ? WEXITSTATUS(status) : 2;
		if (code == 2)
			printf("# allocation %ld: status %x\n", n, (unsigned)status);
	}
	printf("# %ld allocations\n", n - 1);
	return code == 0 && n > 100;
}

int main(void)
{
	char path[64];
	bool good[2];

#ifdef SANITIZED
	printf("1..0 # SKIP the sanitizer has the allocator\n");
	return 0;
#endif
	snprintf(path, sizeof(path), "/dev/shm/tk-test-replay-memory.%d", getpid());
	make_log(path);
	fflush(stdout);
	good[0] = refuse_each(path, 1);
	printf("%sok 1 - each allocation refused once\n", good[0] ? "" : "not ");
	fflush(stdout);
	good[1] = refuse_each(path, 5);
	printf("%sok 2 - and the four after it\n1..2\n", good[1] ? "" : "not ");
	unlink(path);
	return !good[0] || !good[1];
}
