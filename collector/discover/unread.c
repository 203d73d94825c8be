/* SPDX-License-Identifier: MIT */
#include "collector/discover/unread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/list.h"

/* No app gets so far: the file is spoilt. */
#define FIGURE_MAX (UINT64_C(1) << 60)

bool tk_unread_is(const char *name)
{
	return tk_place_is_shared(name) && strcmp(name, TK_PLACE_COLLECTORS) != 0;
}

static struct tk_unread_app *find(const struct tk_unread_apps *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->list[i].path, path))
			return &l->list[i];
	return NULL;
}

static struct tk_unread_app *add(struct tk_unread_apps *l, const char *path, const char *name)
{
	struct tk_unread_app *list, *a;

	if (l->n == TK_UNREAD_APPS_MAX)
		return NULL;
	list = tk_list_grow(l->list, l->n, sizeof(*list));
	if (!list)
		return NULL;
	l->list = list;
	a = &list[l->n];
	*a = (struct tk_unread_app){ .path = strdup(path) };
	snprintf(a->name, sizeof(a->name), "%s", name);
	l->n += a->path != NULL;
	return a->path ? a : NULL;
}

/* It only grows; one that is smaller is another file. */
static uint64_t growth(uint64_t was, uint64_t is)
{
	return is < was ? is : is - was;
}

static void take(struct tk_unread_apps *l, struct tk_unread_app *a, const struct tk_unread *u,
		 bool first)
{
	uint64_t processes = first ? 0 : growth(a->file_processes, u->processes);
	uint64_t records = first ? 0 : growth(a->file_records, u->records);

	memcpy(a->app, u->app, sizeof(a->app));
	a->file_processes = u->processes;
	a->file_records = u->records;
	a->processes += processes;
	a->records += records;
	l->processes += processes;
	l->records += records;
}

int tk_unread_look(struct tk_unread_apps *l, int place, const char *path, const char *name,
		   bool first, const char *app, char why[TK_WHY_MAX])
{
	struct tk_unread_app *a = find(l, path);
	struct tk_unread u;
	int ret = tk_unread_read(place, name, &u, why);

	if (ret)
		return ret;
	if (u.processes > UINT32_MAX || u.records > FIGURE_MAX)
		return tk_fail(why, EBADMSG, "it counts more than there can be");
	if (app && strcmp(app, u.app) != 0)
		return 0;
	a = a ? a : add(l, path, name);
	if (!a)
		return tk_fail(why, ENOSPC, "what its app left unread is not counted: %s",
			       l->n == TK_UNREAD_APPS_MAX ? "there are more than 4,096 such files"
							  : "out of memory");
	take(l, a, &u, first);
	return 0;
}

void tk_unread_free(struct tk_unread_apps *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->list[i].path);
	free(l->list);
	*l = (struct tk_unread_apps){ 0 };
}
