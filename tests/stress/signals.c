/* SPDX-License-Identifier: MIT */
/*
 * Handlers that record while they interrupt pushes, and a reader in another process, attached all
 * along. Every record says whether it comes from the program or from a handler, and its number
 * there: none may come twice or torn, and in the end pushed = counted = delivered + lost, with no
 * hole left and none unexplained. On the smallest lane and on one of the default size.
 *
 * Two storms. Stepped: the processor traps after every instruction of a push (the trap flag), and
 * the handler of each trap records; some of those are stepped through themselves. That is every
 * place there is, not a sample. Bombarded: signals of a thread and a timer, wherever they hit.
 *
 *	signals [million records from handlers that interrupted a push]
 */
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "producer/timekeeper.h"
#include "tests/discipline.h"
#include "tests/place.h"
#include "tests/producer/read_back.h"

#define MOST      (UINT64_C(1) << 29) /* numbers; the reader marks them in a bit map */
#define SALT      UINT64_C(0x5bd1e9955bd1e995)
#define TRAP_FLAG UINT64_C(0x100)
#define TIMERS    16u
#define NESTED    64  /* each so many traps, the handler pushes once more, and is stepped through */
#define BATCH     13u /* records of a handler */
#define BOMBARDED 2000 /* handlers of the second storm */

enum who { PROGRAM, HANDLER };

struct shared {
	int attached, done;
	uint64_t pushed[2];
};

static tk_timer_t timer[2];
static uint64_t pushed[2];
static volatile int stop;

/* ---- the push, in a section of its own, so that it is known whether it was interrupted ---- */

extern const char __start_pushes[], __stop_pushes[];

/* Half A carries the number, half B what can be told from it. */
__attribute__((section("pushes"), noinline)) static void push(enum who who, uint64_t n)
{
	tk_record_span(timer[who], n, n + (n * SALT >> 20), (struct tk_origin){ 0, 0 });
}

static void push_next(enum who who)
{
	push(who, __atomic_add_fetch(&pushed[who], 1, __ATOMIC_RELAXED));
}

/* Where a push can be interrupted. Its claim is the one xadd there is; its turn is the
 * library's. */
struct range {
	uintptr_t from, to;
};
static struct range before, after, turns[2];

/* The code of whatever object `range->from` lies in. */
static int find_code(struct dl_phdr_info *object, size_t size, void *range)
{
	struct range *r = range;

	(void)size;
	for (unsigned i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &object->dlpi_phdr[i];
		uintptr_t from = object->dlpi_addr + h->p_vaddr;

		if (h->p_type == PT_LOAD && r->from - from < h->p_memsz) {
			*r = (struct range){ from, from + h->p_memsz };
			return 1;
		}
	}
	return 0;
}

static bool find_ranges(void)
{
	const char *claim =
		memmem(__start_pushes, (size_t)(__stop_pushes - __start_pushes), "\x0f\xc1", 2);

	if (!claim)
		return false;
	before = (struct range){ (uintptr_t)__start_pushes, (uintptr_t)claim + 2 };
	after = (struct range){ (uintptr_t)claim + 2, (uintptr_t)__stop_pushes };
	turns[0].from = (uintptr_t)tk_self.turn;
#if IS_QUEUE
	turns[1].from = (uintptr_t)tk_rte.push;
	if (!dl_iterate_phdr(find_code, &turns[1]))
		return false;
#endif
	return dl_iterate_phdr(find_code, &turns[0]);
}

/* ---- handlers ---- */

/* How many handlers found what, and pushed. */
static uint64_t unclaimed, claimed, in_turn, nested, elsewhere;

/* Records of handlers that did. */
static uint64_t interrupted(void)
{
	return BATCH * (unclaimed + claimed + in_turn);
}

static bool within(const struct range *r, uintptr_t at)
{
	return at - r->from < r->to - r->from;
}

/* A handler between a push's claim and its look at whose turn it is takes the turn itself: to step
 * through turns, all other traps have to be let pass. */
static bool turns_only;

static bool in_a_turn(const ucontext_t *context)
{
	uintptr_t at = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];

	return within(&turns[0], at) || within(&turns[1], at);
}

static void tally(const ucontext_t *context)
{
	uintptr_t at = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
	uint64_t *found = &elsewhere;

	if (within(&before, at))
		found = &unclaimed;
	else if (within(&after, at))
		found = &claimed;
	else if (in_a_turn(context))
		found = &in_turn;
	__atomic_fetch_add(found, 1, __ATOMIC_RELAXED);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info;
	tally(context);
	for (unsigned i = 0; i < BATCH; i++)
		push_next(HANDLER);
}

/* The processor traps after each instruction between these two. */
__attribute__((always_inline)) static inline void step_on(void)
{
	__asm__ volatile("subq $128, %%rsp; pushfq; orq %0, (%%rsp); popfq; addq $128, %%rsp"
			 :
			 : "i"(TRAP_FLAG)
			 : "cc", "memory");
}

__attribute__((always_inline)) static inline void step_off(void)
{
	__asm__ volatile("subq $128, %%rsp; pushfq; andq %0, (%%rsp); popfq; addq $128, %%rsp"
			 :
			 : "i"(~(int64_t)TRAP_FLAG)
			 : "cc", "memory");
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	static unsigned traps, depth;

	if (turns_only && !in_a_turn(context))
		return;
	on_signal(sig, info, context);
	if (depth) {
		nested++;
	} else if (++traps % NESTED == 0) {
		uint64_t n = __atomic_add_fetch(&pushed[HANDLER], 1, __ATOMIC_RELAXED);

		depth = 1;
		step_on();
		push(HANDLER, n);
		step_off();
		depth = 0;
	}
}

/* ---- storms ---- */

static void handle(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	sigaction(sig, &action, NULL);
}

