/* SPDX-License-Identifier: MIT */
#include "collector/serve/index.h"

#include <stdlib.h>
#include <string.h>

#include "collector/machine/list.h"

#define SLOTS_MIN 64u

/* FNV-1a. Names come from programs that this user may watch: a flood of equal hashes costs them and
 * this program time, and nobody else. */
static uint64_t hash_of(const char *text, size_t n)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
	return hash ^ hash >> 32;
}

static void put(struct tk_index *x, size_t i)
{
	const struct tk_index_key *key = x->entry[i];
	size_t at = key->hash & (x->slots - 1);

	while (x->place[at])
		at = (at + 1) & (x->slots - 1);
	x->place[at] = (uint32_t)i + 1;
}

static bool rebuild(struct tk_index *x, size_t slots)
{
	uint32_t *place = calloc(slots, sizeof(*place));

	if (!place)
		return false;
	free(x->place);
	x->place = place;
	x->slots = slots;
	for (size_t i = 0; i < x->n; i++)
		put(x, i);
	return true;
}

void *tk_index_find(const struct tk_index *x, const char *text, size_t n)
{
	uint64_t hash = hash_of(text, n);
	size_t at = x->slots ? hash & (x->slots - 1) : 0;

	for (; x->slots && x->place[at]; at = (at + 1) & (x->slots - 1)) {
		const struct tk_index_key *key = x->entry[x->place[at] - 1];

		if (key->hash == hash && key->n == n && memcmp(key->text, text, n) == 0)
			return x->entry[x->place[at] - 1];
	}
	return NULL;
}

void *tk_index_add(struct tk_index *x, const char *text, size_t n, size_t size)
{
	void **list = tk_list_grow(x->entry, x->n, sizeof(*list));
	struct tk_index_key *key;

	if (!list)
		return NULL;
	x->entry = list;
	if (2 * (x->n + 1) > x->slots && !rebuild(x, x->slots ? 2 * x->slots : SLOTS_MIN))
		return NULL;
	key = calloc(1, size);
	if (!key)
		return NULL;
	key->text = malloc(n + 1);
	if (!key->text) {
		free(key);
		return NULL;
	}
	memcpy(key->text, text, n);
	key->n = n;
	key->hash = hash_of(text, n);
	x->entry[x->n++] = key;
	put(x, x->n - 1);
	return key;
}

static void drop(struct tk_index_key *key)
{
	free(key->text);
	free(key);
}

void tk_index_sweep(struct tk_index *x, bool (*goes)(void *arg, void *entry), void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < x->n; i++) {
		if (goes(arg, x->entry[i]))
			drop(x->entry[i]);
		else
			x->entry[kept++] = x->entry[i];
	}
	if (kept == x->n)
		return;
	x->n = kept;
	memset(x->place, 0, x->slots * sizeof(*x->place));
	for (size_t i = 0; i < x->n; i++)
		put(x, i);
}

void tk_index_free(struct tk_index *x, void (*end)(void *entry))
{
	for (size_t i = 0; i < x->n; i++) {
		end(x->entry[i]);
		drop(x->entry[i]);
	}
	free(x->entry);
	free(x->place);
	memset(x, 0, sizeof(*x));
}
