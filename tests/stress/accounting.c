/* SPDX-License-Identifier: MIT */
/*
 * One writer at full speed, several readers in processes of their own, each with another pace: one
 * spins under the chunk rule, one naps, one is stopped and continued at random. Every record says
 * its own number, so each reader knows that it is whole, and that it comes once. At the end, for
 * each reader: produced = delivered + lost.
 *
 *	accounting [pushes] [slots]
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/ring/lane_in_memory.h"

enum pace { SPINS, NAPS, IS_STOPPED, PACES };
static const char *const pace_name[PACES] = { "spins", "naps", "is stopped" };

struct shared {
	int ready; /* readers that have attached */
	int done;  /* the writer is */
	uint64_t produced;
};

static void pause_ns(long ns)
{
	struct timespec t = { .tv_nsec = ns };

	nanosleep(&t, NULL);
}

static int complain(enum pace pace, const char *what, uint64_t a, uint64_t b)
{
	printf("not ok: the reader that %s: %s (%lu, %lu)\n", pace_name[pace], what, a, b);
	return 1;
}

static int read_lane(const struct lane_in_memory *lane, struct shared *shared, enum pace pace)
{
	struct tk_lane_reader r;
	struct tk_slot out[TK_LANE_CHUNK];
	uint64_t last = 0, backwards = 0;
	bool ending = false;
	size_t n;

	lane_reader(lane, &r, TK_LANE_NEWEST);
	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_RELEASE);
	for (;;) {
		bool more = tk_lane_read(&r, out, &n);

		for (size_t i = 0; i < n; i++) {
			uint64_t number = lane_number(&out[i]);

			if (number < r.first)
				return complain(pace, "torn or foreign record", number,
						out[i].w[0]);
			backwards += number <= last;
			last = number;
		}
		if (r.next - r.first != r.delivered + r.lost + r.n_pending)
			return complain(pace, "its sums are off", r.next, r.delivered);
		if (more || n)
			continue;
		if (ending)
			break;
		ending = __atomic_load_n(&shared->done, __ATOMIC_ACQUIRE);
		if (ending)
			tk_lane_reader_end(&r);
		else if (pace != SPINS)
			pause_ns(pace == NAPS ? 1000000 : 50000);
	}
	if (backwards)
		return complain(pace, "a record twice or out of order", backwards, last);
	if (r.delivered + r.lost != shared->produced - r.first)
		return complain(pace, "produced is not delivered + lost",
				shared->produced - r.first, r.delivered + r.lost);
	printf("ok: the reader that %s: %lu = %lu delivered + %lu lost\n", pace_name[pace],
	       shared->produced - r.first, r.delivered, r.lost);
	fflush(stdout);
	return 0;
}

static void disturb(pid_t reader, pid_t writer)
{
	while (waitpid(writer, NULL, WNOHANG) == 0) {
		kill(reader, SIGSTOP);
		pause_ns(3000000);
		kill(reader, SIGCONT);
		pause_ns(500000);
	}
}

/* Readers of paces [from, to). */
static int run(enum pace from, enum pace to, uint64_t pushes, uint64_t slots)
{
	struct lane_in_memory lane;
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t reader[PACES], writer;
	int status, bad = 0;

	lane_make(&lane, slots);
	for (enum pace p = from; p < to; p++) {
		reader[p] = fork();
		if (reader[p] == 0)
			_exit(read_lane(&lane, shared, p));
	}
	writer = fork();
	if (writer == 0) {
		while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < (int)(to - from))
			pause_ns(100000);
		for (uint64_t i = 0; i < pushes; i++)
			lane_push_numbered(&lane);
		shared->produced = lane_next(&lane);
		__atomic_store_n(&shared->done, 1, __ATOMIC_RELEASE);
		_exit(0);
	}
	if (to > IS_STOPPED)
		disturb(reader[IS_STOPPED], writer);
	else
		waitpid(writer, NULL, 0);
	for (enum pace p = from; p < to; p++) {
		waitpid(reader[p], &status, 0);
		bad |= status;
	}
	lane_free(&lane);
	munmap(shared, sizeof(*shared));
	return bad ? 1 : 0;
}

int main(int argc, char **argv)
{
	uint64_t pushes = argc > 1 ? strtoull(argv[1], NULL, 10) : 30000000;
	uint64_t slots = argc > 2 ? strtoull(argv[2], NULL, 10) : 4096;
	int bad = 0;

	if (!IS_QUEUE)
		return run(0, PACES, pushes, slots);
	for (enum pace p = 0; p < PACES; p++) /* a queue has one at a time */
		bad |= run(p, p + 1, pushes, slots);
	return bad;
}
