/* SPDX-License-Identifier: MIT */
/* Memory, and what is on its way to it. Included by lane.pml. */

#define HALF_A(n) (2 * ((n) % N))
#define HALF_B(n) (2 * ((n) % N) + 1)
#define PUBLISHED (2 * N)

/*
 * Each half holds which push wrote it: its number, and whether thread or handler, for only mutants
 * use a number twice. The tag is computed from that by whoever looks, as it is from n by a push.
 */
#define RECORD(n, who) (2 * (n) + (who))
#define NUMBER(half)   ((half) / 2)
#define TAGS           (1 << TAG_BITS)
#define TAG(n)         (((n) >> TAG_SHIFT) & (TAGS - 1))

byte memory[2 * N + 1];
chan buffer = [BUFFER] of { byte, byte }; /* stores of the writer's, in order: where, what */

hidden byte where, what;

inline reach_memory()
{
	buffer?where,what;
	memory[where] = what
}

/* A full buffer makes room by itself: a writer never waits for anybody. */
inline store(to, value)
{
	atomic {
		if
		:: full(buffer) -> reach_memory()
		:: nfull(buffer)
		fi;
		buffer!to,value
	}
}

/* Entering the kernel, for a lock or to die, leaves nothing in the buffer. */
inline drain()
{
	do
	:: nempty(buffer) -> reach_memory()
	:: empty(buffer) -> break
	od
}

#define OVERTAKE(to) :: atomic { buffer??eval(to),what -> memory[to] = what }

/*
 * TSO: stores become visible in order. Weak: those to different places in any, but the release of
 * PUBLISHED only when all before it have; what comes after it may overtake it.
 */
proctype memory_system()
{
end:	do
	:: atomic { nempty(buffer) -> reach_memory() }
#ifdef WEAK
	OVERTAKE(0)
	OVERTAKE(1)
	OVERTAKE(2)
	OVERTAKE(3)
#if N == 4
	OVERTAKE(4)
	OVERTAKE(5)
	OVERTAKE(6)
	OVERTAKE(7)
#endif
#ifdef MUTANT_NO_RELEASE
	OVERTAKE(PUBLISHED)
#endif
#endif
	od
}
