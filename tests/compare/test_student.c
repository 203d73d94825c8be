/* SPDX-License-Identifier: MIT */
/* Student's t against closed forms, a textbook's table, and what SciPy said once. */
#include "collector/compare/student.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void near(double got, double want, double error, const char *what)
{
	cr_assert(fabs(got - want) <= error * fabs(want), "%s: %.15g, is %.15g", what, got, want);
}

/* Of T with 1 to 4 degrees of freedom, without cancellation for large t. */
static double closed_form(double t, int df)
{
	double w = 1 / sqrt(df + t * t); /* for large t, t w is just below 1 */
	double beyond = df * w * w / (1 + t * w);
	double angle = atan2(sqrt(df), t);

	switch (df) {
	case 1:
		return 2 / M_PI * angle;
	case 2:
		return beyond;
	case 3:
		return 2 / M_PI * (angle - sqrt(3) * t * w * w);
	default:
		return beyond - t * w * 2 * w * w;
	}
}

Test(student, is_what_integration_gives)
{
	for (int df = 1; df <= 4; df++)
		for (double t = 1e-6; t < 50; t *= 1.37)
			near(tk_student_tails(t, df), closed_form(t, df), t < 20 ? 1e-11 : 1e-9,
			     "tails");
}

/* Both tails, as every textbook has it. */
Test(student, is_what_the_table_says)
{
	static const double df[] = { 1, 2, 3, 4, 5, 8, 10, 30, 120 };
	static const double p[] = { 0.05, 0.01, 0.001 };
	static const double t[3][9] = {
		{ 12.706, 4.303, 3.182, 2.776, 2.571, 2.306, 2.228, 2.042, 1.980 },
		{ 63.657, 9.925, 5.841, 4.604, 4.032, 3.355, 3.169, 2.750, 2.617 },
		{ 636.619, 31.599, 12.924, 8.610, 6.869, 5.041, 4.587, 3.646, 3.373 },
	};

	for (size_t i = 0; i < COUNT(p); i++)
		for (size_t j = 0; j < COUNT(df); j++)
			cr_assert_float_eq(tk_student_quantile(p[i], df[j]), t[i][j], 0.0006);
}

/* scipy.stats.t 1.10.1: isf(p / 2, df), 2 * sf(t, df). */
Test(student, is_what_scipy_says)
{
	static const double quantiles[][3] = {
		{ 0.05 / 32, 8, 4.689518847957493 }, { 1e-6, 8, 13.257135103878621 },
		{ 0.4, 8, 0.8888895177669743 },      { 0.05, 7.3, 2.34506673615093 },
		{ 0.05, 1000, 1.9623390808264078 },  { 0.2, 2.5, 1.7302509288071768 },
	};
	static const double tails[][3] = {
		{ 9.5, 8, 1.2432172807668251e-05 }, { 1, 2.7, 0.3983243472207725 },
		{ 30, 4, 7.352856097661323e-06 },   { 100, 8, 1.1167803048255944e-13 },
		{ 0.001, 5, 0.9992407867721976 },   { 3, 100, 0.0034079153433294513 },
	};

	for (size_t i = 0; i < COUNT(quantiles); i++)
		near(tk_student_quantile(quantiles[i][0], quantiles[i][1]), quantiles[i][2], 1e-8,
		     "quantile");
	for (size_t i = 0; i < COUNT(tails); i++)
		near(tk_student_tails(tails[i][0], tails[i][1]), tails[i][2], 1e-10, "tails");
}

Test(student, quantiles_are_the_inverse)
{
	for (double df = 1; df <= 10000; df *= 1.9)
		for (double p = 1e-12; p < 1; p *= 3.1)
			near(tk_student_tails(tk_student_quantile(p, df), df), p, 1e-9, "inverse");
	cr_assert_eq(tk_student_quantile(1, 8), 0);
	cr_assert_eq(tk_student_tails(0, 8), 1);
	cr_assert_eq(tk_student_tails(-2, 8), tk_student_tails(2, 8));
	cr_assert_eq(tk_student_tails(INFINITY, 8), 0);
}
