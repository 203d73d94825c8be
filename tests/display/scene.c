/* SPDX-License-Identifier: MIT */
#include "tests/display/scene.h"

#include <stdlib.h>
#include <string.h>

void scene_open(struct scene *s, int w, int h, enum tk_charset charset)
{
	setenv("TZ", "UTC", 1);
	*s = (struct scene){ .fake = tk_fake(), .grid = { .charset = charset } };
	tk_view_init(&s->view, "/dev/shm/timekeeper-1000");
	s->view.decided = true; /* charts */
	if (tk_grid_resize(&s->grid, w, h) < 0)
		abort();
	scene_fetch(s);
}

void scene_open_overview(struct scene *s, int w, int h, size_t n_timers)
{
	scene_open(s, w, h, TK_CHARSET_BRAILLE);
	s->fake.n_timers = n_timers;
	s->view.decided = false;
	scene_fetch(s);
}

void scene_close(struct scene *s)
{
	tk_snapshot_free(s->snapshot);
	tk_view_fini(&s->view);
	tk_grid_free(&s->grid);
}

static void fetch_once(struct scene *s)
{
	struct tk_view want = tk_view_request(&s->view, s->fake.now_ns);

	tk_snapshot_free(s->snapshot);
	s->snapshot = tk_fake_snapshot(&s->fake, &want);
	tk_view_sync(&s->view, s->snapshot);
}

void scene_fetch(struct scene *s)
{
	fetch_once(s);
	if (s->snapshot->detail_key != tk_view_request(&s->view, 0).key)
		fetch_once(s);
	tk_draw(&s->view, s->snapshot, &s->grid);
}

void scene_key(struct scene *s, uint32_t code)
{
	tk_keys_press(&s->view, s->snapshot, code);
	scene_fetch(s);
}

void scene_type(struct scene *s, const char *keys)
{
	for (; *keys; keys++)
		scene_key(s, (unsigned char)*keys);
}

char *scene_text(const struct scene *s, bool ansi)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f || tk_grid_write(&s->grid, f, ansi) < 0)
		abort();
	fclose(f);
	return text;
}

bool scene_shows(const struct scene *s, const char *text)
{
	char *screen = scene_text(s, false);
	bool there = strstr(screen, text) != NULL;

	free(screen);
	return there;
}

size_t scene_pane(const char *name)
{
	size_t n;
	const struct tk_pane *p = tk_panes(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(p[i].name, name) == 0)
			return i;
	abort();
}
