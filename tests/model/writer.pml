/* SPDX-License-Identifier: MIT */
/* The writer: ring/lane_push.h, producer/writer.c. Included by lane.pml. */

#define THREAD  0
#define HANDLER 1

byte head = START; /* thread-local: nobody else looks at this and the next, but to check */
byte turn_at = START + TURN;
byte shown = START; /* the head published, as this thread sees it */
bool over;         /* ended or killed, and known to be */

/* Only to check, and to steer: */
byte claims;          /* pushes begun */
byte unfinished;      /* the number that the thread is at; 0: none */
int holes;            /* by number: interrupted, or overwritten by an older push that was */
#ifdef MUTANT_WAITS_FOR_READER
byte next = 255;
#endif
bool handling, jumped, killed;
byte the_thread, the_handler; /* their processes */

#define BIT(n) (1 << ((n) - START + N))

inline begin(n, who)
{
	n = head;
	claims++;
	if
	:: who == THREAD -> unfinished = n
	:: who == HANDLER && n >= unfinished + N -> holes = holes | BIT(n)
	:: else
	fi
}

/* No mutant: the order of the two is nothing to rely on. */
#ifdef HALVES_SWAPPED
#define FIRST_HALF(n)  HALF_B(n)
#define SECOND_HALF(n) HALF_A(n)
#else
#define FIRST_HALF(n)  HALF_A(n)
#define SECOND_HALF(n) HALF_B(n)
#endif

inline store_halves(n, who)
{
	store(FIRST_HALF(n), RECORD(n, who));
	atomic {
		store(SECOND_HALF(n), RECORD(n, who));
		if
		:: who == THREAD -> unfinished = 0
		:: else
		fi
	}
}

/* tk_writer_publish(): the exchange fails if a handler has published since the head was loaded. */
inline publish(n)
{
#ifdef MUTANT_PUBLISH_STEPS_BACK
	store(PUBLISHED, n)
#else
	atomic {
		if
		:: n > shown -> shown = n; store(PUBLISHED, n)
		:: else
		fi
	}
#endif
}

/* tk_lane_put() and, at `n >= turn_at`, turn_in(): each statement is one that a handler or a kill
 * can come before. No loop, and nothing to wait for. */
inline push(n, who)
{
#if defined(MUTANT_CLAIM_BY_LOAD_ADD_STORE)
	d_step { begin(n, who) };
	head = n + 1;
#elif defined(MUTANT_STORES_BEFORE_CLAIM)
	d_step { begin(n, who) };
	store_halves(n, who);
	head++
#else
	d_step { begin(n, who); head++ };
#endif
#ifdef MUTANT_WAITS_FOR_READER
	n < next + N;
#endif
	if
	:: n >= turn_at -> turn_at = n + TURN; publish(n)
	:: else
	fi;
#ifndef MUTANT_STORES_BEFORE_CLAIM
	store_halves(n, who)
#endif
}

/* give_back() under the library's lock, and another thread's tk_writer_put_in(). */
inline hand_over()
{
#ifdef MUTANT_HAND_OVER_AT_PUBLISHED
	atomic { drain(); head = memory[PUBLISHED] };
#endif
	publish(head);
	atomic { drain(); turn_at = head + TURN }
}

proctype thread() provided (!handling)
{
	byte n, left = PUSHES, hand_overs = HAND_OVERS;

	{
		do
		:: left > 0 -> left--;
			{
				push(n, THREAD)
			} unless {
				atomic { jumped -> jumped = false; unfinished = 0 }
			}
		:: left > 0 && hand_overs > 0 -> hand_overs--; hand_over()
		:: left == 0 -> break
		od;
		publish(head);
		atomic { drain(); over = true }
	} unless {
		killed
	}
}

proctype handler()
{
	byte n, left = SIGNALS, jumps = JUMPS;

	{
end:		do
		:: atomic {
			left > 0 && unfinished && !jumped ->
			left--;
			handling = true;
			holes = holes | BIT(unfinished)
		   }
			push(n, HANDLER);
			if
			:: handling = false
			:: atomic {
				jumps > 0 -> jumps--;
				jumped = true;
				handling = false
			   }
			fi
		od
	} unless {
		killed
	}
}

proctype killer()
{
end:	atomic { KILLS > 0 && !over -> drain(); killed = true; over = true; handling = false }
}

inline run_writer()
{
	atomic { the_thread = run thread(); the_handler = run handler(); run killer() }
}
