/* SPDX-License-Identifier: MIT */
/*
 * collector/compare/student.h - Student's t distribution, both tails together.
 *
 * It takes one function, the regularised incomplete beta. GSL has it, in 2.5 MB under the GPL. The
 * relative error is below 1e-9 for 1 to 10,000 degrees of freedom, whole or not: compared with
 * closed forms in tests/compare/test_student.c, and once with SciPy. Any thread; nothing allocates
 * or fails.
 */
#ifndef TK_COLLECTOR_COMPARE_STUDENT_H
#define TK_COLLECTOR_COMPARE_STUDENT_H

/** The probability of |T| >= |t|, with df > 0 degrees of freedom. */
double tk_student_tails(double t, double df);

/** The t >= 0 for which tk_student_tails(t, df) is p, 0 < p <= 1. */
double tk_student_quantile(double p, double df);

#endif
