/* SPDX-License-Identifier: MIT */
/* The watched program: threads that come, record, leave and end, until it is killed. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "producer/library.h"
#include "ring/test_point.h"
#include "ring/timekeeper-rte.h"
#include "tests/kill/kill.h"
#include "tests/random.h"

/* ---- test points ---- */

static const char *armed; /* NULL: none */
static int left;
static int with;
static struct page *notes;

void arm(const struct plan *p, struct page *page)
{
	notes = page;
	if (p->point < 0)
		return;
	left = (int)p->passing;
	with = p->deed == KILL ? SIGKILL : SIGSTOP;
	armed = points[p->point].name;
}

void tk_test_point(const char *name)
{
	if (!armed || strcmp(armed, name) || __atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&notes->reached, true, __ATOMIC_RELAXED);
	kill(getpid(), with);
}

/* ---- numbered records ---- */

/* Half A holds the number, half B what can be computed from it. */
static uint64_t mix(uint64_t n)
{
	return random64(&n);
}

#define TICKS_MASK ((UINT64_C(1) << 46) - 1)

static uint64_t duration_of(uint64_t number)
{
	return mix(number) & TICKS_MASK;
}

static uint64_t latency_of(uint64_t number)
{
	return mix(~number) & TICKS_MASK;
}

void number_push(const uint32_t *timers, uint32_t salt, uint32_t segment, uint32_t stream,
		 uint64_t n)
{
	uint64_t number =
		(uint64_t)salt << 56 | (uint64_t)segment << 52 | (uint64_t)stream << 48 | n;

	tk_push_(timers[n % TIMERS], TK_STAMP_HAND, (uint32_t)n & 0xff, number,
		 (int64_t)duration_of(number), (int64_t)latency_of(number));
}

bool number_of(const struct tk_slot *s, uint32_t salt, uint32_t *segment, uint32_t *stream,
	       uint64_t *n)
{
	struct tk_record r = tk_slot_record(s);

	*segment = (uint32_t)(r.start >> 52) & 15;
	*stream = (uint32_t)(r.start >> 48) & 15;
	*n = r.start & ((UINT64_C(1) << 48) - 1);
	return r.duration == (int64_t)duration_of(r.start) &&
	       r.since_origin == (int64_t)latency_of(r.start) && r.cpu == (*n & 0xff) &&
	       r.start >> 56 == salt && r.timer == 1 + *n % TIMERS;
}

/* ---- threads ---- */

static const struct plan *plan;
static tk_timer_t timers[TIMERS];
static uint32_t segment;
static __thread uint32_t self;
static __thread volatile bool records; /* a handler may, too */
static uint32_t handler_records = 3;
static bool handler_stops;

static void record(uint32_t stream)
{
	struct stream *s = &notes->streams[segment][stream];
	uint64_t n = s->begun + 1;

	__atomic_store_n(&s->begun, n, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	number_push(timers, plan->salt, segment, stream, n);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&s->finished, n, __ATOMIC_RELAXED);
}

static void on_signal(int signal)
{
	(void)signal;
	if (!records)
		return;
	for (uint32_t i = 0; i < handler_records; i++)
		record(THREADS + self);
	if (handler_stops)
		raise(SIGSTOP);
}

struct life {
	pthread_t thread;
	bool begun;
	uint32_t self;
	uint64_t random;
};

static void *live(void *arg)
{
	struct life *l = arg;
	uint32_t stays = below(&l->random, 4);

	self = l->self;
	if (plan->joins)
		(void)tk_join(NULL);
	records = true;
	for (uint32_t i = 0; i <= stays; i++) {
		for (uint32_t n = below(&l->random, 1500); n; n--)
			record(self);
		if (stays % 2)
			tk_flush();
		if (below(&l->random, 4) == 0)
			tk_leave();
	}
	records = false;
	return NULL;
}

