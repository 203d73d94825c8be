/* SPDX-License-Identifier: MIT */
/*
 * collector/launch/privileged.h - programs that will not be told where to record.
 *
 * A program that gains privileges when it begins takes no paths from whoever began it: the library
 * reads its variables by secure_getenv(), and programs like sudo also keep them from what they
 * start.
 */
#ifndef TK_COLLECTOR_LAUNCH_PRIVILEGED_H
#define TK_COLLECTOR_LAUNCH_PRIVILEGED_H

/**
 * Whether a command gains privileges when this process runs it, found as execvp() finds it.
 * @return how, such as "is setuid"; NULL: it does not
 */
const char *tk_privileged(const char *command);

#endif
