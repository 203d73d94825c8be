/* SPDX-License-Identifier: MIT */
#include "timekeeper/producer/timekeeper.h" /* installed as <timekeeper.h>; all else is in there */