static void join_life(struct life *l)
{
	if (l->begun)
		pthread_join(l->thread, NULL);
	l->begun = false;
}

static void begin_life(struct life *l)
{
	join_life(l);
	l->begun = pthread_create(&l->thread, NULL, live, l) == 0;
}

/* ---- the process ---- */

static void open_segment(void)
{
	struct tk_options o = {
		.slots = plan->slots,
		.lanes = LANES,
		.timers = 16,
		.keep = plan->keeps,
		.discipline = plan->queue ? &tk_rte : NULL,
	};
	char app[16];

	snprintf(app, sizeof(app), "killed-%u", segment);
	__atomic_store_n(&notes->opening, segment + 1, __ATOMIC_RELAXED);
	if (tk_open(app, &o)) {
		snprintf(notes->why, sizeof(notes->why), "%s", tk_why());
		_exit(1);
	}
}

static void define_timers(void)
{
	char name[] = "timer-0";

	for (unsigned i = 0; i < TIMERS; i++, name[6]++)
		timers[i] = tk_timer(name);
}

static void begin(const struct plan *p, struct page *page)
{
	plan = p;
	notes = page;
	arm(p->who == PRODUCER ? p : &(struct plan){ .point = -1 }, page);
	open_segment();
	define_timers();
}

static void reopen(struct life *lives)
{
	for (uint32_t i = 1; i <= plan->threads; i++)
		join_life(&lives[i]);
	if (plan->too_much)
		tk_library.segment.head->left_bytes = UINT64_C(1) << 40;
	tk_close();
	segment++;
	open_segment();
}

void producer(const struct plan *p, struct page *page)
{
	uint64_t r = p->random;
	struct life lives[THREADS] = { 0 };
	uint32_t lasts = 1 + below(&r, 6);

	for (uint32_t i = 0; i < THREADS; i++)
		lives[i] = (struct life){ .self = i, .random = random64(&r) };
	if (p->handlers)
		sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	begin(p, page);
	for (uint32_t round = 1;; round++) {
		struct life *l = &lives[1 + round % p->threads];

		begin_life(l);
		for (uint32_t n = below(&r, 100); n; n--)
			record(0);
		for (uint32_t i = 1; p->handlers && i <= p->threads; i++)
			if (lives[i].begun)
				pthread_kill(lives[i].thread, SIGUSR1);
		if (p->reopens && segment < SEGMENTS - 1 && round % lasts == 0)
			reopen(lives);
	}
}

/* ---- one operation, instruction by instruction ---- */

static void records_of(uint32_t n)
{
	while (n--)
		record(0);
}

/* A thread that left its lane behind, for us to take over. */
static void *leave_a_lane(void *unused)
{
	(void)unused;
	self = 1;
	for (unsigned i = 0; i < 20; i++)
		record(1);
	return NULL;
}

/* So that the operation that follows is what is wanted. */
static void prepare(enum operation operation)
{
	pthread_t thread;

	switch (operation) {
	case PUSH:
		records_of(10);
		break;
	case TURN: /* the next is the first of another turn */
		records_of((uint32_t)tk_lane_turn_every(plan->slots));
		break;
	case LAPPED: /* the next overwrites */
		records_of(plan->slots + 10);
		break;
	case DROPPED: /* nobody takes any: the next is one too many */
		records_of(plan->slots);
		break;
	case REJOIN:
		pthread_create(&thread, NULL, leave_a_lane, NULL);
		pthread_join(thread, NULL);
		break;
	case OPERATIONS:
		break;
	}
}

void stepped_producer(const struct plan *p, struct page *page, enum operation operation)
{
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	handler_records = TK_LANE_CHUNK + 10;
	handler_stops = records = true;
	begin(p, page);
	prepare(operation);
	raise(SIGSTOP);
	record(0);
	__atomic_store_n(&page->done, true, __ATOMIC_RELAXED);
	raise(SIGSTOP);
	_exit(0);
}
