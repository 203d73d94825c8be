/* SPDX-License-Identifier: MIT */
#include "ring/prune.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "ring/owner.h"
#include "ring/place.h"

#define LOOKED_AT_MAX 1024u

struct dead {
	int64_t created_ns;
	char name[TK_SEGMENT_NAME_MAX + 1]; /* "": none yet */
};

struct prune {
	const char *app, *own;
	unsigned looked_at;
	struct dead kept[TK_DEAD_KEPT];
};

/* Whether the process that made this segment of `app` is dead for certain. */
static bool is_dead(int place, const char *name, const char *app, int64_t *created_ns)
{
	struct tk_segment_head head = { 0 };
	bool dead = false;
	int dir, fd;

	dir = tk_place_open(place, name, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return false;
	fd = tk_place_open(dir, "head", O_RDONLY | O_NONBLOCK);
	close(dir);
	if (fd < 0)
		return false;
	if (pread(fd, &head, sizeof(head), 0) == sizeof(head) && head.magic == TK_SEGMENT_MAGIC &&
	    head.version == TK_SEGMENT_VERSION && head.state == TK_SEGMENT_OPEN &&
	    !strncmp(head.app, app, sizeof(head.app)) &&
	    memchr(head.boot_id, 0, sizeof(head.boot_id)))
		dead = tk_owner_of(fd, &head) == TK_OWNER_DEAD;
	close(fd);
	*created_ns = head.created_ns;
	return dead;
}

static struct dead *oldest_of(struct dead kept[TK_DEAD_KEPT])
{
	struct dead *oldest = kept;

	for (unsigned i = 1; i < TK_DEAD_KEPT; i++)
		if (kept[i].created_ns < oldest->created_ns)
			oldest = &kept[i];
	return oldest;
}

/* One more dead: the oldest of those that are kept makes room, unless this one is older still. */
static void make_room(struct prune *p, int place, const char *name, int64_t created_ns)
{
	struct dead *oldest = oldest_of(p->kept);

	if (created_ns <= oldest->created_ns) {
		tk_place_remove(place, name);
		return;
	}
	if (oldest->name[0])
		tk_place_remove(place, oldest->name);
	oldest->created_ns = created_ns;
	memcpy(oldest->name, name, strlen(name) + 1);
}

/* All but pid and random: to open those of other apps would take milliseconds where there are many. */
static bool is_alike(const char *name, const char *own)
{
	const char *pid = strrchr(own, '.');

	while (pid[-1] != '.')
		pid--;
	return !strncmp(name, own, (size_t)(pid - own)) && tk_place_pid(name) > 0;
}

static bool look_at(void *arg, int place, const char *name)
{
	struct prune *p = arg;
	int64_t created_ns;

	if (!is_alike(name, p->own) || tk_place_pid(name) == getpid())
		return true;
	if (is_dead(place, name, p->app, &created_ns))
		make_room(p, place, name, created_ns);
	return ++p->looked_at < LOOKED_AT_MAX;
}

void tk_prune(int place, const char *app, const char *own)
{
	struct prune p = { .app = app, .own = own };

	(void)tk_place_each(place, look_at, &p);
}
