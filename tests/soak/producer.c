/* SPDX-License-Identifier: MIT */
/*
 * The watched programs of a soak: producer MODE [LEDGER [PID...]]
 *
 *	full	one thread at full speed, others beside it that come and go; the lane of the first
 *		begins a little before 2^32, that of the others a little before 2^40
 *	bursts	5,000 spans at once on three timers, every 20 ms
 *	reopens	closes its segment now and then, and opens another
 *	dies	records until it is killed; LEDGER is a file in which it says how much
 *	span	a single span, for as long as it runs
 *
 * It says "ready" once it has lanes and the readers (PID...) have attached, begins at SIGUSR1, ends
 * at SIGTERM, and then says how many records it pushed, timer by timer: "pushed TIMER NUMBER".
 *
 * It looks into the library to set lanes' sequence numbers, and to learn its segment's name.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "producer/library.h"

static sigset_t told;
static int n_readers;
static char **readers; /* their pids */

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "producer: %s: %s\n", what, tk_why());
	exit(1);
}

static void open_segment(const char *app)
{
	if (tk_open(app, NULL))
		give_up("no segment");
}

static void say_pushed(tk_timer_t timer, uint64_t n)
{
	printf("pushed %s %" PRIu64 "\n", tk_library.segment.timers[tk_meta_timer(timer)].name, n);
}

static void await_go(void)
{
	int sig;

	printf("ready\n");
	fflush(stdout);
	while (sigwait(&told, &sig) || sig != SIGUSR1)
		;
}

static bool told_to_stop(long within_ms)
{
	const struct timespec t = { within_ms / 1000, within_ms % 1000 * 1000000 };

	return sigtimedwait(&told, NULL, &t) == SIGTERM;
}

static void push(tk_timer_t timer, uint64_t n)
{
	while (n--)
		tk_stop(timer, tk_start(timer));
}

static void join(uint32_t slots)
{
	if (tk_join(&(struct tk_thread){ .slots = slots }))
		give_up("no lane");
}

/* ---- full ---- */

#define FULL_SLOTS   65536u
#define COMERS_SLOTS 131072u
#define COMERS       3
#define AT_ONCE      200000u /* more than a lane holds */

static tk_timer_t full, comers;
static int stop;
static uint64_t full_pushed, comers_pushed;

/*
 * A lane of so many slots begins at `number`, as if what came before were long gone, and is full:
 * zeroed slots would not do, for their tags read as older only near the beginning of a sequence.
 */
static void begin_at(uint64_t number, uint32_t slots, tk_timer_t timer)
{
	join(slots);
	tk_leave();
	tk_library_lock();
	for (uint32_t i = 0; i < tk_library.segment.head->n_lanes; i++) {
		struct tk_lane_entry *lane = &tk_library.lanes[i];

		if (lane->memory.head->slots != slots)
			continue;
		lane->next = number;
		lane->memory.head->published = number;
		lane->memory.counts[0] = number - slots; /* so that counts add up */
	}
	tk_library_unlock();
	join(slots);
	push(timer, slots);
	tk_leave();
}

static void *at_full_speed(void *unused)
{
	(void)unused;
	join(FULL_SLOTS);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		push(full, 10000);
		full_pushed += 10000;
	}
	return NULL;
}

static void *come_and_go(void *n)
{
	uint64_t pushed = AT_ONCE;

	join(COMERS_SLOTS);
	push(comers, AT_ONCE);
	for (uintptr_t i = (uintptr_t)n; i > 0 && !__atomic_load_n(&stop, __ATOMIC_RELAXED); i--) {
		push(comers, 1000);
		pushed += 1000;
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	__atomic_fetch_add(&comers_pushed, pushed, __ATOMIC_RELAXED);
	return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), uintptr_t n)
{
	if (pthread_create(thread, NULL, run, (void *)n)) {
		perror("producer: no thread");
		exit(1);
	}
}

static void run_full(void)
{
	pthread_t thread, comer[COMERS];

	open_segment("full");
	full = tk_timer("full");
	comers = tk_timer("comers");
	begin_at((UINT64_C(1) << 32) - 4000000, FULL_SLOTS, full);
	begin_at((UINT64_C(1) << 40) - 1000000, COMERS_SLOTS, comers);
	full_pushed = FULL_SLOTS;
	comers_pushed = COMERS_SLOTS;
	await_go();
	start(&thread, at_full_speed, 0);
	for (unsigned i = 0; i < COMERS; i++)
		start(&comer[i], come_and_go, 100);
	while (!told_to_stop(5))
		for (unsigned i = 0; i < COMERS; i++)
			if (!pthread_tryjoin_np(comer[i], NULL))
				start(&comer[i], come_and_go, (uintptr_t)rand() % 2000);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < COMERS; i++)
		pthread_join(comer[i], NULL);
	say_pushed(full, full_pushed);
	say_pushed(comers, comers_pushed);
}

