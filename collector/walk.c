/* SPDX-License-Identifier: MIT */
#include "collector/walk.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collector/dirs.h"

struct walk {
	const struct tk_args *args;
	void (*each)(void *arg, const struct tk_found *f);
	void *arg;
	unsigned segments, other_versions;
};

const char *tk_owner_name(uint32_t owner)
{
	static const char *const names[] = { "alive", "closed", "dead", "unknown" };

	return owner < sizeof(names) / sizeof(names[0]) ? names[owner] : "unknown";
}

void tk_printable(char *to, size_t size, const char *text)
{
	size_t i = 0;

	for (; text[i] && i + 1 < size; i++)
		to[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
	to[i] = '\0';
}

static bool wanted(const struct tk_args *a, const struct tk_segment *s)
{
	return (!a->collector.app || !strcmp(a->collector.app, s->info.app)) &&
	       (!a->collector.pid || a->collector.pid == s->info.pid);
}

static void visit(struct walk *w, const char *dir, int dirfd, const char *name)
{
	char why[TK_WHY_MAX] = "", safe[TK_WHY_MAX];
	struct tk_segment *s = tk_segment_attach(dirfd, name, TK_LANE_NEWEST, why);
	struct tk_found f = { .dir = dir, .dirfd = dirfd, .segment = s };

	if (!s && errno != ENOENT) {
		w->other_versions += errno == EPROTO;
		tk_printable(safe, sizeof(safe), name);
		fprintf(stderr, "timekeeper: %s/%s: %s; skipped\n", dir, safe, why);
	}
	if (!s)
		return;
	if (wanted(w->args, s)) {
		f.owner = tk_segment_owner(s);
		w->segments++;
		w->each(w->arg, &f);
	}
	tk_segment_detach(s);
}

static void walk_dir(struct walk *w, const char *dir)
{
	char why[TK_WHY_MAX] = "";
	int fd = tk_segments_open(dir, why);
	struct dirent *e;
	DIR *d;

	if (fd < 0) {
		if (fd != -ENOENT)
			fprintf(stderr, "timekeeper: %s; skipped\n", why);
		return;
	}
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return;
	}
	while ((e = readdir(d))) {
		/* Hidden files, and what `timekeeper tsc --offsets` keeps, are not meant for us. */
		if (e->d_name[0] != '.' && strcmp(e->d_name, "tsc-offsets"))
			visit(w, dir, fd, e->d_name);
	}
	closedir(d);
}

enum tk_exit tk_walk(const struct tk_args *a, void (*each)(void *arg, const struct tk_found *f),
		     void *arg)
{
	struct walk w = { .args = a, .each = each, .arg = arg };
	struct tk_dirs dirs;
	char text[1024];
	int err = tk_dirs_list(&dirs, a->collector.dir);

	if (err < 0) {
		fprintf(stderr, "timekeeper: no directory to look in: %s\n", strerror(-err));
		return TK_EXIT_FAILED;
	}
	for (size_t i = 0; i < dirs.n; i++)
		walk_dir(&w, dirs.path[i]);
	tk_dirs_text(&dirs, text, sizeof(text));
	tk_dirs_free(&dirs);
	if (w.segments)
		return TK_EXIT_OK;
	fprintf(stderr,
		"timekeeper: no %ssegment in %s: nothing that is instrumented runs there; start a "
		"program that calls tk_open(), or name its directory with --dir\n",
		w.other_versions ? "readable " : "", text);
	return w.other_versions ? TK_EXIT_VERSION : TK_EXIT_NOTHING;
}
