/* SPDX-License-Identifier: MIT */
#include "collector/report/svg.h"

#include <math.h>

#include "collector/cli/text.h"

#define FEW_DECADES 2.0

const char *tk_svg_color(size_t i)
{
	static const char *const colors[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7",
					      "#e69f00", "#56b4e9", "#000000", "#999933" };

	return colors[i % (sizeof(colors) / sizeof(*colors))];
}

void tk_svg_begin(FILE *out, double width, double height)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		width, height);
}

void tk_svg_end(FILE *out)
{
	fputs("</svg>\n", out);
}

void tk_svg_text(FILE *out, double x, double y, const char *anchor, const char *color,
		 const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">", x, y, anchor,
		color ? color : "black");
	tk_text_xml(out, text);
	fputs("</text>\n", out);
}

/* ---- the axis of values ---- */

static double y_of(const struct tk_svg_panel *p, double ns)
{
	double part = log10(ns / p->low) / log10(p->high / p->low);

	part = part < 0 || isnan(part) ? 0 : part > 1 ? 1 : part;
	return p->top + p->height * (1 - part);
}

/* 1, 2 and 5 of each decade where there are few of them. @return the line above a value */
static double next_line(const struct tk_svg_panel *p, double ns)
{
	double decade = pow(10, floor(log10(ns * 1.0001))), digit = ns / decade;

	if (log10(p->high / p->low) > FEW_DECADES)
		return decade * 10;
	return decade * (digit < 1.5 ? 2 : digit < 3 ? 5 : 10);
}

void tk_svg_fit(struct tk_svg_panel *p)
{
	double decade = pow(10, floor(log10(p->low)));

	if (p->high < p->low * 1.01)
		p->high = p->low * 1.01;
	if (log10(p->high / p->low) > FEW_DECADES)
		p->low = decade;
	else
		p->low = decade * (p->low < 2 * decade ? 1 : p->low < 5 * decade ? 2 : 5);
	double high = p->low;
	while (high < p->high)
		high = next_line(p, high);
	p->high = high;
}

static void rule(FILE *out, double x1, double y1, double x2, double y2)
{
	fprintf(out, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#ddd\"/>\n", x1, y1, x2, y2);
}

void tk_svg_axis(FILE *out, const struct tk_svg_panel *p)
{
	char text[TK_UNITS_MAX];

	for (double ns = p->low; ns <= p->high * 1.0001; ns = next_line(p, ns)) {
		double y = y_of(p, ns);

		rule(out, p->left, y, p->left + p->width, y);
		tk_svg_text(out, p->left - 6, y + 4, "end", NULL,
			    tk_text_sample(text, ns, &p->unit));
	}
	fprintf(out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
		"stroke=\"#888\"/>\n",
		p->left, p->top, p->width, p->height);
}

void tk_svg_tick(FILE *out, const struct tk_svg_panel *p, double x, const char *text)
{
	double at = p->left + p->width * x;

	rule(out, at, p->top, at, p->top + p->height);
	tk_svg_text(out, at, p->top + p->height + 16, "middle", NULL, text);
}

/* ---- lines ---- */

void tk_svg_line_begin(struct tk_svg_line *l, FILE *out, const struct tk_svg_panel *p,
		       const char *color)
{
	*l = (struct tk_svg_line){ .out = out, .panel = p };
	fprintf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"", color);
}

void tk_svg_line_to(struct tk_svg_line *l, double x, double ns)
{
	double at = l->panel->left + l->panel->width * (x < 0 ? 0 : x > 1 ? 1 : x);
	double y = y_of(l->panel, ns);

	if (l->n && fabs(at - l->x) < 0.5 && fabs(y - l->y) < 0.5)
		return;
	fprintf(l->out, "%c%.1f %.1f", l->n++ ? 'L' : 'M', at, y);
	l->x = at;
	l->y = y;
}

void tk_svg_line_end(struct tk_svg_line *l)
{
	fputs("\"/>\n", l->out);
}
