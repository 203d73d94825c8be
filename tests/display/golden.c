/* SPDX-License-Identifier: MIT */
#include "tests/display/golden.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (f && getdelim(&text, &size, 0, f) < 0) {
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

void scene_golden(const struct scene *s, const char *name, bool ansi)
{
	const char *dir = getenv("TK_GOLDEN_DIR"), *update = getenv("UPDATE_GOLDEN");
	char path[512], *now = scene_text(s, ansi);

	snprintf(path, sizeof(path), "%s/%s.txt", dir ? dir : "tests/display/golden", name);
	if (update && update[0] == '1') {
		FILE *f = fopen(path, "w");
		cr_assert(f && fputs(now, f) >= 0 && fclose(f) == 0, "cannot write %s", path);
	}
	char *then = read_file(path);
	cr_assert_not_null(then, "%s is missing: make it with UPDATE_GOLDEN=1", path);
	cr_assert(strcmp(now, then) == 0, "not as in %s but:\n%s", path, now);
	free(now);
	free(then);
}