/* ---- bursts ---- */

static void run_bursts(void)
{
	static const char *const names[] = { "burst-0", "burst-1", "burst-2" };
	uint64_t pushed[3] = { 0 };
	tk_timer_t timer[3];

	open_segment("bursts");
	for (unsigned i = 0; i < 3; i++)
		timer[i] = tk_timer(names[i]);
	join(0);
	await_go();
	while (!told_to_stop(20)) {
		struct tk_origin origin = tk_origin_now();

		for (unsigned i = 0; i < 5000; i++) {
			tk_stop_latency(timer[i % 3], tk_start(timer[i % 3]), origin);
			pushed[i % 3]++;
		}
	}
	for (unsigned i = 0; i < 3; i++)
		say_pushed(timer[i], pushed[i]);
}

/* ---- who must be there from the first record on, or could not count it ---- */

static bool has_mapped(const char *pid, const char *what)
{
	char path[64], line[4096];
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "re");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, what) != NULL;
	if (maps)
		fclose(maps);
	return found;
}

/* Until all readers have mapped it, or none. @return false if told to stop meanwhile. */
static bool await_mapping(const char *what, bool mapped)
{
	for (int i = 0; i < n_readers; i++)
		while (has_mapped(readers[i], what) != mapped)
			if (told_to_stop(1))
				return false;
	return true;
}

/* A lane for what comes, and another after it: who has mapped that one reads the first already. */
static bool await_readers(void)
{
	char what[TK_SEGMENT_NAME_MAX + 16];

	join(0);
	tk_leave();
	join(256);
	tk_leave();
	join(0);
	snprintf(what, sizeof(what), "%s/slots.1", tk_library.segment.name);
	return await_mapping(what, true);
}

/* ---- reopens ---- */

static void run_reopens(void)
{
	tk_timer_t timer = tk_timer("reopens");
	char was[TK_SEGMENT_NAME_MAX + 1];
	uint64_t pushed = 0;
	bool going = true;

	open_segment("reopens");
	await_go();
	while (going && await_readers()) {
		for (int i = 400 + rand() % 800; i >= 0 && going; i--) {
			push(timer, 1000);
			pushed += 1000;
			going = !told_to_stop(10);
		}
		strcpy(was, tk_library.segment.name);
		tk_close();
		going = going && await_mapping(was, false);
		open_segment("reopens");
	}
	say_pushed(timer, pushed);
}

/* ---- dies ---- */

/** What it pushed, whenever it is killed: done, and one more if begun says so; and how often only
 * begun said so at a death. */
struct ledger {
	uint64_t begun, done, perhaps;
};

static struct ledger *open_ledger(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *p = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(struct ledger)) == 0)
		p = mmap(NULL, sizeof(struct ledger), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	return p;
}

static void run_dies(const char *path)
{
	volatile struct ledger *l = open_ledger(path);
	tk_timer_t timer = tk_timer("dies");

	l->perhaps += l->begun - l->done;
	l->begun = l->done;
	open_segment("dies");
	if (!await_readers())
		return;
	await_go();
	while (!told_to_stop(1)) {
		for (unsigned i = 0; i < 20000; i++) {
			l->begun++;
			push(timer, 1);
			l->done++;
		}
	}
	say_pushed(timer, l->done);
	printf("perhaps %" PRIu64 "\n", l->perhaps);
}

/* ---- span ---- */

static void run_span(void)
{
	tk_timer_t timer = tk_timer("across");
	uint64_t began;

	open_segment("span");
	join(0);
	await_go();
	began = tk_start(timer);
	while (!told_to_stop(1000))
		;
	tk_stop(timer, began);
	say_pushed(timer, 1);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	readers = argv + 3;
	n_readers = argc > 3 ? argc - 3 : 0;
	sigemptyset(&told);
	sigaddset(&told, SIGUSR1);
	sigaddset(&told, SIGTERM);
	sigprocmask(SIG_BLOCK, &told, NULL);
	if (!strcmp(mode, "full"))
		run_full();
	else if (!strcmp(mode, "bursts"))
		run_bursts();
	else if (!strcmp(mode, "reopens"))
		run_reopens();
	else if (!strcmp(mode, "dies") && argc > 2)
		run_dies(argv[2]);
	else if (!strcmp(mode, "span"))
		run_span();
	else
		return 2;
	return 0;
}
