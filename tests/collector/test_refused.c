/* SPDX-License-Identifier: MIT */
/* What is told of names that could not be attached, against what each error says of the future. */
#include "collector/discover/refused.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/random.h"

#define SECOND UINT64_C(1000000000)

/* When people are told, and whether it is tried again. */
static const struct {
	int error;
	bool waits;          /* may just be being made */
	bool waits_at_first; /* also if it is older than the collector */
	bool again;          /* time may change it */
	bool never;          /* is nobody's business */
} errors[] = {
	{ ENOENT, true, true, true, false },    { EAGAIN, true, true, true, false },
	{ EACCES, true, false, true, false },   { ENOMEM, false, false, true, false },
	{ EMFILE, false, false, true, false },  { EBADMSG, false, false, false, false },
	{ EPROTO, false, false, false, false }, { EBUSY, false, false, true, true },
};

Test(refused, is_told_once_and_when_it_is_certain)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		for (int first = 0; first < 2; first++) {
			struct tk_refused r = { 0 };
			bool waits = first ? errors[i].waits_at_first : errors[i].waits;
			unsigned told = 0;

			for (uint64_t s = 0; s < 30; s++) {
				uint64_t now_ns = 7 * SECOND + s * SECOND;

				tk_refused_begin_scan(&r);
				if (tk_refused_given_up(&r, "a")) {
					tk_refused_end_scan(&r);
					continue;
				}
				if (tk_refused_add(&r, "a", errors[i].error, now_ns, first)) {
					cr_assert_eq(s, waits ? 10 : 0, "%s",
						     strerror(errors[i].error));
					told++;
				}
				cr_assert_eq(r.making, errors[i].error == EAGAIN && s < 10);
				tk_refused_end_scan(&r);
			}
			cr_assert_eq(told, !errors[i].never, "%s", strerror(errors[i].error));
			cr_assert_eq(r.n, 1);
			cr_assert_eq(tk_refused_given_up(&r, "a"), !errors[i].again);
			tk_refused_begin_scan(&r);
			tk_refused_end_scan(&r);
			cr_assert_eq(r.n, 0, "it is no longer listed");
			tk_refused_free(&r);
		}
	}
}

/* In random order, listed or not: a name is kept for as long as it is listed, whatever its
 * neighbours. */
Test(refused, names_are_kept_while_they_are_listed)
{
	enum { NAMES = 200 };
	bool known[NAMES] = { false };
	struct tk_refused r = { 0 };
	uint64_t state = 3;

	for (unsigned scan = 0; scan < 500; scan++) {
		bool listed[NAMES] = { false };
		size_t n = 0;

		tk_refused_begin_scan(&r);
		for (unsigned i = 0; i < 100; i++) {
			unsigned k = (unsigned)random_below(&state, NAMES);
			char path[16];

			snprintf(path, sizeof(path), "%u", k);
			if (k % 3 == 0)
				cr_assert_eq(tk_refused_add_dir(&r, path, scan), !known[k]);
			else if (tk_refused_given_up(&r, path))
				cr_assert(known[k]);
			else
				tk_refused_give_up(&r, path, scan);
			known[k] = listed[k] = true;
		}
		tk_refused_end_scan(&r);
		for (unsigned k = 0; k < NAMES; k++) {
			known[k] = listed[k];
			n += listed[k];
		}
		cr_assert_eq(r.n, n);
		for (size_t i = 1; i < n; i++)
			cr_assert_lt(strcmp(r.list[i - 1].path, r.list[i].path), 0);
	}
	tk_refused_free(&r);
}
