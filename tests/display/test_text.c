/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "collector/cli/text.h"

Test(text, valid_utf8_comes_out_as_it_went_in)
{
	static const uint32_t all[] = { 'a', 0xB5, 0x20AC, 0x1F600, 0x10FFFF, 0xA0 };
	char buf[64] = "";

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		tk_utf8_encode(buf + strlen(buf), all[i]);
	const char *s = buf;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cr_assert_eq(tk_utf8_next(&s), all[i]);
	cr_assert_eq(tk_utf8_next(&s), 0);
}

Test(text, invalid_utf8_and_controls_are_replaced)
{
	static const char *const bad[] = {
		"\xFF",
		"\x80",
		"\xC0\x80", /* overlong NUL */
		"\xE0\x80\xAF" /* overlong / */,
		"\xED\xA0\x80", /* surrogate */
		"\xF4\x90\x80\x80" /* too large */,
		"\xE2\x82" /* cut */,
		"\xC3",
		"\033",
		"\x7F",
		"\xC2\x9B" /* CSI */,
		"\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *s = bad[i];
		cr_assert_eq(tk_utf8_next(&s), 0xFFFD, "case %zu", i);
		cr_assert_gt((void *)s, (void *)bad[i]);
		cr_assert_leq((void *)s, (void *)(bad[i] + strlen(bad[i])), "case %zu", i);
	}
}

Test(text, every_byte_string_ends)
{
	char s[4] = "";

	for (unsigned v = 0; v < 1u << 24; v += 251) { /* a sample of all strings of three bytes */
		s[0] = (char)(v >> 16);
		s[1] = (char)(v >> 8);
		s[2] = (char)v;
		cr_assert(tk_text_width(s) <= 6);
	}
}

Test(text, width_counts_columns)
{
	cr_assert_eq(tk_text_width("abc"), 3);
	cr_assert_eq(tk_text_width("µs"), 2);
	cr_assert_eq(tk_text_width("時計"), 4);
	cr_assert_eq(tk_text_width("e\xCC\x81"), 1);    /* e and a combining accent */
	cr_assert_eq(tk_text_width("\xE2\xA0\x81"), 1); /* braille */
}

/* The layout must agree with the terminal, and terminals do as wcwidth() does, in some version. */
Test(text, widths_are_those_of_the_c_library)
{
	unsigned different = 0, letters = 0;

	cr_assert(setlocale(LC_CTYPE, "C.UTF-8"));
	for (uint32_t cp = 0xA0; cp < 0x110000; cp++) {
		int w = wcwidth((wchar_t)cp);

		if (w < 0 || (cp >= 0xD800 && cp < 0xF900) || cp >= 0xE1000)
			continue; /* not assigned, or of private use */
		letters++;
		different += w != tk_utf8_width(cp);
	}
	cr_assert_lt(different, letters / 1000, "%u of %u", different, letters);
}

Test(text, times_have_four_digits_and_the_right_unit)
{
	static const struct {
		double ns;
		const char *text;
	} all[] = {
		{ 0, "0 ns" },           { 0.385, "0.385 ns" }, { 577, "577 ns" },
		{ 999.94, "999.9 ns" },  { 999.96, "1 µs" },    { 6088, "6.088 µs" },
		{ 2018000, "2.018 ms" }, { 1.5e9, "1.5 s" },    { 9.9996e3, "10 µs" },
		{ 1e12, "1000 s" },      { -250, "-250 ns" },   { NAN, "-" },
		{ INFINITY, "-" },
	};
	char out[TK_UNITS_MAX];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cr_assert_str_eq(tk_units_ns(out, all[i].ns), all[i].text);
}

Test(text, counts_and_rates)
{
	char out[TK_UNITS_MAX];

	cr_assert_str_eq(tk_units_count(out, 5021), "5021");
	cr_assert_str_eq(tk_units_count(out, 12345), "12.35 k");
	cr_assert_str_eq(tk_units_count(out, 1.8e19), "18 E");
	cr_assert_str_eq(tk_units_rate(out, 26.6), "26.6 /s");
	cr_assert_str_eq(tk_units_rate(out, 1.2e6), "1.2 M/s");
	cr_assert_str_eq(tk_units_rate(out, 1e300), "1000000000000000 T/s");
}

/* Lines of text have columns of seven bytes. */
Test(text, short_times_and_counts_have_three_digits_and_fit)
{
	char out[TK_UNITS_MAX];

	cr_assert_str_eq(tk_text_ns(out, 0), "0 ns");
	cr_assert_str_eq(tk_text_ns(out, 999.4), "999 ns");
	cr_assert_str_eq(tk_text_ns(out, 999.6), "1 us");
	cr_assert_str_eq(tk_text_ns(out, 6088), "6.09 us");
	cr_assert_str_eq(tk_text_ns(out, 99960), "100 us");
	cr_assert_str_eq(tk_text_ns(out, 1.5e9), "1.5 s");
	cr_assert_str_eq(tk_text_ns(out, NAN), "-");
	cr_assert_str_eq(tk_text_count(out, 577), "577");
	cr_assert_str_eq(tk_text_count(out, 26.64), "26.6");
	cr_assert_str_eq(tk_text_count(out, 2.8e5), "280 k");
	cr_assert_str_eq(tk_text_count(out, 1.8e19), "18 E");
	for (double v = 1e-3; v < 1e14; v *= 1.0007) {
		double back = strtod(tk_text_ns(out, v), NULL);

		cr_assert_leq(strlen(out), 7 + (v >= 1e12) * 3, "%s", out);
		back *= strstr(out, "us")   ? 1e3
			: strstr(out, "ms") ? 1e6
			: strstr(out, "ns") ? 1
					    : 1e9;
		cr_assert_leq(fabs(back - v), v * 0.005 + 0.005, "%.9g: %s", v, out);
	}
}
