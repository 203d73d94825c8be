/* SPDX-License-Identifier: MIT */
/*
 * A reader in another process, attached all along, beside a thread whose pushes are interrupted by
 * handlers that push too. Every record says whether it comes from the program or a handler, and
 * its number there: none may come twice or torn, and in the end produced = delivered + lost, with
 * no hole left. On the smallest lane and on one of the default size.
 *
 *	live_signals [million pushes]
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "producer/timekeeper.h"
#include "tests/discipline.h"
#include "tests/producer/read_back.h"

#define ENOUGH 1000u               /* handlers that must have run, however long it takes */
#define MOST   (UINT64_C(1) << 29) /* pushes; the reader marks numbers in a bit map */
#define SALT   UINT64_C(0x5bd1e9955bd1e995)

struct shared {
	int attached, done;
	uint64_t in_main, in_handler;
};

static tk_timer_t timer[2]; /* of the program, of handlers */
static uint64_t handled;
static volatile int stop;

/* Half A carries the number, half B what can be told from it. */
static void push(unsigned who, uint64_t n)
{
	tk_record_span(timer[who], n, n + (n * SALT >> 20), (struct tk_origin){ 0, 0 });
}

static void on_signal(int sig)
{
	(void)sig;
	push(1, __atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED));
}

static void *bombard(void *target)
{
	while (!stop) {
		pthread_kill(*(pthread_t *)target, SIGUSR1);
		pthread_kill(*(pthread_t *)target, SIGUSR2);
	}
	return NULL;
}

static uint64_t victim(uint64_t pushes)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { { 0, 0 }, { 0, 0 } };
	pthread_t self = pthread_self(), bomber;
	sigset_t all, none;
	uint64_t n = 0;

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &none);
	pthread_create(&bomber, NULL, bombard, &self); /* inherits the mask: takes none itself */
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (n < pushes || (n < MOST && __atomic_load_n(&handled, __ATOMIC_RELAXED) < ENOUGH))
		push(0, ++n);
	stop = 1;
	pthread_join(bomber, NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	return n;
}

struct tally {
	uint8_t *seen[2]; /* by number: a bit each */
	uint64_t twice, torn;
};

static void take(struct tally *t, const struct tk_slot *slot)
{
	struct tk_record r = tk_slot_record(slot);
	unsigned who = r.timer - tk_meta_timer(timer[0]);
	uint64_t n = r.start;

	if (who > 1 || n == 0 || n >> 30 || r.duration != (int64_t)(n * SALT >> 20)) {
		t->torn++;
		return;
	}
	t->twice += t->seen[who][n / 8] >> n % 8 & 1;
	t->seen[who][n / 8] |= (uint8_t)(1 << n % 8);
}

static struct tk_segment *attach(const char *place, pid_t pid)
{
	char why[TK_WHY_MAX], wanted[32];
	int fd = tk_segments_open(place, why);
	DIR *dir = fdopendir(dup(fd));
	struct dirent *entry;

	snprintf(wanted, sizeof(wanted), ".%d.", pid);
	while (dir && (entry = readdir(dir)))
		if (strstr(entry->d_name, wanted))
			return tk_segment_attach(fd, entry->d_name, TK_LANE_OLDEST, why);
	return NULL;
}

static uint8_t *bits(void)
{
	return mmap(NULL, (size_t)1 << 27, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static int reader(const char *place, pid_t pid, struct shared *shared)
{
	struct tk_segment *s = attach(place, pid);
	struct tally t = { .seen = { bits(), bits() } };
	struct tk_slot out[TK_LANE_CHUNK];
	struct tk_lane_reader *r;
	uint64_t produced, holes = 0;
	bool ending = false, good;
	size_t n;

	if (!s || s->n_lanes != 1)
		return 1;
	r = &s->lanes[0].reader;
	__atomic_store_n(&shared->attached, 1, __ATOMIC_RELEASE);
	for (;;) {
		bool more = tk_lane_read(r, out, &n);

		for (size_t i = 0; i < n; i++)
			take(&t, &out[i]);
		holes += r->n_pending;
		if (more || n)
			continue;
		if (ending)
			break;
		sched_yield();
		ending = __atomic_load_n(&shared->done, __ATOMIC_ACQUIRE);
		if (ending)
			tk_lane_reader_end(r);
	}
	produced = shared->in_main + shared->in_handler;
	good = !t.torn && !t.twice && !r->n_pending && r->delivered + r->lost == produced;
	printf("%s: %lu slots: %lu pushed, %lu of them in handlers = %lu delivered + %lu lost; "
	       "%lu torn, %lu twice, %u holes left (%lu seen)\n",
	       good ? "ok" : "not ok", r->size, produced, shared->in_handler, r->delivered, r->lost,
	       t.torn, t.twice, r->n_pending, holes);
	fflush(stdout);
	return !good;
}

static int run(const char *place, uint64_t pushes, uint32_t slots)
{
	struct tk_options o = { .slots = slots, .discipline = DISCIPLINE };
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t self = getpid(), child;
	int status = -1;

	handled = 0;
	stop = 0;
	if (tk_open("live", &o) || tk_join(NULL)) {
		printf("skipped: %s\n", tk_why());
		return 77;
	}
	timer[0] = tk_timer("main");
	timer[1] = tk_timer("handler");
	child = fork();
	if (child == 0)
		_exit(reader(place, self, shared));
	while (!__atomic_load_n(&shared->attached, __ATOMIC_ACQUIRE) &&
	       waitpid(child, &status, WNOHANG) == 0)
		sched_yield();
	shared->in_main = victim(pushes);
	shared->in_handler = handled;
	__atomic_store_n(&shared->done, 1, __ATOMIC_RELEASE);
	waitpid(child, &status, 0);
	tk_close();
	return status || handled < ENOUGH;
}

int main(int argc, char **argv)
{
	uint64_t pushes = (argc > 1 ? strtoull(argv[1], NULL, 10) : 10) * 1000000;
	char place[] = "/dev/shm/tk-test-XXXXXX", command[64];
	int ret;

	if (!mkdtemp(place) || setenv("TIMEKEEPER_DIR", place, 1))
		return 1;
	ret = run(place, pushes, 256);
	if (!ret)
		ret = run(place, pushes, 65536);
	snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command) ? 1 : ret;
}
