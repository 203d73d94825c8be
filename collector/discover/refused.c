/* SPDX-License-Identifier: MIT */
#include "collector/discover/refused.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/list.h"

/* Index of the first path that does not come before this one. */
static size_t lower_bound(const struct tk_refused *r, const char *path)
{
	size_t from = 0, to = r->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(r->list[middle].path, path) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static struct tk_refused_name *find(const struct tk_refused *r, const char *path)
{
	size_t i = lower_bound(r, path);

	return i < r->n && !strcmp(r->list[i].path, path) ? &r->list[i] : NULL;
}

static struct tk_refused_name *insert(struct tk_refused *r, const char *path, uint64_t now_ns)
{
	struct tk_refused_name *list = tk_list_grow(r->list, r->n, sizeof(*list));
	char *copy = strdup(path);
	struct tk_refused_name *name;

	if (list)
		r->list = list;
	if (!list || !copy) {
		free(copy);
		return NULL;
	}
	name = &list[lower_bound(r, path)];
	memmove(name + 1, name, (size_t)(&list[r->n] - name) * sizeof(*name));
	*name = (struct tk_refused_name){ .path = copy, .since_ns = now_ns };
	r->n++;
	return name;
}

/* @return NULL: no memory */
static struct tk_refused_name *list_name(struct tk_refused *r, const char *path, uint64_t now_ns)
{
	struct tk_refused_name *name = find(r, path);

	if (!name)
		name = insert(r, path, now_ns);
	if (name)
		name->listed = true;
	return name;
}

/* Other processes may end and give back what was short. */
static bool is_short(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE;
}

/* The segment is gone since it was listed; or is being made; or is being made for a group, which
 * gets access last. Making it may take arbitrarily long: its maker may be stopped. */
static bool is_making(int error)
{
	return error == ENOENT || error == EAGAIN || error == EACCES;
}

void tk_refused_begin_scan(struct tk_refused *r)
{
	r->making = false;
	r->short_of = 0;
	for (size_t i = 0; i < r->n; i++)
		r->list[i].listed = false;
}

void tk_refused_end_scan(struct tk_refused *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->list[i].listed)
			r->list[kept++] = r->list[i];
		else
			free(r->list[i].path);
	}
	r->n = kept;
}

bool tk_refused_given_up(struct tk_refused *r, const char *path)
{
	struct tk_refused_name *name = find(r, path);

	if (!name || !name->given_up)
		return false;
	name->listed = true;
	return true;
}

void tk_refused_give_up(struct tk_refused *r, const char *path, uint64_t now_ns)
{
	struct tk_refused_name *name = list_name(r, path, now_ns);

	if (name)
		name->given_up = true;
}

bool tk_refused_add(struct tk_refused *r, const char *path, int error, uint64_t now_ns,
		    bool first_scan)
{
	struct tk_refused_name *name = list_name(r, path, now_ns);

	if (error == EBUSY)
		return false;
	r->short_of += is_short(error);
	if (!name)
		return true;
	name->old = name->old || (first_scan && error != EAGAIN && error != ENOENT);
	/* Report EACCES at once for segments older than this collector. */
	if (is_making(error) && (error != EACCES || !first_scan) &&
	    now_ns - name->since_ns < TK_REFUSED_EARLY_NS) {
		r->making = r->making || error == EAGAIN;
		return false;
	}
	if (name->told)
		return false;
	name->told = true;
	name->given_up = !is_short(error) && !is_making(error);
	return true;
}

bool tk_refused_is_old(const struct tk_refused *r, const char *path)
{
	const struct tk_refused_name *name = find(r, path);

	return name && name->old;
}

bool tk_refused_add_dir(struct tk_refused *r, const char *path, uint64_t now_ns)
{
	bool known = find(r, path) != NULL;

	(void)list_name(r, path, now_ns);
	return !known;
}

void tk_refused_free(struct tk_refused *r)
{
	while (r->n)
		free(r->list[--r->n].path);
	free(r->list);
	memset(r, 0, sizeof(*r));
}
