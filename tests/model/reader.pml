/* SPDX-License-Identifier: MIT */
/* The reader: ring/lane_read.c. Included by lane.pml. */

mtype = { OLDER, READY, NEWER };

/* How much newer than number n the tag of this half is, as the signed difference of 32-bit tags. */
#define DIFFERENCE(half, n) \
	(((TAG(NUMBER(half)) - TAG(n) + TAGS / 2) & (TAGS - 1)) - TAGS / 2)

/* A load of one half, and of the other: each can be anywhere between the writer's stores. */
inline load_one(n)
{
#ifdef WEAK
	b = memory[HALF_B(n)]
#else
	a = memory[HALF_A(n)]
#endif
}

inline load_other(n)
{
#ifdef WEAK
	a = memory[HALF_A(n)]
#else
	b = memory[HALF_B(n)]
#endif
}

inline compare(n)
{
	da = DIFFERENCE(a, n);
	db = DIFFERENCE(b, n);
#ifdef MUTANT_NO_TAG_A
	da = db;
#endif
#ifdef MUTANT_NO_TAG_B
	db = da;
#endif
}

inline look(n)
{
	load_one(n);
	d_step {
		load_other(n);
		compare(n);
		if
		:: da == 0 && db == 0 -> state = READY
		:: da > 0 || db > 0 -> state = NEWER; ahead = (da > db -> da : db)
		:: else -> state = OLDER
		fi;
		if
		:: state != READY -> a = 0; b = 0
		:: else
		fi;
		da = 0;
		db = 0
	}
}

/* A property with a name, for `run` to know which was violated. */
#define MUST(name, condition) name = condition; assert(name)
hidden byte whole, asked_for, pushed, once, needed, room, balanced, interrupted, exact, all_counted,
	all_delivered;

inline deliver(n, a_half, b_half)
{
	MUST(whole, a_half == b_half);
	MUST(asked_for, NUMBER(a_half) == n);
	MUST(pushed, n < START + claims);
	MUST(once, !(seen & BIT(n)));
	seen = seen | BIT(n);
	delivered++
}

inline sync()
{
	d_step {
		if
		:: memory[PUBLISHED] > published -> published = memory[PUBLISHED]
		:: else
		fi;
		if
		:: memory[PUBLISHED] > synced -> synced = memory[PUBLISHED]
		:: else
		fi
	}
}

/* Onwards to `to`: not past what the writer is not about to overwrite, nor to what it is. */
inline give_up_before(to)
{
	MUST(needed, to + N <= head + ROOM || to == next + 1);
	MUST(room, to + N >= published + ROOM || ended);
	lost = lost + to - next;
#ifdef MUTANT_LAP_MISCOUNTED
	lost++;
#endif
	next = to
}

inline lapped()
{
	newest = next + (ahead << TAG_SHIFT) + 1;
	sync();
	d_step {
		if
		:: next >= published + N
		:: else ->
			if
			:: newest < published || newest > published + N -> newest = published
			:: else
			fi;
			to = newest + MARGIN - N;
			if
			:: newest + MARGIN - N <= next -> to = next + 1
			:: else
			fi;
			give_up_before(to)
		fi;
		newest = 0;
		to = 0
	}
}

#ifdef MUTANT_HOLE_KEPT_FOR_EVER
#define LOST_WHEN_ENDED false
#else
#define LOST_WHEN_ENDED (state == OLDER && ended)
#endif

/* The list has one place, where the code's has 64. */
inline settle_pending()
{
	if
	:: n_pending ->
		look(pending);
		d_step {
			if
			:: state == READY ->
				deliver(pending, a, b);
				settled = true;
#ifndef MUTANT_HOLE_SETTLED_TWICE
				n_pending = 0
#endif
			:: state == NEWER || LOST_WHEN_ENDED -> lost++; n_pending = 0
			:: else
			fi;
			if
			:: !n_pending -> pending = 0
			:: else
			fi
		}
	:: else
	fi
}

inline pass_hole()
{
	d_step {
#ifdef WEAK
		MUST(interrupted, next >= synced || (holes & BIT(next)) != 0);
#else
		MUST(interrupted, (holes & BIT(next)) != 0);
#endif
		if
		:: n_pending -> lost++
		:: else
		fi;
		pending = next;
		n_pending = 1;
		next++
	}
}

/* past: whether a later one is there, or was claimed. Looks one slot on, where the code does three. */
inline is_hole()
{
	past = published > next;
	if
	:: !past -> look(next + 1); past = state != OLDER
	:: else
	fi;
#ifndef MUTANT_HOLE_NOT_LOOKED_AT_AGAIN
	if
	:: past -> look(next); past = state == OLDER
	:: else
	fi
#endif
}

inline read_carefully()
{
	from = next;
	do
	:: next == from + CHUNK || (ended && next == end) -> break
	:: else ->
		look(next);
		if
		:: state == READY -> d_step { deliver(next, a, b); next++ }
		:: state != READY && ended -> d_step { lost++; next++ }
		:: state == NEWER && !ended -> lapped(); break
		:: state == OLDER && !ended ->
			is_hole();
			if
			:: past -> pass_hole()
			:: else ->
				look(next);
				if
				:: state == OLDER -> break
				:: else
				fi
			fi
		fi
	od;
	atomic { moved = next != from; from = 0; past = false }
}

