/* SPDX-License-Identifier: MIT */
/*
 * bench/rings/bench.h - what the sections of the bench share: the machine, a ring that is set up to
 * be measured, a reader polling it, and the rows that come out.
 */
#ifndef TK_BENCH_RINGS_BENCH_H
#define TK_BENCH_RINGS_BENCH_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bench/rings/ring.h"

#define BENCH_PLACES 61u

#define SLOTS_MIN (UINT64_C(1) << 8)
#define SLOTS_MAX (UINT64_C(1) << 20)

struct bench {
	const struct ring **rings; /* those asked for, and the baseline first */
	unsigned n_rings;
	uint64_t slots; /* of the ring, in sections that do not compare sizes */
	bool quick;
	unsigned cpus[2]; /* writer's, reader's */
	bool two;         /* there is a second cpu */
	double tick_ns;

	/* Shared memory for a ring. */
	char *memory;
	size_t memory_size;
	const char *pages; /* what it lies on */

	/* Shared memory for the two sides' private states, in many places: whether a push takes 3
	 * cycles or 11 can depend on the page in which its writer's state lies (measured with
	 * Lamport's ring: slow in about one place of six, for as long as the state lies there; then
	 * loads wait for store forwarding). So each trial has another place, and a median is over
	 * several. */
	char *places;
	unsigned trials;

	json_t *rows;
	bool wrong; /* a ring lost, doubled or tore a record that it must not */
};

/* ---- setup.c ---- */

/** Memory for all rings at any size, a place for each side, the cpus. @return 0 or -errno. */
int bench_open(struct bench *b);
void bench_close(struct bench *b);

/** A ring, empty, at one size, in the bench's memory. */
struct trial {
	const struct ring *ring;
	const struct ring_loops *loops;
	uint64_t slots;
	unsigned bytes;
	void *w, *r;
	struct ring_run *run;
	uint64_t next; /* number of the next item */
};

/** @return false: this ring does not have records of that size. */
bool trial_make(struct bench *b, struct trial *t, const struct ring *ring, uint64_t slots,
		unsigned bytes);

/** The slots that a writer can fill before it is refused, or the reader lapped. */
uint64_t trial_room(const struct trial *t);

/** Read everything that is there, in this thread, untimed. @return how many records. */
uint64_t trial_empty(struct trial *t);

/* ---- reader.c ---- */

/** How a reader polls, for the sections that compare this. */
struct polling {
	const char *name;
	int rest_us; /* between polls; 0: spins; -1: there is no reader */
};

enum { POLLINGS = 5 };
extern const struct polling pollings[POLLINGS];

/** A thread on the second cpu that reads a trial's ring until told to stop. */
struct reader {
	pthread_t thread;
	struct trial *t;
	unsigned cpu;
	uint64_t rest; /* ticks */
	struct ring_sum sum;
	uint64_t read; /* records, when it was stopped */
	atomic_uint started;
};

/** Start the reader; returns when it reads. Does nothing if the polling is "no reader". */
void reader_start(struct bench *b, struct reader *r, struct trial *t, const struct polling *p);
/** Stop the reader, after it has read what is left in the ring. */
void reader_stop(struct reader *r);
/** How many of the accepted records were lost, for a row; null if nobody reads. */
json_t *reader_lost(const struct trial *t, const struct polling *p, uint64_t accepted,
		    uint64_t read);

/* ---- check.c ---- */

/** What came out of a ring, held against the numbers that went in. */
struct tally {
	uint64_t delivered;  /* whole, and newer than all before */
	uint64_t missing;    /* numbers passed over */
	uint64_t duplicated; /* not newer than all before */
	uint64_t torn;       /* parts do not belong together */
	uint64_t last;       /* greatest number */
};

/** Pop once, up to max, and hold it against what was pushed. @return how many came. */
unsigned check_pop(const struct trial *t, unsigned max, struct tally *tally);

/* ---- patience.c ---- */

/**
 * For how long a reader that finds nothing looks again. It is counted in polls, and in cpu time
 * that the writer has used, never in time that has passed: beside other work of the machine either
 * side may not run for seconds, and its ring is not broken for that.
 */
struct patience {
	clockid_t writer; /* cpu clock of the writer's thread */
	unsigned empty;   /* polls in a row that found nothing */
	uint64_t since;   /* what the writer's clock said when these began, ... */
	uint64_t seen;    /* ... and the last time that it was asked; ns */
};

/** To be called in the writer's thread. */
struct patience patience_with_me(void);

/**
 * Called by the reader after each poll, with how many records came. `written`: whether the writer
 * had ended before that poll, so that no record can come later than one that is there.
 * @return whether to give up: after 10,000 polls that found nothing of what is written or, while
 * the writer goes on, when it has used a second of its cpu without a record coming through.
 */
bool patience_ends(struct patience *p, uint64_t came, bool written);

/* ---- rows.c ---- */

/** Append a row: the section, the ring and its size, and the fields of `values`, which it takes. */
void bench_row(struct bench *b, const char *section, const struct trial *t, json_t *values);

/** Percentiles 50, 99 and 99.9 of v[0..n), which gets sorted. */
struct percentiles {
	double p50, p99, p999;
};
struct percentiles percentiles_of(double *v, unsigned n);
struct percentiles percentiles_of_ticks(uint32_t *v, unsigned n);

/** `key` of the first row whose members are as in `want`, which it takes; NAN: there is none. */
double bench_value(const struct bench *b, json_t *want, const char *key);

/** The document: machine, command, rings, rows. NULL: no memory. */
json_t *bench_document(const struct bench *b, int argc, char **argv);

/** Print what the lane must reach, and whether it does, from the rows that were measured. */
void bench_verdict(const struct bench *b);

/** Tables for rings.gp, in the directory. @return 0 or -errno. */
int bench_plot(const struct bench *b, const char *dir);

/* ---- the sections, a file each ---- */

void section_push(struct bench *b);
void section_fenced(struct bench *b);
void section_work(struct bench *b);
void section_deliver(struct bench *b);
void section_burst(struct bench *b);
void section_verify(struct bench *b);
void section_full(struct bench *b);
void section_killed(struct bench *b);

#endif
