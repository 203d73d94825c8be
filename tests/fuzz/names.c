/* SPDX-License-Identifier: MIT */
/*
 * Names from outside, each input one name: of a timer, of a segment's directory, of a file in one,
 * of a thread. What may be shown is held to an independent decoder, and what is shown to the
 * terminal's columns.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/cli/text.h"
#include "collector/display/canvas/grid.h"
#include "collector/machine/printable.h"
#include "ring/segment_read.h"
#include "tests/fuzz/segment.h"

#define WIDTH 20

static void check_valid(const char *name)
{
	bool valid = tk_name_valid(name);

	REQUIRE(!valid || (strlen(name) <= TK_NAME_MAX && name[0] && fuzz_printable(name, false)));
	/* All of printable ASCII is. */
	if (name[0] && strlen(name) <= TK_NAME_MAX &&
	    strspn(name, " !\"#$%&'()*+,-./0123456789:;<"
			 "=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ["
			 "\\]^_`abcdefghijklmnopqrstuvwxyz"
			 "{|}~") == strlen(name))
		REQUIRE(valid);
}

static void check_made_printable(const char *name, size_t room)
{
	char shown[256], again[256];

	memset(shown, 'x', sizeof(shown));
	tk_printable(shown, room, name);
	REQUIRE(strlen(shown) < room && strlen(shown) <= strlen(name));
	REQUIRE(fuzz_printable(shown, false));
	tk_printable(again, sizeof(again), shown);
	REQUIRE(!strcmp(shown, again));
}

/* Decoding ends at the NUL, and what it gives is one encoded again. */
static void check_columns(const char *name)
{
	const char *at = name, *end = name + strlen(name);
	int columns = 0;
	uint32_t cp;

	for (const char *before = at; (cp = tk_utf8_next(&at)) != 0; before = at) {
		char utf8[5];

		REQUIRE(at > before && at <= end);
		REQUIRE(tk_utf8_encode(utf8, cp) <= 4 && fuzz_printable(utf8, false));
		columns += tk_utf8_width(cp);
	}
	REQUIRE(at == end && columns == tk_text_width(name));
}

static void check_drawn(const char *name)
{
	struct tk_grid g = { .charset = TK_CHARSET_BRAILLE };
	char *text = NULL;
	size_t size;
	FILE *out;

	REQUIRE(tk_grid_resize(&g, WIDTH, 1) == 0);
	REQUIRE(tk_grid_text(&g, 2, 0, WIDTH - 4, TK_STYLE(TK_DEFAULT, 0), name) <= WIDTH - 4);
	for (int x = 0; x < WIDTH; x++)
		REQUIRE((x >= 2 && x < WIDTH - 2) || tk_grid_at(&g, x, 0)->ch == ' ');
	out = open_memstream(&text, &size);
	REQUIRE(out && tk_grid_write(&g, out, false) == 0 && fclose(out) == 0);
	REQUIRE(size && text[size - 1] == '\n');
	text[size - 1] = '\0';
	REQUIRE(strlen(text) == size - 1 && fuzz_printable(text, false));
	free(text);
	tk_grid_free(&g);
}

/* Whatever a segment is called: no path, and nothing that a terminal should not get. */
static void check_segment(const char *name)
{
	char why[TK_WHY_MAX] = "";
	int dir = fuzz_segment_mend();
	bool there = name[0] && !strchr(name, '/') && renameat(dir, FUZZ_SEGMENT, dir, name) == 0;
	struct tk_segment *s = tk_segment_attach(dir, name, TK_LANE_LOOK, why);

	if (s) {
		REQUIRE(there && fuzz_printable(s->name, false));
		tk_segment_detach(s);
	} else {
		REQUIRE(fuzz_is_reason(why, sizeof(why)));
	}
	REQUIRE(!there || renameat(dir, name, dir, FUZZ_SEGMENT) == 0);
}

/* Removing a segment removes its own files and no other. */
static void check_file(const char *name)
{
	int dir = fuzz_segment_mend(), fd;
	char path[512];
	unsigned n;
	bool ours = !strcmp(name, "head") || !strcmp(name, "control") ||
		    (sscanf(name, "lane.%4u", &n) == 1 && n < TK_LANES_MAX) ||
		    (sscanf(name, "slots.%4u", &n) == 1 && n < TK_LANES_MAX);

	if (!name[0] || name[0] == '.' || strchr(name, '/') || mkdirat(dir, "gone", 0700))
		return;
	snprintf(path, sizeof(path), "gone/%s", name);
	fd = openat(dir, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	if (tk_place_remove(dir, "gone") == 0) {
		REQUIRE(fd < 0 || ours);
	} else {
		REQUIRE(unlinkat(dir, path, 0) == 0);
		unlinkat(dir, "gone", AT_REMOVEDIR);
	}
}

/* A process may call itself anything, and began when it began. */
static void check_process(const char *name)
{
	static uint64_t began;

	if (!began)
		began = tk_process_start(getpid());
	prctl(PR_SET_NAME, name);
	REQUIRE(tk_process_start(getpid()) == began);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name;

	if (size > 255)
		return 0;
	name = strndup((const char *)data, size);
	check_valid(name);
	check_made_printable(name, 256);
	check_made_printable(name, size % 30 + 1);
	check_columns(name);
	check_drawn(name);
	check_segment(name);
	check_file(name);
	check_process(name);
	free(name);
	return 0;
}