/* bad: some tag was not that of its number. */
inline read_chunk()
{
	load_one(next);
	d_step {
		load_other(next);
		compare(next);
		bad = da || db;
#ifdef MUTANT_CHUNK_NO_TAG_A
		bad = db != 0;
#endif
#ifdef MUTANT_CHUNK_NO_TAG_B
		bad = da != 0;
#endif
		first_a = a;
		first_b = b
	}
	load_one(next + 1);
	d_step {
		load_other(next + 1);
		compare(next + 1);
		bad = bad || da || db;
		da = 0;
		db = 0;
		if
		:: !bad ->
			deliver(next, first_a, first_b);
			deliver(next + 1, a, b);
			next = next + CHUNK;
			moved = true
		:: else
		fi;
		first_a = 0;
		first_b = 0
	}
}

inline skip_overwritten()
{
	d_step {
		newest = (ended -> end : published);
		if
		:: newest <= next || newest - next <= N
		:: else ->
			to = newest - N + (ended -> MARGIN_AFTER_END : MARGIN);
			give_up_before(to)
		fi;
		newest = 0;
		to = 0
	}
}

inline read()
{
	if
	:: !moved -> sync()
	:: else
	fi;
	settled = false;
	settle_pending();
	if
	:: settled -> settled = false
	:: else ->
		skip_overwritten();
		bad = true;
		if
		:: !ended ->
			look(next + CHUNK - 1);
			if
			:: state != OLDER ->
				read_chunk();
				if
				:: bad && published < next + CHUNK ->
					look(next + CHUNK - 1);
					if
					:: state == READY -> published = next + CHUNK
					:: else
					fi
				:: else
				fi
			:: else
			fi
		:: else
		fi;
		if
		:: bad -> read_carefully()
		:: else
		fi;
		bad = false
	fi;
	d_step {
		MUST(balanced, next - first == delivered + lost + n_pending);
		a = 0;
		b = 0;
		state = 0;
		ahead = 0
	}
}

/* The first from the published head on that is not there yet, in either half. */
inline attach()
{
	d_step {
		published = BEGIN;
		synced = 0;
		first = 0;
		delivered = 0;
		lost = 0;
		n_pending = 0;
		seen = 0;
		ended = false;
		moved = true
	}
	sync();
	newest = published;
	do
	:: newest == published + N -> break
	:: else ->
		load_one(newest);
		load_other(newest);
		if
		:: TAG(NUMBER(a)) != TAG(newest) && TAG(NUMBER(b)) != TAG(newest) -> break
		:: else -> newest++
		fi
	od;
	if
	:: first = newest                                       /* TK_LANE_NEWEST */
	:: first = (newest - N > BEGIN -> newest - N : BEGIN)   /* TK_LANE_OLDEST */
	fi;
	d_step { next = first; newest = 0; a = 0; b = 0 }
}

/* number_of(): 0 if no push within a lap of the published head can have left this. */
inline count_in(half)
{
	newest = ((published >> TAG_SHIFT) + DIFFERENCE(half, published)) << TAG_SHIFT;
	newest = newest + (to & ((1 << TAG_SHIFT) - 1));
	if
	:: newest % N == to && newest >= BEGIN && newest < published + N && newest >= end ->
		end = newest + 1
	:: else
	fi
}

inline end_of_writer()
{
	sync();
	d_step { end = (published > next -> published : next); to = 0 }
	do
	:: to == N -> break
	:: else ->
		load_one(to);
		d_step {
			load_other(to);
#ifndef MUTANT_END_BY_HEAD_ONLY
			count_in(a);
			count_in(b);
#endif
			newest = 0;
			to++
		}
	od;
	atomic { to = 0; a = 0; b = 0; ended = true }
}

#define IS_COUNTED(half) (NUMBER(half) < START || NUMBER(half) < end)

/* Of the slot at `to`, where first is the oldest that may be there: */
#define IS_READABLE(n) \
	(memory[HALF_A(to)] == memory[HALF_B(to)] && (n) >= first && (n) + N >= end)

inline check_end()
{
	skip; /* for what jumps here */
	d_step {
		MUST(balanced, delivered + lost == end - first);
		/* A push that was killed counts or not. */
		MUST(exact, end == START + claims || (killed && end < START + claims));
		to = 0;
		do
		:: to == N -> break
		:: else ->
			MUST(all_counted, IS_COUNTED(memory[HALF_A(to)]) &&
					  IS_COUNTED(memory[HALF_B(to)]));
			newest = NUMBER(memory[HALF_A(to)]);
			MUST(all_delivered, !late || !IS_READABLE(newest) || (seen & BIT(newest)));
			to++
		od;
		to = 0;
		newest = 0
	}
}

proctype reader()
{
#ifndef MUTANT_WAITS_FOR_READER
	byte next;
#endif
	byte first, published, end, delivered, lost, pending, n_pending;
	bool ended, moved;

	byte a, b, first_a, first_b, ahead, from, newest, to;
	int da, db;
	mtype state;
	bool past, bad, settled;

	/* Only to check: */
	int seen;
	byte synced;
	bool late;

	byte false_ends = FALSE_ENDS;

again:
	attach();
#ifdef ATTACHED_BEFORE
	if
	:: !late -> run_writer()
	:: else
	fi;
#endif
	do
	:: !over ->
progress:	read()
#if FALSE_ENDS > 0
	:: !over && false_ends > 0 ->
		false_ends--;
		end_of_writer();
		read();
		d_step { ended = false; moved = true } /* tk_lane_reader_resume() */
#endif
	:: over -> break
	od;
	end_of_writer();
	do
	:: next == end && !n_pending -> break
	:: else -> read()
	od;
	check_end();
	if
	:: !late -> late = true; goto again
	:: else
	fi
}
