/* SPDX-License-Identifier: MIT */
/*
 * What the surviving side finds after a kill. A writer and a reader are processes, the ring and
 * both their states are shared memory; one of them is killed (SIGKILL) at a random instant, some
 * microseconds to a millisecond into full speed. Then, each under a deadline, so that nothing here
 * can hang (50 ms of the cpu time of whoever lives: beside other work they may not run for as
 * long):
 *
 *	survivor	do its operations still return?
 *	records		what the writer had finished and the reader had not seen: does it come?
 *	successor	another process takes the dead one's place and its state as it was left. Do
 *			its operations return, and do records get through again? (Readers of a
 *			broadcast ring attach anew: they leave nothing behind.)
 *	records are counted missing, duplicated and torn over all of that. The push that was under
 *	way may come or not; what a killed reader had popped and not yet written down is allowed
 *	for.
 *
 * Nothing is repaired: where a ring's authors have a repair, it takes a third process that knows
 * that both are gone. Rings that live in one process's heap are left out.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/rings/bench.h"

#define SLOTS       1024u
#define DEADLINE_MS 50u

/* What the two sides note down as they go; the parent and successors read it. */
struct notes {
	_Alignas(RING_ALIGN) uint64_t attempts; /* pushes that returned */
	uint64_t finished;                      /* the greatest number that went in */
	_Alignas(RING_ALIGN) uint64_t polls;    /* pops that returned */
	struct tally tally;
};

/* The results of all kills of one side. */
struct found {
	unsigned kills, survivor_hung, records_missing, successor_hung, nothing_through;
	uint64_t missing, duplicated, torn;
};

