/* SPDX-License-Identifier: MIT */
#include "collector/compare/student.h"

#include <math.h>

#define TERMS_MAX 100000
#define TINY      1e-300 /* in place of 0, which Lentz's method cannot divide by */

static double not_zero(double x)
{
	return fabs(x) < TINY ? TINY : x;
}

/*
 * The continued fraction of the incomplete beta function (Abramowitz and Stegun, 26.5.8), by
 * Lentz's method. It converges fast for x < (a + 1) / (a + b + 2).
 */
static double beta_fraction(double x, double a, double b)
{
	double c = 1, d = 1 / not_zero(1 - (a + b) * x / (a + 1)), f = d;

	for (int i = 1; i < TERMS_MAX; i++) {
		double even = i * (b - i) * x / ((a + 2 * i - 1) * (a + 2 * i));
		double odd = -(a + i) * (a + b + i) * x / ((a + 2 * i) * (a + 2 * i + 1));
		double step;

		d = 1 / not_zero(1 + even * d);
		c = not_zero(1 + even / c);
		f *= c * d;
		d = 1 / not_zero(1 + odd * d);
		c = not_zero(1 + odd / c);
		step = c * d;
		f *= step;
		if (fabs(step - 1) < 1e-15)
			break;
	}
	return f;
}

/* The regularised incomplete beta function; y is 1 - x, without cancellation. */
static double incomplete_beta(double x, double y, double a, double b)
{
	double front;

	if (x <= 0)
		return 0;
	if (y <= 0)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(x, a, b) / a;
	return 1 - front * beta_fraction(y, b, a) / b;
}

double tk_student_tails(double t, double df)
{
	double x = 1 / (1 + t * t / df), y = 1 / (1 + df / (t * t));

	return t == 0 ? 1 : incomplete_beta(x, y, df / 2, 0.5);
}

/* Bisect: the tails fall with t. In no more than 1,100 steps, the interval is two neighbours. */
double tk_student_quantile(double p, double df)
{
	double low = 0, high = 1, middle;

	if (p >= 1)
		return 0;
	while (tk_student_tails(high, df) > p && high < 1e300)
		high *= 2;
	while ((middle = low + (high - low) / 2) > low && middle < high)
		if (tk_student_tails(middle, df) > p)
			low = middle;
		else
			high = middle;
	return high;
}
