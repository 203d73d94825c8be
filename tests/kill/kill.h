/* SPDX-License-Identifier: MIT */
/*
 * Producers and collectors that are killed, stopped and followed by others, and whether every
 * record is accounted for afterwards. Everything here is compiled with -DTK_TEST_POINTS.
 *
 *	plan.c		what a round does: all of it follows from the seed and the round's number
 *	victim.c	the producer, and tk_test_point(), where a process does to itself what is
 *			planned
 *	watch.c		readers, and what they make of each record
 *	account.c	holds them to what the producer wrote down
 *	round.c		runs a round, and sees to it that nothing is left
 *	programs.c	the real `timekeeper`, in a share of the rounds
 *	step.c		death behind each single instruction
 *	recycled.c	pids that are used again
 *	kill.c		main()
 */
#ifndef TK_TESTS_KILL_H
#define TK_TESTS_KILL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ring/segment_read.h"

#define DEADLINE_US UINT64_C(20000000) /* a hang, however loaded the machine */

#define SEGMENTS 3u            /* that a producer opens one after another */
#define THREADS  4u            /* its first among them */
#define STREAMS  (2 * THREADS) /* each with its handler */
#define LANES    8u            /* a segment's */
#define TIMERS   7u
#define GAPS     8u

/* ---- what a producer writes down, and what is made of its records ---------------------------- */

/* Numbers that one thread, or its handler, pushed: 1, 2, 3, ... */
struct stream {
	_Alignas(64) uint64_t begun; /* this one may be in the lane or not */
	uint64_t finished;
};

/* What a reader has seen of a stream in a lane: the last number, and what was missing before it. */
struct seen {
	uint64_t last;
	uint32_t n_gaps;
	struct {
		uint64_t first, last;
	} gaps[GAPS]; /* the newest of them */
};

/* What readers of a segment were given: of a ring, one reader; of a queue, one after another. */
struct tally {
	uint64_t delivered[LANES];
	uint32_t torn, twice, foreign; /* halves that differ; seen before; not of this producer */
	struct seen seen[LANES][STREAMS];
};

/* A reader in a process of its own. */
struct reader_page {
	bool attached, finish, good;
	char why[200]; /* not good */
	struct tally tallies[SEGMENTS];
};

/* Shared by all processes of a round. */
struct page {
	struct stream streams[SEGMENTS][STREAMS];
	uint32_t opening; /* segments that it began to open */
	bool done;        /* the operation that is being stepped through */
	bool reached;     /* the test point */
	char why[200];    /* the producer could not go on */
	struct tally queue[SEGMENTS];
	struct reader_page readers[2];
};

/** The number's record; and back: false if its halves do not belong together. */
void number_push(const uint32_t *timers, uint32_t salt, uint32_t segment, uint32_t stream,
		 uint64_t n);
bool number_of(const struct tk_slot *s, uint32_t salt, uint32_t *segment, uint32_t *stream,
	       uint64_t *n);

/* ---- plan.c ---------------------------------------------------------------------------------- */

/** A random number, 0..n-1. */
uint32_t below(uint64_t *r, uint32_t n);

enum who { PRODUCER = 1, COLLECTOR = 2, CLEANER = 4 };
enum deed { KILL, STOP, STOP_AND_KILL, DEEDS };

struct plan {
	uint64_t round;
	uint32_t salt;
	bool queue;
	enum who who; /* producer or collector */
	enum deed deed;
	int point; /* -1: after delay_us */
	uint32_t passing;
	uint32_t delay_us, stopped_us, after_us;
	int cleaner_point; /* where a first cleaner is killed; -1: there is none */
	uint32_t slots, threads;
	bool handlers, joins, reopens, keeps, newest;
	bool programs;
	uint64_t random;
	bool present;  /* readers hold slots, so nothing that closes goes unread */
	bool too_much; /* but for what says that its files are too large to be left */
	bool removes;  /* who watched removes what it has read */
};

struct point {
	const char *name;
	unsigned who;
	bool reopens; /* reached only by a producer that closes its segment */
	int queue;    /* 1: only with queues, 0: only with rings, -1: with either */
	uint32_t passings;
};

extern const struct point points[];
extern const int n_points;

struct plan plan_of(uint64_t seed, uint64_t round);

/* ---- victim.c -------------------------------------------------------------------------------- */

