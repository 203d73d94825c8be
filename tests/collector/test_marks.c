/* SPDX-License-Identifier: MIT */
/* Marks belong to their process; what is not kept of them is counted, and said. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "collector/engine/views/shown.h"

static struct tk_shown shown;

static void mark(const char *segment, int64_t t_ns, uint64_t dropped)
{
	struct tk_shown_mark *m = &shown.marks[shown.marks_ever++ % TK_MARKS_KEPT];

	*m = (struct tk_shown_mark){ .mark = { .t_ns = t_ns }, .dropped = dropped };
	snprintf(m->mark.name, sizeof(m->mark.name), "%s", segment);
	snprintf(m->segment, sizeof(m->segment), "%s", segment);
}

static struct tk_snapshot *look(uint64_t key, int64_t from)
{
	struct tk_view view = { .key = key, .from_ns = from, .max_points = 100 };
	struct tk_shown_past past;
	struct tk_snapshot *s = tk_shown_copy(&shown, &view, &past);

	s = tk_shown_complete(s, &past);
	cr_assert(s);
	return s;
}

Test(marks, each_process_has_its_own)
{
	struct tk_snapshot *s;

	tk_registry_init(&shown.registry, 1u << 20);
	uint64_t a = tk_registry_add(&shown.registry, "app", "work", "app.1", 0)->key;
	uint64_t b = tk_registry_add(&shown.registry, "app", "work", "app.2", 0)->key;
	for (int i = 0; i < 300; i++)
		mark(i % 3 ? "app.1" : "app.2", 1000 + i, i == 299 ? 7 : 0);

	s = look(a, 0);
	cr_assert_eq(s->n_marks, 200);
	cr_assert_eq(s->marks_dropped, 7);
	cr_assert(!s->marks_forgotten);
	for (size_t i = 0; i < s->n_marks; i++)
		cr_assert_str_eq(s->marks[i].name, "app.1");
	tk_snapshot_free(s);

	s = look(b, 0);
	cr_assert_eq(s->n_marks, 100);
	cr_assert_eq(s->marks_dropped, 0);
	tk_snapshot_free(s);

	for (int i = 0; i < 1000; i++)
		mark("app.1", 2000 + i, 0);
	s = look(a, 0);
	cr_assert(s->marks_forgotten, "the view begins before the oldest that is kept");
	tk_snapshot_free(s);
	s = look(a, 2500);
	cr_assert(!s->marks_forgotten);
	cr_assert_eq(s->n_marks, 500);
	tk_snapshot_free(s);
	tk_shown_free(&shown);
}
