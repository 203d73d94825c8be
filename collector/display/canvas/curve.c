/* SPDX-License-Identifier: MIT */
#include "collector/display/canvas/curve.h"

#include <math.h>

static const struct {
	const char *name;
	uint8_t color;
	uint8_t dash;
	char glyph;
} table[TK_CURVES] = {
	[TK_CURVE_AVG] = { "avg", TK_DEFAULT, 0xFF, 'a' },
	[TK_CURVE_MIN] = { "min", TK_GREEN, 0x55, 'm' },
	[TK_CURVE_P50] = { "p50", TK_ORANGE, 0x3F, 'e' },
	[TK_CURVE_P90] = { "p90", TK_BLUE, 0x77, '2' },
	[TK_CURVE_P99] = { "p99", TK_PURPLE, 0x0F, '3' },
	[TK_CURVE_P999] = { "p99.9", TK_VERMILION, 0x2F, '4' },
	[TK_CURVE_P9999] = { "p99.99", TK_OLIVE, 0x33, '5' },
	[TK_CURVE_MAX] = { "max", TK_GRAY, 0x11, 'M' },
};

const char *tk_curve_name(enum tk_curve s)
{
	return table[s].name;
}

struct tk_plot_line tk_curve_line(enum tk_curve s)
{
	return (struct tk_plot_line){ TK_STYLE(table[s].color, TK_PLAIN), table[s].dash,
				      table[s].glyph };
}

double tk_curve_value(const struct tk_datapoint *d, enum tk_curve s)
{
	if (d->count == 0)
		return NAN;
	switch (s) {
	case TK_CURVE_AVG:
		return tk_datapoint_avg_ns(d);
	case TK_CURVE_MIN:
		return d->min_ns;
	case TK_CURVE_MAX:
		return d->max_ns;
	default:
		return d->p_ns[s - TK_CURVE_P50];
	}
}