static uint64_t seen(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static void write_for_ever(const struct trial *t, struct notes *notes)
{
	/* The dead writer's last push may have gone in: its number is not used again. */
	for (uint64_t n = notes->finished + (notes->finished ? 2 : 1);;) {
		bool in = t->loops->push(t->w, ring_item(n, RING_META));

		t->loops->flush(t->w);
		if (in)
			__atomic_store_n(&notes->finished, n++, __ATOMIC_RELEASE);
		__atomic_store_n(&notes->attempts, notes->attempts + 1, __ATOMIC_RELEASE);
		if (!in)
			tk_relax();
	}
}

static void read_for_ever(const struct trial *t, struct notes *notes)
{
	for (;;) {
		check_pop(t, 1, &notes->tally);
		__atomic_store_n(&notes->polls, notes->polls + 1, __ATOMIC_RELEASE);
	}
}

static pid_t start(const struct trial *t, struct notes *notes, unsigned cpu,
		   void (*side)(const struct trial *t, struct notes *notes))
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	tk_pin(cpu);
	side(t, notes);
	_exit(0);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The two sides; 0: there is none at present. */
struct sides {
	pid_t writer, reader;
};

static uint64_t cpu_ms(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (!pid)
		return 0;
	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		abort();
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool used_up(pid_t pid, uint64_t since_ms)
{
	return !pid || cpu_ms(pid) - since_ms >= DEADLINE_MS;
}

/*
 * Whether the counter gets beyond `from` before the deadline: each side that lives has used that
 * much of its cpu since.
 */
static bool moves(const struct sides *s, const uint64_t *counter, uint64_t from)
{
	const uint64_t writer = cpu_ms(s->writer), reader = cpu_ms(s->reader);

	for (;;) {
		/* The clocks first: what is done by then is seen. */
		bool over = used_up(s->writer, writer) && used_up(s->reader, reader);

		if (seen(counter) > from)
			return true;
		if (over)
			return false;
		usleep(100);
	}
}

static void pause_at_random(unsigned *seed)
{
	struct timespec t = { .tv_nsec = 20000 + rand_r(seed) % 1000000 };

	nanosleep(&t, NULL);
}

static void kill_reader(struct bench *b, struct trial *t, struct notes *notes, unsigned *seed,
			struct found *f)
{
	struct sides s = { start(t, notes, b->cpus[0], write_for_ever),
			   start(t, notes, b->cpus[b->two], read_for_ever) };
	bool alive = moves(&s, &notes->tally.last, 0);

	pause_at_random(seed);
	end(s.reader);
	s.reader = 0;
	f->kills++;
	f->survivor_hung +=
		!alive || !moves(&s, &notes->attempts, seen(&notes->attempts) + 2 * SLOTS);
	if (t->ring->broadcast) {
		/*
		 * This reader begins at the oldest record: it reads some of them again, as it
		 * should.
		 */
		t->ring->reader_init(t->r, b->memory, t->slots, t->bytes);
		notes->tally.last = 0;
		notes->tally.missing = 0;
	}
	s.reader = start(t, notes, b->cpus[b->two], read_for_ever);
	f->successor_hung += !moves(&s, &notes->polls, seen(&notes->polls) + 2 * SLOTS);
	f->nothing_through +=
		!moves(&s, &notes->tally.delivered, seen(&notes->tally.delivered) + SLOTS);
	end(s.writer);
	end(s.reader);
}

static void kill_writer(struct bench *b, struct trial *t, struct notes *notes, unsigned *seed,
			struct found *f)
{
	struct sides s = { start(t, notes, b->cpus[0], write_for_ever),
			   start(t, notes, b->cpus[b->two], read_for_ever) };
	bool alive = moves(&s, &notes->tally.last, 0), never_went_in;

	pause_at_random(seed);
	end(s.writer);
	s.writer = 0;
	f->kills++;
	f->survivor_hung += !alive || !moves(&s, &notes->polls, seen(&notes->polls) + 1000);
	f->records_missing += !moves(&s, &notes->tally.last, notes->finished - 1);
	never_went_in = notes->tally.last == notes->finished;
	s.writer = start(t, notes, b->cpus[0], write_for_ever);
	f->successor_hung += !moves(&s, &notes->attempts, seen(&notes->attempts) + 1);
	f->nothing_through +=
		!moves(&s, &notes->tally.delivered, seen(&notes->tally.delivered) + SLOTS);
	end(s.writer);
	end(s.reader);
	/* The number of the push that was under way, which the successor passed over. */
	f->missing -= never_went_in && notes->tally.missing;
}

static void report(struct bench *b, const struct trial *t, const char *who, const struct found *f)
{
	/* A ring that overwrites loses many records at full speed, killed or not. */
	char missing[24] = "overwrites";

	if (t->ring->full == RING_REFUSES)
		snprintf(missing, sizeof(missing), "%lu", f->missing);
	printf("%-16s %-7s %5u %9u %9u %9u %9u  %10s %10lu %6lu\n", t->ring->name, who, f->kills,
	       f->survivor_hung, f->records_missing, f->successor_hung, f->nothing_through, missing,
	       f->duplicated, f->torn);
	fflush(stdout);
	bench_row(b, "killed", t,
		  json_pack("{s:s,s:i,s:i,s:i,s:i,s:i,s:I,s:I,s:I}", "who", who, "kills", f->kills,
			    "survivor_hung", f->survivor_hung, "finished_records_missing",
			    f->records_missing, "successor_hung", f->successor_hung,
			    "nothing_gets_through", f->nothing_through, "lost",
			    (json_int_t)f->missing, "duplicated", (json_int_t)f->duplicated, "torn",
			    (json_int_t)f->torn));
}

static void measure(struct bench *b, const struct ring *ring, struct notes *notes)
{
	static const struct {
		const char *who;
		void (*kill)(struct bench *b, struct trial *t, struct notes *notes, unsigned *seed,
			     struct found *f);
	} sides[] = { { "reader", kill_reader }, { "writer", kill_writer } };
	const unsigned kills = b->quick ? 3 : 60;

	for (unsigned i = 0; i < 2; i++) {
		struct found f = { 0 };
		unsigned seed = 11;
		struct trial t;

		for (unsigned k = 0; k < kills; k++) {
			trial_make(b, &t, ring, SLOTS, 32);
			memset(notes, 0, sizeof(*notes));
			sides[i].kill(b, &t, notes, &seed, &f);
			f.missing += notes->tally.missing;
			f.duplicated += notes->tally.duplicated;
			f.torn += notes->tally.torn;
		}
		report(b, &t, sides[i].who, &f);
	}
}

void section_killed(struct bench *b)
{
	struct notes *notes = mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (notes == MAP_FAILED)
		abort();
	printf("\nkilled at random instants, %u slots, 32 bytes; in how many of the kills: does "
	       "the "
	       "survivor hang, is a finished record missing,\ndoes its successor hang, does "
	       "nothing "
	       "get through; records missing, duplicated, torn\n%-16s %-7s %5s %9s %9s %9s %9s  "
	       "%10s "
	       "%10s %6s\n",
	       SLOTS, "", "killed", "kills", "survivor", "records", "successor", "nothing",
	       "missing", "duplicated", "torn");
	for (unsigned k = 1; k < b->n_rings; k++) {
		if (b->rings[k]->heap)
			printf("%-16s left out: it lives in one process's heap\n",
			       b->rings[k]->name);
		else
			measure(b, b->rings[k], notes);
	}
	munmap(notes, sizeof(*notes));
}
