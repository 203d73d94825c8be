/* SPDX-License-Identifier: MIT */
#include "collector/discover/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/machine/list.h"
#include "ring/place_read.h"
#include "ring/presence.h"

void tk_watched_make(void)
{
	char path[PATH_MAX];

	if (tk_segments_dir(path, sizeof(path)) == 0)
		(void)mkdir(path, 0700);
}

static struct tk_watched *find(const struct tk_watched_dirs *w, const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->list[i].path, path))
			return &w->list[i];
	return NULL;
}

static struct tk_watched *add(struct tk_watched_dirs *w, const char *path)
{
	struct tk_watched *list = tk_list_grow(w->list, w->n, sizeof(*list));
	struct tk_watched *d;

	if (!list)
		return NULL;
	w->list = list;
	d = &list[w->n];
	*d = (struct tk_watched){ .path = strdup(path), .presence = -1, .listed = w->all };
	w->n += d->path != NULL;
	return d->path ? d : NULL;
}

static void leave(struct tk_watched *d)
{
	if (d->presence >= 0)
		close(d->presence);
	d->presence = -1;
}

/* Whether the file that the slot is in is still the directory's. */
static bool is_present(const struct tk_watched *d, int place)
{
	struct stat st;

	return d->presence >= 0 &&
	       fstatat(place, TK_PLACE_COLLECTORS, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == d->dev && st.st_ino == d->ino;
}

static void enter(struct tk_watched *d, int place, char why[TK_WHY_MAX])
{
	struct stat st;
	int fd;

	leave(d);
	fd = tk_presence_enter(place, &d->slot, why);
	if (fd < 0) {
		/* Of another user, before any program has made the file. */
		if (fd == -ENOENT || d->told)
			why[0] = '\0';
		d->told = d->told || fd != -ENOENT;
		return;
	}
	why[0] = '\0';
	if (fstat(fd, &st) == 0) {
		d->dev = st.st_dev;
		d->ino = st.st_ino;
	}
	d->presence = fd;
}

struct tk_watched *tk_watched_enter(struct tk_watched_dirs *w, struct tk_wake *wake,
				    const char *path, char why[TK_WHY_MAX])
{
	struct tk_watched *d = find(w, path);
	char ignored[TK_WHY_MAX];
	int place;

	why[0] = '\0';
	d = d ? d : add(w, path);
	if (!d)
		return NULL;
	place = tk_segments_open(path, ignored);
	d->wake = place < 0 ? 0 : tk_wake_watch_place(wake, place);
	if (place < 0) {
		leave(d);
		return d;
	}
	if (!is_present(d, place))
		enter(d, place, why);
	close(place);
	return d;
}

int tk_watched_wake(const struct tk_watched_dirs *w, const char *path)
{
	const struct tk_watched *d = find(w, path);

	return d ? d->wake : 0;
}

void tk_watched_free(struct tk_watched_dirs *w)
{
	for (size_t i = 0; i < w->n; i++) {
		leave(&w->list[i]);
		free(w->list[i].path);
	}
	free(w->list);
	*w = (struct tk_watched_dirs){ 0 };
}