static void step_through(uint64_t enough)
{
	handle(SIGTRAP, on_trap, SA_NODEFER);
	while (interrupted() < enough) {
		uint64_t n = ++pushed[PROGRAM];

		turns_only = n % 3 != 0;
		step_on();
		push(PROGRAM, n);
		step_off();
		/* Now this one takes its turn, now that. */
		for (unsigned i = 0; i < n % 7; i++)
			push_next(PROGRAM);
	}
}

static void *bomb(void *target)
{
	while (!stop) {
		pthread_kill(*(pthread_t *)target, SIGUSR1);
		pthread_kill(*(pthread_t *)target, SIGUSR2);
	}
	return NULL;
}

static void bombard(uint64_t handlers)
{
	uint64_t enough = pushed[HANDLER] + BATCH * handlers;
	struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { { 0, 0 }, { 0, 0 } };
	pthread_t self = pthread_self(), bomber;
	sigset_t all, none;

	handle(SIGUSR1, on_signal, SA_RESTART);
	handle(SIGUSR2, on_signal, SA_RESTART);
	handle(SIGALRM, on_signal, SA_RESTART);
	stop = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &none);
	pthread_create(&bomber, NULL, bomb, &self); /* inherits the mask: takes none itself */
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (__atomic_load_n(&pushed[HANDLER], __ATOMIC_RELAXED) < enough)
		push_next(PROGRAM);
	stop = 1;
	pthread_join(bomber, NULL);
	setitimer(ITIMER_REAL, &never, NULL);
}

/* ---- the reader ---- */

struct tally {
	uint8_t *seen[2]; /* by number: a bit each */
	uint64_t twice, torn;
};

static void take(struct tally *t, const struct tk_slot *slot)
{
	struct tk_record r = tk_slot_record(slot);
	unsigned who = r.timer - tk_meta_timer(timer[0]);
	uint64_t n = r.start;

	if (who > 1 || n == 0 || n >= MOST || r.duration != (int64_t)(n * SALT >> 20)) {
		t->torn++;
		return;
	}
	t->twice += t->seen[who][n / 8] >> n % 8 & 1;
	t->seen[who][n / 8] |= (uint8_t)(1 << n % 8);
}

static uint8_t *bits(void)
{
	return mmap(NULL, MOST / 8, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static uint64_t counted(const struct tk_segment *s)
{
	uint64_t counts[TIMERS], sum = 0;

	(void)tk_lane_counts(&s->lanes[0].reader, counts, TIMERS);
	for (unsigned i = 0; i < TIMERS; i++)
		sum += counts[i];
	return sum;
}

static int reader(pid_t pid, struct shared *shared)
{
	char why[TK_WHY_MAX];
	struct tk_segment *s = attach_to(tk_segments_open(place, why), pid, TK_LANE_OLDEST, why);
	struct tally t = { .seen = { bits(), bits() } };
	struct tk_slot out[TK_LANE_CHUNK];
	struct tk_lane_reader *r;
	uint64_t total, holes = 0;
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
	total = shared->pushed[PROGRAM] + shared->pushed[HANDLER];
	good = !t.torn && !t.twice && !r->n_pending && r->delivered + r->lost == total &&
	       counted(s) == total && s->lanes[0].head->published - r->size == total;
	printf("%s: %lu slots: %lu pushed, %lu of them in handlers = %lu delivered + %lu lost, %lu "
	       "counted; %lu torn, %lu twice, %u holes left (%lu seen)\n",
	       good ? "ok" : "not ok", r->size, total, shared->pushed[HANDLER], r->delivered,
	       r->lost, counted(s), t.torn, t.twice, r->n_pending, holes);
	fflush(stdout);
	return !good;
}

/* ---- */

static int run(uint64_t enough, uint32_t slots)
{
	struct tk_options o = { .slots = slots, .timers = TIMERS, .discipline = DISCIPLINE };
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t self = getpid(), child;
	int status = -1;

	unclaimed = claimed = in_turn = nested = elsewhere = pushed[PROGRAM] = pushed[HANDLER] = 0;
	if (tk_open("signals", &o) || tk_join(NULL)) {
		printf("skipped: %s\n", tk_why());
		return 77;
	}
	timer[PROGRAM] = tk_timer("program");
	timer[HANDLER] = tk_timer("handler");
	if (!find_ranges())
		return 1;
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(reader(self, shared));
	while (!__atomic_load_n(&shared->attached, __ATOMIC_ACQUIRE) &&
	       waitpid(child, &status, WNOHANG) == 0)
		sched_yield();
	step_through(enough);
	bombard(BOMBARDED);
	tk_flush();
	memcpy(shared->pushed, pushed, sizeof(pushed));
	__atomic_store_n(&shared->done, 1, __ATOMIC_RELEASE);
	waitpid(child, &status, 0);
	tk_close();
	printf("# %lu records of handlers that interrupted a push, %lu of them within handlers: "
	       "%lu "
	       "before its claim, %lu after, %lu in its turn\n",
	       interrupted(), BATCH * nested, BATCH * unclaimed, BATCH * claimed, BATCH * in_turn);
	/* The large lane takes its turn every 1,024 pushes, which a short run may miss. */
	return status || !unclaimed || !claimed || !nested || (slots < 1024 && !in_turn);
}

int main(int argc, char **argv)
{
	uint64_t millions = argc > 1 ? strtoull(argv[1], NULL, 10) : 2;
	int ret;

	if (millions < 1 || millions > 200) {
		fprintf(stderr, "signals: from 1 to 200 million records\n");
		return 2;
	}
	if (!place_make())
		return 1;
	ret = run(millions * 500000, 256);
	if (!ret)
		ret = run(millions * 500000, 65536);
	return place_remove() ? ret : 1;
}
