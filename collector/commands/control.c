/* SPDX-License-Identifier: MIT */
/* `timekeeper enable` and `disable`: write one byte a timer into each segment's control file. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/walk.h"

struct control {
	const char *pattern;
	uint8_t disabled;
	unsigned timers, processes, failed;
};

static int write_bytes(struct control *c, const struct tk_segment *s, unsigned *matched)
{
	int fd = tk_segment_open_control(s, O_WRONLY);
	int err = 0;

	if (fd < 0)
		return fd;
	for (uint32_t id = 0; id < s->info.n_timers && !err; id++) {
		if (fnmatch(c->pattern, s->timers[id].name, 0))
			continue;
		if (pwrite(fd, &c->disabled, 1, (off_t)id) != 1)
			err = -errno;
		else
			++*matched;
	}
	close(fd);
	return err;
}

static bool any_match(const struct control *c, const struct tk_segment *s)
{
	for (uint32_t id = 0; id < s->info.n_timers; id++)
		if (!fnmatch(c->pattern, s->timers[id].name, 0))
			return true;
	return false;
}

static void control_one(void *arg, const struct tk_found *f)
{
	struct control *c = arg;
	unsigned matched = 0;
	int err;

	if (f->owner == TK_OWNER_DEAD || f->owner == TK_OWNER_CLOSED || !any_match(c, f->segment))
		return;
	err = write_bytes(c, f->segment, &matched);
	c->timers += matched;
	c->processes++;
	if (!err)
		return;
	c->failed++;
	tk_say("%s: its control file cannot be written: %s%s", f->segment->name, strerror(-err),
	       err == -EACCES ? "; only its owner may" : "");
}

static int control(const struct tk_args *a, FILE *out, bool disabled)
{
	struct control c = { .pattern = a->operands[0], .disabled = disabled };
	int code = tk_walk(a, control_one, &c, TK_WALK_SKIPPED, false);

	if (code != TK_EXIT_OK)
		return code;
	if (c.processes == 0)
		return tk_usage(a->command,
				"no timer of a living process matches %.128s, and `timekeeper ls` "
				"names them",
				c.pattern);
	fprintf(out, "%s %u timer%s in %u process%s\n", disabled ? "disabled" : "enabled", c.timers,
		c.timers == 1 ? "" : "s", c.processes, c.processes == 1 ? "" : "es");
	return c.failed ? TK_EXIT_FAILED : TK_EXIT_OK;
}

tk_command_run tk_cmd_enable, tk_cmd_disable;

int tk_cmd_enable(const struct tk_args *a, FILE *out)
{
	return control(a, out, false);
}

int tk_cmd_disable(const struct tk_args *a, FILE *out)
{
	return control(a, out, true);
}
