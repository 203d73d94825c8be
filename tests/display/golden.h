/* SPDX-License-Identifier: MIT */
/* tests/display/golden.h - screens to compare with. */
#ifndef TK_TESTS_DISPLAY_GOLDEN_H
#define TK_TESTS_DISPLAY_GOLDEN_H

#include "tests/display/scene.h"

/** Compare the screen with golden/<name>.txt, or write it (UPDATE_GOLDEN=1). */
void scene_golden(const struct scene *s, const char *name, bool ansi);

#endif
