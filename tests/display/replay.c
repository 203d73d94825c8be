/* SPDX-License-Identifier: MIT */
/*
 * A recording, played on a pseudo-terminal: for replay.sh, which makes it.
 *
 *	replay TIMEKEEPER LOG DAMAGED P50 P99 TIMER
 *
 * P50 and P99 are those of one of the log's timers, as the overview has them; TIMER is another one.
 * Prints TAP.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "job.h"

#define REPAINT "\014"

static int failures, tests;

static void result(bool good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, what);
	fflush(stdout);
	failures += !good;
}

static bool start(struct job *j, const char *program, const char *log, const char *speed)
{
	char *argv[] = {
		(char *)program, (char *)"top", (char *)"--replay", (char *)log, (char *)"--speed",
		(char *)speed,   NULL
	};
	bool good = job_start(j, argv);

	job_resize(j, 180, 40);
	return good && job_see(j, "REPLAY");
}

/* Type keys; then the whole screen, drawn anew, shows a text. */
static bool type(struct job *j, const char *keys, const char *text)
{
	job_forget(j);
	job_type(j, keys);
	job_type(j, REPAINT);
	return job_see(j, text);
}

static bool ends_with(struct job *j, const char *keys, int code)
{
	int status = -1;

	job_type(j, keys);
	if (job_next_status(j, &status) && WIFEXITED(status) && WEXITSTATUS(status) == code)
		return job_restored(j);
	printf("# status %x\n", (unsigned)status);
	return false;
}

static void test_end(char **argv)
{
	struct job j;
	bool good = start(&j, argv[1], argv[2], "20") && job_see(&j, "end of the recording");

	good = good && type(&j, "", argv[4]) && job_see(&j, argv[5]);
	result(good, "at the end the last picture stays, with the percentiles of report");
	good = good && type(&j, "v", "Processing of") && type(&j, "v", "timers, last 10 s");
	result(good, "keys work after the end");
	result(ends_with(&j, "q", 0), "q ends it with 0");
	job_finish(&j);
}

/* At a hundredth of its speed it does not come to its end. */
static void test_keys(char **argv)
{
	struct job j;
	char text[128];
	bool good = start(&j, argv[1], argv[2], "0.01") && type(&j, "", "×0.01");

	result(good && type(&j, " ", "REPLAY, PAUSED"), "Space pauses it");
	snprintf(text, sizeof(text), "Processing of %s", argv[6]);
	good = type(&j, "v", "Processing of") && type(&j, "/", "filter:");
	job_type(&j, argv[6]);
	result(good && type(&j, "\r", text), "a timer is selected");
	good = type(&j, "", "window 30 s") && type(&j, "z", "window 10 s") &&
	       type(&j, "zZZ", "window 30 s");
	result(good, "zoom");
	result(type(&j, "h", "recorded   on "), "the help says where it was recorded");
	good = type(&j, "h", "REPLAY, PAUSED") && type(&j, " ", " REPLAY ");
	result(good, "Space lets it go on");
	job_resize(&j, 60, 14);
	result(type(&j, "+-", "REPLAY"), "a small terminal");
	good = type(&j, "", "quit");
	kill(j.pid, SIGINT);
	result(ends_with(&j, "", 0) && good, "Ctrl-C ends it");
	job_finish(&j);
}

static void test_damaged(char **argv)
{
	struct job j;
	bool good = start(&j, argv[1], argv[3], "20") && job_see(&j, "end of the recording") &&
		    type(&j, "", argv[4]);
	const char *left;

	result(good, "of a damaged recording what can be read is played");
	good = ends_with(&j, "q", 1);
	left = j.seen ? strstr(j.seen, LEAVE_SCREEN) : NULL;
	result(good && left && strstr(left, "damaged.hlog:"), "a line and exit 1 after its end");
	job_finish(&j);
}

int main(int argc, char **argv)
{
	if (argc != 7)
		return 2;
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	test_end(argv);
	test_keys(argv);
	test_damaged(argv);
	printf("1..%d\n", tests);
	return failures != 0;
}
