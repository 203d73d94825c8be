/* SPDX-License-Identifier: MIT */
#include "collector/cli/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/say.h"
#include "collector/discover/dirs.h"
#include "collector/machine/printable.h"

#define SAID_MAX 32u /* sentences about entries that are no segments; the rest is counted */

struct walk {
	const struct tk_args *args; /* NULL: every segment, and no word about what is none */
	void (*each)(void *arg, const struct tk_found *f);
	void *arg;
	const char *outcome; /* of an entry that is no segment */
	unsigned segments, refused, other_versions;
	uint64_t timers; /* for which the segments have room */
};

const char *tk_owner_name(uint32_t owner)
{
	static const char *const names[] = { "alive", "closed", "dead", "unknown" };

	return owner < sizeof(names) / sizeof(names[0]) ? names[owner] : "unknown";
}

static bool wanted(const struct tk_args *a, const struct tk_segment *s)
{
	return !a || ((!a->collector.app || !strcmp(a->collector.app, s->info.app)) &&
		      (!a->collector.pid || a->collector.pid == s->info.pid));
}

/* Somebody may have made thousands of them, so that only the first are named. */
static void say_refused(const struct walk *w, const char *dir, const char *name, const char *why)
{
	if (w->args && w->refused <= SAID_MAX)
		tk_say("%s/%s: %s; %s", dir, name, why, w->outcome);
}

static void visit(void *arg, int dirfd, const char *dir, const char *name)
{
	struct walk *w = arg;
	char why[TK_WHY_MAX] = "";
	char shown[PATH_MAX];
	struct tk_found f = { .dir = shown, .dirfd = dirfd };
	struct tk_segment *s;

	if (tk_place_is_shared(name))
		return;
	if (w->segments == TK_READ_SEGMENTS || w->timers + TK_TIMERS_MAX > TK_READ_TIMERS) {
		w->refused++;
		say_refused(w, dir, name, TK_READ_TOO_MANY);
		return;
	}
	f.segment = s = tk_segment_attach(dirfd, name, TK_LANE_LOOK, why);
	if (!s) {
		int error = errno;

		/* It was removed after the directory was listed. */
		if (error == ENOENT && faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW))
			return;
		w->refused++;
		w->other_versions += error == EPROTO;
		say_refused(w, dir, name, why[0] ? why : strerror(error));
		return;
	}
	tk_printable(shown, sizeof(shown), dir);
	if (wanted(w->args, s)) {
		if (why[0] && w->args)
			tk_say("%s/%s: %s", dir, name, why);
		f.owner = tk_segment_owner(s);
		w->segments++;
		w->timers += s->info.max_timers;
		w->each(w->arg, &f);
	}
	tk_segment_detach(s);
}

struct running {
	char *text;
	size_t size, used;
	unsigned n;
};

static void add_running(void *arg, const struct tk_found *f)
{
	struct running *r = arg;

	if (f->owner != TK_OWNER_ALIVE || r->n++ >= TK_RUNNING)
		return;
	r->used +=
		(size_t)snprintf(r->text + r->used, r->size - r->used, "%s%s[%" PRIu32 "]",
				 r->used ? ", " : "", f->segment->info.app, f->segment->info.pid);
}

char *tk_running(char text[TK_RUNNING_MAX], const struct tk_args *a)
{
	struct running r = { .text = text, .size = TK_RUNNING_MAX };
	struct walk w = { .each = add_running, .arg = &r };
	struct tk_dirs dirs;
	char why[TK_WHY_MAX];

	snprintf(text, TK_RUNNING_MAX, "nothing that is instrumented");
	if (tk_dirs_list(&dirs, a->collector.dir) == 0) {
		for (size_t i = 0; i < dirs.n; i++)
			tk_dirs_each(dirs.path[i], why, visit, &w);
		tk_dirs_free(&dirs);
	}
	if (r.n > TK_RUNNING)
		snprintf(text + r.used, r.size - r.used, " and %u more", r.n - TK_RUNNING);
	return text;
}

void tk_say_nothing(const char *where, bool refused, const struct tk_args *a)
{
	char running[TK_RUNNING_MAX];

	if (a->collector.app || a->collector.pid)
		tk_say("no segment in %s that --app and --pid let through; what runs there: %s",
		       where, tk_running(running, a));
	else if (refused)
		tk_say("nothing that this program can read in %s: what is there was skipped, as "
		       "said above",
		       where);
	else
		tk_say("no segment in %s: nothing that is instrumented runs there; start a program "
		       "that calls tk_open(), or name its directory with --dir",
		       where);
}

int tk_walk(const struct tk_args *a, void (*each)(void *arg, const struct tk_found *f), void *arg,
	    const char *outcome, bool none_is_fine)
{
	struct walk w = { .args = a, .each = each, .arg = arg, .outcome = outcome };
	struct tk_dirs dirs;
	char where[1024], why[TK_WHY_MAX];
	int err = tk_dirs_list(&dirs, a->collector.dir);

	if (err < 0)
		return tk_failed("no directory to look in: %s", strerror(-err));
	for (size_t i = 0; i < dirs.n; i++) {
		/* A directory that does not exist is no failure: no program was started yet. */
		err = tk_dirs_each(dirs.path[i], why, visit, &w);
		if (err == 0 || err == -ENOENT)
			continue;
		w.refused++;
		tk_say("%s", why);
	}
	if (w.refused > SAID_MAX)
		tk_say("and %u more", w.refused - SAID_MAX);
	tk_dirs_text(&dirs, where, sizeof(where));
	tk_dirs_free(&dirs);
	if (w.segments || (none_is_fine && !w.refused))
		return TK_EXIT_OK;
	tk_say_nothing(where, w.refused > 0, a);
	return w.other_versions ? TK_EXIT_VERSION : TK_EXIT_NOTHING;
}
