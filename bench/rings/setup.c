/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/rings/bench.h"
#include "bench/rings/table.h"
#include "ring/memory.h"
#include "tsc/freq.h"

/* The two cpus that this process may use first, or one. */
static int find_cpus(struct bench *b)
{
	cpu_set_t set;
	unsigned n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		return -errno;
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			b->cpus[n++] = cpu;
	b->two = n == 2;
	return 0;
}

static size_t most_memory(void)
{
	size_t most = 0;

	for (unsigned i = 0; i < ring_table_size; i++)
		for (unsigned bytes = 16; bytes <= 32; bytes += 16) {
			size_t size = ring_table[i]->memory(SLOTS_MAX, bytes);

			most = size > most ? size : most;
		}
	return (most + TK_HUGEPAGE - 1) & ~(TK_HUGEPAGE - 1);
}

/* A file in a directory of its own. Both are removed as soon as the file is mapped. */
static int map_memory(struct bench *b)
{
	static const char *const names[] = {
		[TK_PAGES_SMALL] = "small pages",
		[TK_PAGES_COLLAPSED] = "transparent hugepages",
		[TK_PAGES_HUGETLB] = "hugetlbfs",
	};
	char dir[] = "/dev/shm/tk-rings-XXXXXX";
	struct tk_memory m;
	int fd, ret;

	if (!mkdtemp(dir))
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ret = fd < 0 ? -errno : tk_memory_file(fd, "ring", most_memory(), -1, 0600, &m);
	if (ret == 0) {
		unlinkat(fd, "ring", 0);
		b->memory = m.addr;
		b->memory_size = m.size;
		b->pages = names[m.pages];
	}
	if (fd >= 0)
		close(fd);
	rmdir(dir);
	return ret;
}

/* Where the sides of one trial lie: a page for the writer, one for the reader, one for the run. */
#define PLACE  4096u
#define PLACES (3u * PLACE)

static int map_places(struct bench *b)
{
	b->places = mmap(NULL, BENCH_PLACES * PLACES, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return b->places == MAP_FAILED ? -errno : 0;
}

int bench_open(struct bench *b)
{
	struct tk_tsc_freq freq;
	int ret = find_cpus(b);

	if (!ret)
		ret = tk_tsc_freq_measure(20000000, &freq);
	if (ret)
		return ret;
	b->tick_ns = 1e9 / freq.hz;
	b->rows = json_array();
	tk_pin(b->cpus[0]);
	ret = map_memory(b);
	return ret ? ret : map_places(b);
}

void bench_close(struct bench *b)
{
	munmap(b->memory, b->memory_size);
	munmap(b->places, BENCH_PLACES * PLACES);
	json_decref(b->rows);
	free(b->rings);
}

bool trial_make(struct bench *b, struct trial *t, const struct ring *ring, uint64_t slots,
		unsigned bytes)
{
	char *place = b->places + b->trials++ % BENCH_PLACES * PLACES;

	memset(t, 0, sizeof(*t));
	t->ring = ring;
	t->loops = bytes == 16 ? ring->loops_16 : ring->loops_32;
	if (!t->loops)
		return false;
	t->slots = slots;
	t->bytes = bytes;
	t->w = place;
	t->r = place + PLACE;
	t->run = (struct ring_run *)(place + 2 * PLACE);
	t->next = 1;
	memset(b->memory, 0, ring->memory(slots, bytes));
	memset(place, 0, PLACES);
	ring->init(b->memory, slots, bytes);
	ring->writer_init(t->w, b->memory, slots, bytes);
	ring->reader_init(t->r, b->memory, slots, bytes);
	return true;
}

uint64_t trial_room(const struct trial *t)
{
	return t->slots - t->ring->unusable - t->ring->early;
}

uint64_t trial_empty(struct trial *t)
{
	struct ring_sum sum = { 0 };

	t->loops->flush(t->w);
	/*
	 * Three polls in a row must find nothing: some readers wait a poll before they believe it.
	 */
	for (unsigned idle = 0; idle < 3;)
		idle = t->loops->drain(t->r, RING_BATCH, UINT64_MAX, &sum) ? 0 : idle + 1;
	return sum.n;
}