/** From now on in this process: at the so-manieth passing of the point, that signal. */
void arm(const struct plan *p, struct page *page);
void producer(const struct plan *p, struct page *page) __attribute__((noreturn));
/** Open, join, and let the tracer step through one operation after another, from raise() on. */
enum operation { PUSH, TURN, LAPPED, DROPPED, REJOIN, OPERATIONS };
void stepped_producer(const struct plan *p, struct page *page, enum operation operation)
	__attribute__((noreturn));

/* ---- watch.c --------------------------------------------------------------------------------- */

struct watched {
	struct tk_segment *segment;
	char name[TK_SEGMENT_NAME_MAX + 1];
	uint32_t number; /* which of the producer's */
	struct tally *tally;
};

/* A reader of all segments in a directory. */
struct watcher {
	const struct plan *plan;
	int dirfd;
	enum tk_lane_from from;
	bool alone; /* nobody else keeps a queue from it */
	uint32_t n;
	struct watched watched[SEGMENTS];
	struct tally *tallies; /* by segment */
	int presence;          /* the descriptor that holds its slot; 0: none */
	unsigned slot;
};

/** Take a slot, if that is planned. @return false: there is none. */
bool watch_presently(struct watcher *w);
/** Remove what is closed and read. @return false, and why: something is left, or went that should
 * not. */
bool watch_removes(struct watcher *w, char why[200]);

/** Attach to what is new, take what is there. */
void watch(struct watcher *w);
/** All are dead: take what is left. @return false: a reader did not come to its end. */
bool watch_to_the_end(struct watcher *w);
void watch_no_more(struct watcher *w);
/** A process that watches until it is told to finish, and says whether all is accounted for. */
void collector(const struct plan *p, struct page *page, int dirfd, struct reader_page *r)
	__attribute__((noreturn));

/* ---- account.c ------------------------------------------------------------------------------- */

/** Records that were finished, or may have been. */
uint64_t begun_in(const struct page *page, uint32_t segment);
/** What a watcher that has come to the end of dead segments found, against what was written
 * down. */
bool accounted(const struct watcher *w, const struct page *page, char why[200]);
/** Who was present before the first segment has all of them, but for one that was being made. What
 * was too much to be left is in a figure instead. */
bool none_missed(const struct watcher *w, const struct page *page, char why[200]);
/** And of what lies there nothing was left out. */
bool late_reader_gets_all(const struct watcher *w, const struct page *page, char why[200]);

/* ---- round.c --------------------------------------------------------------------------------- */

/* Where a worker works, and what it has found so far. */
struct worker {
	int dirfd;
	struct page *page;
	const char *timekeeper;   /* the program; NULL: leave it out */
	uint64_t kills[3][DEEDS]; /* of producers, collectors, cleaners */
	uint64_t at_points, programs, records;
	uint64_t reached[64]; /* by point */
};

/** @return false, and why. */
bool run_round(struct worker *w, const struct plan *p, char why[200]);

/** Remove what is dead; nothing may be left, or live. */
bool clean(struct worker *w, char why[200]);
bool nothing_left(struct worker *w, char why[200]);
/** A minute, for all that is in the directory. */
bool time_passes(struct worker *w, char why[200]);

/** A forked child that dies with us. 0 in the child. */
pid_t start(void);
/** Kill and reap. */
void end(pid_t pid);
uint64_t now_us(void);
/** Wait for a child to stop or end, at most so long. @return its status, -1: it did not. */
int await(pid_t pid, uint64_t us);
bool fail(char why[200], const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- programs.c, step.c, recycled.c ---------------------------------------------------------- */

/** `timekeeper`, with these arguments, printing to `out`; -1: nowhere. */
pid_t program_start(struct worker *w, const char *const *arguments, int out);
/** What `ls` says of the owner of the only segment. */
bool program_owner(struct worker *w, char owner[16], char why[200]);
/** A producer is dead: what `ls` and `stat` say of it, and that `clean` removes it, though
 * killed. */
bool programs_on_the_dead(struct worker *w, const struct plan *p, const struct page *page,
			  char why[200]);
/** @param deaths: counts them */
bool step_through(struct worker *w, uint64_t seed, uint64_t *deaths, char why[200]);
/** @return 1: fine, 0: not, -1: skipped, and why. */
int recycled_pids(struct worker *w, char why[200]);

#endif
