/* SPDX-License-Identifier: MIT */
/* The answer as a picture: two panels over the sizes, in SVG. See answer.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "collector/tune/answer.h"

#define WIDTH  720
#define PANEL  300 /* height of one, its titles included */
#define LEFT   80
#define RIGHT  20
#define TOP    40
#define BOTTOM 50
#define ZERO   18 /* room below the decades for zero, which has no logarithm */

/* Values over the sizes, on a logarithmic axis of whole decades. */
struct panel {
	const char *title, *unit;
	double value[TK_SIZES];
	double mark; /* a value to draw a line at; 0: none */
	const char *mark_name;
	int low, high; /* powers of ten */
	double at;     /* of its top edge */
};

static double x_of(unsigned i)
{
	return LEFT + (double)(WIDTH - LEFT - RIGHT) * i / (TK_SIZES - 1);
}

static double y_of(const struct panel *p, double v)
{
	double bottom = p->at + PANEL - BOTTOM, height = PANEL - TOP - BOTTOM - ZERO;

	if (v <= 0)
		return bottom;
	return bottom - ZERO - height * (log10(v) - p->low) / (p->high - p->low);
}

static void find_decades(struct panel *p)
{
	double low = p->mark, high = p->mark;

	for (unsigned i = 0; i < TK_SIZES; i++) {
		if (p->value[i] > 0 && (p->value[i] < low || low <= 0))
			low = p->value[i];
		if (p->value[i] > high)
			high = p->value[i];
	}
	p->low = low > 0 ? (int)floor(log10(low)) : 0;
	p->high = high > 0 ? (int)ceil(log10(high)) : 1;
	if (p->high == p->low)
		p->high++;
}

static void text(FILE *out, double x, double y, const char *anchor, const char *what)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor,
		what);
}

static void rule(FILE *out, double x1, double y1, double x2, double y2, const char *style)
{
	fprintf(out, "<path d=\"M%.1f %.1fL%.1f %.1f\" %s/>\n", x1, y1, x2, y2, style);
}

static void draw_axes(FILE *out, const struct panel *p)
{
	static const char grid[] = "stroke=\"#ddd\"";
	char label[32];

	text(out, LEFT, p->at + 20, "start", p->title);
	for (int d = p->low; d <= p->high; d++) {
		double y = y_of(p, pow(10, d));

		rule(out, LEFT, y, WIDTH - RIGHT, y, grid);
		snprintf(label, sizeof(label), "%g %s", pow(10, d), p->unit);
		text(out, LEFT - 6, y + 4, "end", label);
	}
	rule(out, LEFT, y_of(p, 0), WIDTH - RIGHT, y_of(p, 0), "stroke=\"#888\"");
	text(out, LEFT - 6, y_of(p, 0) + 4, "end", "0");
	for (unsigned i = 0; i < TK_SIZES; i += 2) {
		snprintf(label, sizeof(label), "2^%u", TK_SIZE_LOG2_MIN + i);
		text(out, x_of(i), y_of(p, 0) + 18, "middle", label);
	}
	text(out, WIDTH - RIGHT, y_of(p, 0) + 36, "end", "slots a lane");
}

static void draw(FILE *out, const struct panel *p, unsigned recommended)
{
	draw_axes(out, p);
	if (recommended < TK_SIZES) {
		rule(out, x_of(recommended), p->at + TOP, x_of(recommended), y_of(p, 0),
		     "stroke=\"#009E73\" stroke-width=\"2\"");
		text(out, x_of(recommended) + (recommended < TK_SIZES / 2 ? 6 : -6),
		     p->at + TOP + 14, recommended < TK_SIZES / 2 ? "start" : "end", "enough");
	}
	if (p->mark > 0) {
		rule(out, LEFT, y_of(p, p->mark), WIDTH - RIGHT, y_of(p, p->mark),
		     "stroke=\"#D55E00\" stroke-dasharray=\"6 4\"");
		text(out, LEFT + 6, y_of(p, p->mark) - 5, "start", p->mark_name);
	}
	fputs("<polyline fill=\"none\" stroke=\"#0072B2\" stroke-width=\"2\" points=\"", out);
	for (unsigned i = 0; i < TK_SIZES; i++)
		fprintf(out, "%.1f,%.1f ", x_of(i), y_of(p, p->value[i]));
	fputs("\"/>\n", out);
	for (unsigned i = 0; i < TK_SIZES; i++)
		fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"#0072B2\"/>\n",
			x_of(i), y_of(p, p->value[i]));
}

static double lost_percent(const struct tk_tune_answer *a, unsigned i)
{
	if (a->live)
		return 100 * (double)a->live->would_lose[i] / (double)a->live->records;
	return 100 * (double)a->size[i].simulated.lost / (double)a->size[i].simulated.produced;
}

int tk_tune_plot(const struct tk_tune_answer *a, const char *path)
{
	struct panel survives = { .title = "longest gap between polls that is survived",
				  .unit = "ms",
				  .mark = (double)a->must_survive_ns / 1e6,
				  .mark_name = "must be survived" };
	struct panel loses = { .title = "records lost, simulated", .unit = "%", .at = PANEL };
	FILE *out = fopen(path, "w");
	int err;

	if (!out)
		return -errno;
	if (a->live) {
		survives.title = "longest gap between polls that is survived (1000 ms: or longer)";
		loses.title = "records that would have been lost while this was measured";
	}
	for (unsigned i = 0; i < TK_SIZES; i++) {
		survives.value[i] = (double)tk_tune_survives_ns(a, i) / 1e6;
		loses.value[i] = lost_percent(a, i);
	}
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		WIDTH, 2 * PANEL);
	find_decades(&survives);
	draw(out, &survives, a->recommended);
	find_decades(&loses);
	draw(out, &loses, a->recommended);
	fputs("</svg>\n", out);
	err = ferror(out) ? -EIO : 0;
	return fclose(out) ? -errno : err;
}
