/* SPDX-License-Identifier: MIT */
#include "collector/discover/wake.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "collector/machine/list.h"
#include "ring/place.h"

#define OF_PLACE                                                                         \
	(IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB | IN_CLOSE_WRITE | IN_DELETE_SELF | \
	 IN_MOVE_SELF)
#define OF_SEGMENT (IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY)
#define OF_SHARED  (IN_CREATE | IN_MOVED_TO)

void tk_wake_open(struct tk_wake *w)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	*w = (struct tk_wake){ .works = fd >= 0, .fd = fd };
}

void tk_wake_close(struct tk_wake *w)
{
	if (w->works)
		close(w->fd);
	free(w->changed);
	*w = (struct tk_wake){ 0 };
}

/* By its descriptor: the name may lead elsewhere by now. */
static int watch(struct tk_wake *w, int dirfd, uint32_t mask)
{
	char path[32];
	int wd;

	if (!w->works)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dirfd);
	wd = inotify_add_watch(w->fd, path, mask | IN_ONLYDIR);
	return wd > 0 ? wd : 0;
}

int tk_wake_watch_place(struct tk_wake *w, int place)
{
	return watch(w, place, OF_PLACE);
}

int tk_wake_watch_segment(struct tk_wake *w, int dirfd)
{
	return watch(w, dirfd, OF_SEGMENT);
}

bool tk_wake_watch_shared(struct tk_wake *w)
{
	int wd;

	if (!w->works || w->shared)
		return w->works;
	wd = inotify_add_watch(w->fd, TK_SHARED_PLACE, OF_SHARED | IN_ONLYDIR);
	w->shared = wd > 0 ? wd : 0;
	return w->shared != 0;
}

void tk_wake_forget(struct tk_wake *w, int watch)
{
	if (w->works && watch)
		(void)inotify_rm_watch(w->fd, watch); /* or the kernel did, with the directory */
}

/* Collectors that find no free slot open and close `collectors` at each look: that must not make
 * them look again. */
static bool matters(const struct tk_wake *w, const struct inotify_event *e)
{
	const char *name = e->len ? e->name : "";

	if (e->wd == w->shared && w->shared)
		return !strncmp(name, TK_PLACE_PREFIX, strlen(TK_PLACE_PREFIX));
	return !(e->mask & IN_CLOSE_WRITE) || strcmp(name, TK_PLACE_COLLECTORS) != 0;
}

static void add(struct tk_wake *w, const struct inotify_event *e)
{
	int *list;

	if (e->mask & IN_Q_OVERFLOW)
		w->all = true;
	if (w->all || !matters(w, e) || (w->n && w->changed[w->n - 1] == e->wd))
		return;
	list = tk_list_grow(w->changed, w->n, sizeof(*list));
	if (!list) {
		w->all = true;
		return;
	}
	w->changed = list;
	list[w->n++] = e->wd;
}

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void sort(struct tk_wake *w)
{
	size_t kept = 0;

	if (w->n)
		qsort(w->changed, w->n, sizeof(*w->changed), by_number);
	for (size_t i = 0; i < w->n; i++)
		if (!kept || w->changed[kept - 1] != w->changed[i])
			w->changed[kept++] = w->changed[i];
	w->n = kept;
}

#define READS 64 /* at most, each of 100 events or more: whoever makes events cannot keep us here */

bool tk_wake_read(struct tk_wake *w)
{
	char buffer[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = 0;

	w->n = 0;
	w->all = false;
	for (int i = 0; w->works && i < READS; i++) {
		n = read(w->fd, buffer, sizeof(buffer));
		if (n <= 0)
			break;
		for (const char *at = buffer; at < buffer + n;) {
			const struct inotify_event *e = (const void *)at;

			add(w, e);
			at += sizeof(*e) + e->len;
		}
	}
	sort(w);
	return w->all || w->n;
}

bool tk_wake_has(const struct tk_wake *w, int watch)
{
	return w->all ||
	       (watch && w->n && bsearch(&watch, w->changed, w->n, sizeof(watch), by_number));
}
