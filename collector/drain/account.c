/* SPDX-License-Identifier: MIT */
#include "collector/drain/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tk_account_init(struct tk_account *a, uint32_t max, enum tk_account_base base,
		    const uint64_t *before, const uint64_t *after)
{
	memset(a, 0, sizeof(*a));
	a->got = calloc(max, sizeof(*a->got));
	a->timer = calloc(max, sizeof(*a->timer));
	if (!a->got || !a->timer) {
		tk_account_free(a);
		return -ENOMEM;
	}
	a->n = max;
	a->exact = base == TK_BASE_ZERO;
	a->blind = base == TK_BASE_UNKNOWN;
	if (base != TK_BASE_BETWEEN)
		return 0;
	a->exact = true;
	for (uint32_t id = 0; id < max; id++) {
		a->timer[id].base = before[id];
		a->timer[id].wide = after[id] > before[id] ? after[id] - before[id] : 0;
		if (a->timer[id].wide)
			a->exact = false;
	}
	return 0;
}

void tk_account_free(struct tk_account *a)
{
	free(a->got);
	free(a->timer);
	memset(a, 0, sizeof(*a));
}

static void rebase(struct tk_account *a, const uint64_t *counts, uint32_t n)
{
	for (uint32_t id = 0; id < n; id++) {
		if (counts[id] >= a->got[id])
			a->timer[id].base = counts[id] - a->got[id];
		a->timer[id].wide = 0;
	}
	a->exact = true;
	a->blind = false;
}

/* Records of this timer that are missing, if its base is right. The counts of a hostile segment may
 * say anything. */
static uint64_t owed(const struct tk_account *a, const uint64_t *counts, uint32_t id)
{
	uint64_t known = a->timer[id].base + a->got[id];

	return counts[id] > known ? counts[id] - known : 0;
}

/* More seems lost than the lane lost, so base is too low by that much in sum: raise it, within its
 * uncertainty. */
static void narrow(struct tk_account *a, uint32_t n, uint64_t excess)
{
	unsigned __int128 wide = 0;
	uint64_t left = excess;

	for (uint32_t id = 0; id < n; id++)
		wide += a->timer[id].wide;
	if (excess > wide)
		left = excess = (uint64_t)wide;
	for (uint32_t id = 0; id < n && wide; id++) {
		uint64_t part = (uint64_t)((unsigned __int128)a->timer[id].wide * excess / wide);

		a->timer[id].base += part;
		a->timer[id].wide -= part;
		left -= part;
	}
	/* Give what rounding left, one to each. */
	for (uint32_t id = 0; id < n; id++) {
		if (left && a->timer[id].wide) {
			a->timer[id].base++;
			left--;
		}
		a->timer[id].wide = 0;
	}
	a->exact = true;
}

/* What is owed is lost, and never found again. In sum it is at most `most`, whatever the counts of
 * a hostile segment add up to. */
static void lose(struct tk_account *a, const uint64_t *counts, uint32_t n, uint64_t most)
{
	for (uint32_t id = 0; id < n; id++) {
		uint64_t lost = owed(a, counts, id), left = most > a->lost ? most - a->lost : 0;
		uint64_t more = lost > a->timer[id].lost ? lost - a->timer[id].lost : 0;

		more = more < left ? more : left;
		a->timer[id].lost += more;
		a->lost += more;
	}
}

static void settle(struct tk_account *a, const uint64_t *counts, uint32_t n, uint64_t lane_lost)
{
	uint64_t sum = 0, most = lane_lost - a->missed;

	/* Only a hostile writer's counts add up to more than fits. */
	for (uint32_t id = 0; id < n; id++)
		if (__builtin_add_overflow(sum, owed(a, counts, id), &sum))
			sum = UINT64_MAX;
	/* If an exact base does not fit (a hostile writer; one that was stopped for long between
	 * storing a record and counting it), it is as uncertain as what is missing. */
	if (a->exact && sum > most)
		for (uint32_t id = 0; id < n; id++)
			a->timer[id].wide = owed(a, counts, id);
	narrow(a, n, sum > most ? sum - most : 0);
	lose(a, counts, n, most);
	a->settled = lane_lost;
}

void tk_account_level(struct tk_account *a, const uint64_t *counts, uint32_t n, uint64_t lane_lost)
{
	n = n < a->n ? n : a->n;
	if (a->blind || (!a->exact && lane_lost == 0)) {
		rebase(a, counts, n);
		a->missed = lane_lost;
		a->settled = lane_lost;
	} else {
		settle(a, counts, n, lane_lost);
	}
}

uint64_t tk_account_take(struct tk_account *a, uint32_t id)
{
	struct tk_account_timer *t = &a->timer[id];
	uint64_t lost = t->lost > t->told ? t->lost - t->told : 0;

	t->told += lost;
	return lost;
}
