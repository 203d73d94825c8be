/* SPDX-License-Identifier: MIT */
/*
 * collector/compare/holm.h - adjust p values, because many tests find something by chance.
 */
#ifndef TK_COLLECTOR_COMPARE_HOLM_H
#define TK_COLLECTOR_COMPARE_HOLM_H

#include <stddef.h>

/**
 * Holm 1979: the smallest of n is multiplied by n, the next one by n - 1, and so on, and none comes
 * out below a smaller one. Those that are then at most a level are the tests to believe: the
 * probability that any of them is false is no more than the level, however the tests depend on each
 * other.
 * @return 0 or -ENOMEM
 */
int tk_holm(double *p, size_t n);

#endif
