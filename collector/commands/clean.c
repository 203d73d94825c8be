/* SPDX-License-Identifier: MIT */
/* `timekeeper clean`: remove what dead processes left behind. */
#include <errno.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/walk.h"
#include "collector/discover/dirs.h"
#include "collector/launch/rundir.h"

/* What became of an entry that is no segment. */
static const char not_removed[] = "left alone: if nothing that runs made it, remove it by rm -r";

struct clean {
	const struct tk_args *args;
	FILE *out;
	bool force;
	unsigned dead, removed, failed;
};

static uint64_t bytes_of(const struct tk_segment *s)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < s->n_lanes; i++)
		bytes += s->lanes[i].head_size + s->lanes[i].slots_size;
	return bytes;
}

static void clean_one(void *arg, const struct tk_found *f)
{
	struct clean *c = arg;
	uint64_t bytes = bytes_of(f->segment);
	int err;

	if (f->owner == TK_OWNER_UNKNOWN)
		tk_say("%s: left alone: its process lives but does not hold its lock",
		       f->segment->name);
	if (f->owner != TK_OWNER_DEAD && f->owner != TK_OWNER_CLOSED)
		return;
	c->dead++;
	if (!c->force) {
		fprintf(c->out, "would remove %s/%s (%s", f->dir, f->segment->name,
			tk_owner_name(f->owner));
		if (bytes) /* 0: no lane can be read, so that its size is not known */
			fprintf(c->out, ", %.1f MiB", (double)bytes / 1048576);
		fputs(")\n", c->out);
		return;
	}
	err = tk_segment_remove(f->segment, f->dirfd);
	if (err) {
		c->failed++;
		tk_say("%s/%s: cannot be removed: %s", f->dir, f->segment->name, strerror(-err));
		return;
	}
	c->removed++;
	fprintf(c->out, "removed %s/%s\n", f->dir, f->segment->name);
}

/* The directory of a command whose timekeeper was killed, and what is in it. What still lives in it
 * stays, and so does the directory then. */
static void clean_left(void *arg, const char *path)
{
	struct clean *c = arg;
	struct tk_args inside = *c->args;
	int err;

	inside.collector.dir = path;
	(void)tk_walk(&inside, clean_one, c, not_removed, true);
	c->dead++;
	if (!c->force) {
		fprintf(c->out, "would remove %s, unless a program in it lives\n", path);
		return;
	}
	err = tk_rundir_remove_left(path);
	if (err == -ENOTEMPTY) {
		tk_say("%s: left alone: a program that was started with it lives", path);
		return;
	}
	if (err) {
		c->failed++;
		tk_say("%s: cannot be removed: %s", path, strerror(-err));
		return;
	}
	c->removed++;
	fprintf(c->out, "removed %s\n", path);
}

static void clean_all_left(struct clean *c)
{
	struct tk_dirs dirs;

	if (tk_dirs_list(&dirs, c->args->collector.dir))
		return;
	for (size_t i = 0; i < dirs.n; i++)
		tk_rundir_each_left(dirs.path[i], clean_left, c);
	tk_dirs_free(&dirs);
}

tk_command_run tk_cmd_clean;

int tk_cmd_clean(const struct tk_args *a, FILE *out)
{
	struct clean c = { .args = a, .out = out, .force = a->force };
	int code = tk_walk(a, clean_one, &c, not_removed, true);

	clean_all_left(&c);
	if (code != TK_EXIT_OK)
		return code;
	if (c.dead == 0)
		fprintf(out, "nothing to remove: no segment of a dead process\n");
	else if (!c.force)
		fprintf(out, "nothing removed yet: --force removes %s\n",
			c.dead == 1 ? "it" : "them");
	return c.failed ? TK_EXIT_FAILED : TK_EXIT_OK;
}
