/* SPDX-License-Identifier: MIT */
/*
 * The display in a pseudo-terminal: it restores the terminal however it ends.
 *
 *	pty <program> [arguments]
 *
 * Runs `top_fake` as a job of a small shell (a stopped process group must have a parent that can
 * continue it), reads what it draws, sends it keys, signals and sizes, and compares the terminal's
 * settings before and after. It never sleeps: it waits for output or for a change of state, for
 * 20 s at most. Prints TAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ENTER_SCREEN "\033[?1049h"
#define LEAVE_SCREEN "\033[?1049l"
#define DEADLINE_MS  20000

struct job {
	int master, slave;
	int report; /* the shell writes the job's pid, then each status of it */
	pid_t shell, pid;
	struct termios before;
	char *seen; /* all that was drawn since the last forget() */
	size_t n_seen;
};

static int failures, tests;

static void result(bool good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, what);
	fflush(stdout);
	failures += !good;
}

/* --- a job ----------------------------------------------------------------------------------- */

/* The shell: start the program in the foreground, then report each change of its state. */
static _Noreturn void be_shell(struct job *j, int report, char **argv)
{
	int status;

	setsid();
	ioctl(j->slave, TIOCSCTTY, 0);
	for (int fd = 0; fd < 3; fd++)
		dup2(j->slave, fd);
	signal(SIGTTOU, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
		execv(argv[0], argv);
		_exit(127);
	}
	if (write(report, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	while (waitpid(pid, &status, WUNTRACED) == pid) {
		if (write(report, &status, sizeof(status)) != sizeof(status) || !WIFSTOPPED(status))
			break;
	}
	_exit(0);
}

static bool start(struct job *j, char **argv)
{
	struct winsize size = { .ws_row = 30, .ws_col = 100 };
	int report[2];

	*j = (struct job){ 0 };
	if (openpty(&j->master, &j->slave, NULL, NULL, &size) < 0 || pipe(report) < 0)
		return false;
	tcgetattr(j->slave, &j->before);
	fcntl(j->master, F_SETFL, O_NONBLOCK);
	fflush(stdout);
	j->shell = fork();
	if (j->shell == 0) {
		close(j->master);
		close(report[0]);
		be_shell(j, report[1], argv);
	}
	close(report[1]);
	j->report = report[0];
	return j->shell > 0 && read(j->report, &j->pid, sizeof(j->pid)) == sizeof(j->pid);
}

static void finish(struct job *j)
{
	kill(j->pid, SIGKILL);
	waitpid(j->shell, NULL, 0);
	close(j->master);
	close(j->slave);
	close(j->report);
	free(j->seen);
}

static void take_output(struct job *j)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(j->master, buf, sizeof(buf))) > 0) {
		char *more = realloc(j->seen, j->n_seen + (size_t)n + 1);
		if (!more)
			abort();
		memcpy(more + j->n_seen, buf, (size_t)n);
		j->seen = more;
		j->n_seen += (size_t)n;
		j->seen[j->n_seen] = 0;
	}
}

static void forget(struct job *j)
{
	take_output(j);
	j->n_seen = 0;
	if (j->seen)
		j->seen[0] = 0;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Read until `text` was drawn. */
static bool see(struct job *j, const char *text)
{
	for (long end = now_ms() + DEADLINE_MS; now_ms() < end;) {
		struct pollfd p = { .fd = j->master, .events = POLLIN };
		take_output(j);
		if (j->seen && strstr(j->seen, text))
			return true;
		poll(&p, 1, 100);
	}
	printf("# did not see \"%s\" in %zu bytes\n", text, j->n_seen);
	return false;
}

/* The job's next change of state; output is read meanwhile so that it cannot block. */
static bool next_status(struct job *j, int *status)
{
	for (long end = now_ms() + DEADLINE_MS; now_ms() < end;) {
		struct pollfd p[2] = { { .fd = j->report, .events = POLLIN },
				       { .fd = j->master, .events = POLLIN } };
		poll(p, 2, 100);
		take_output(j);
		if (p[0].revents & POLLIN)
			return read(j->report, status, sizeof(*status)) == sizeof(*status);
	}
	printf("# the job neither stopped nor ended within %d s\n", DEADLINE_MS / 1000);
	return false;
}

static void type(struct job *j, const char *keys)
{
	if (write(j->master, keys, strlen(keys)) < 0)
		perror("# write");
}

static void resize(struct job *j, unsigned short w, unsigned short h)
{
	struct winsize size = { .ws_row = h, .ws_col = w };

	ioctl(j->master, TIOCSWINSZ, &size);
}

/* --- what is checked ------------------------------------------------------------------------- */

static const char *last_of(const char *in, const char *what)
{
	const char *last = NULL;

	for (const char *p = in; p && (p = strstr(p, what)); p++)
		last = p;
	return last;
}

/* The settings are as before, the alternate screen was left, the cursor is visible. */
static bool restored(struct job *j)
{
	struct termios now;

	take_output(j);
	tcgetattr(j->slave, &now);
	bool same = now.c_iflag == j->before.c_iflag && now.c_oflag == j->before.c_oflag &&
		    now.c_cflag == j->before.c_cflag && now.c_lflag == j->before.c_lflag &&
		    memcmp(now.c_cc, j->before.c_cc, sizeof(now.c_cc)) == 0;
	const char *left = last_of(j->seen, LEAVE_SCREEN),
		   *entered = last_of(j->seen, ENTER_SCREEN);
	const char *shown = last_of(j->seen, "\033[?25h"), *hidden = last_of(j->seen, "\033[?25l");
	bool out = left && left > entered && shown && shown > hidden;

	if (!same || !out)
		printf("# settings %s, screen %s\n", same ? "restored" : "not restored",
		       out ? "left" : "not left");
	return same && out;
}

/* Whether the settings differ while the job runs: if not, comparing them later proves nothing. */
static bool taken(struct job *j)
{
	struct termios now;

	tcgetattr(j->slave, &now);
	return now.c_lflag != j->before.c_lflag && strstr(j->seen, ENTER_SCREEN);
}

/* Run the job, end it with keys or a signal, and check how it ended. */
static void test_end(char **argv, const char *keys, int sig, int dies_of)
{
	struct job j;
	char what[64];
	int status = -1;

	bool good = start(&j, argv) && see(&j, "LIVE") && taken(&j);
	if (keys)
		type(&j, keys);
	else
		kill(j.pid, sig);
	good = next_status(&j, &status) && good;
	good = (dies_of ? WIFSIGNALED(status) && WTERMSIG(status) == dies_of
			: WIFEXITED(status) && WEXITSTATUS(status) == 0) &&
	       good;
	good = restored(&j) && good;
	snprintf(what, sizeof(what), "restored after %s", keys ? "q" : strsignal(sig));
	result(good, what);
	finish(&j);
}

static void test_stop(char **argv)
{
	struct job j;
	int status = -1;

	bool good = start(&j, argv) && see(&j, "LIVE") && taken(&j);
	kill(j.pid, SIGTSTP);
	good = next_status(&j, &status) && WIFSTOPPED(status) && restored(&j) && good;
	forget(&j);
	kill(j.pid, SIGCONT);
	good = see(&j, ENTER_SCREEN) && see(&j, "Timers") && taken(&j) && good;
	type(&j, "q");
	good = next_status(&j, &status) && WIFEXITED(status) && restored(&j) && good;
	result(good, "restored while stopped, back after, restored at the end");
	finish(&j);
}

static void test_keys(char **argv)
{
	struct job j;
	int status;

	bool good = start(&j, argv) && see(&j, "LIVE");
	type(&j, " ");
	good = see(&j, "PAUSED") && good;
	type(&j, " ");
	forget(&j);
	type(&j, "h");
	good = see(&j, "h closes") && see(&j, "select the timer above") && good;
	type(&j, "h");
	forget(&j);
	type(&j, "\033[B\033OB"); /* the down key, as terminals send it in either mode */
	resize(&j, 110, 30);      /* a resize redraws all lines, so that see() finds whole texts */
	good = see(&j, "Latency report for Sequencer-handle_sim: Last") && good;
	type(&j, "q");
	good = next_status(&j, &status) && good;
	result(good, "pause, help and arrow keys");
	finish(&j);
}

static void test_resize(char **argv)
{
	struct job j;
	int status;

	bool good = start(&j, argv) && see(&j, "LIVE");
	forget(&j);
	resize(&j, 39, 9);
	good = see(&j, "need 40x10, have 39x9") && good;
	forget(&j);
	resize(&j, 40, 10);
	good = see(&j, "Timers") && see(&j, "quit") && good;
	forget(&j);
	resize(&j, 200, 60);
	good = see(&j, "Latency report for ") && good;
	type(&j, "q");
	good = next_status(&j, &status) && restored(&j) && good;
	result(good, "too small, smallest, large");
	finish(&j);
}

static void test_c_locale(char **argv)
{
	struct job j;
	int status;

	setenv("LC_ALL", "C", 1);
	bool good = start(&j, argv) && see(&j, "LIVE") && see(&j, "quit");
	type(&j, "h3mq");
	good = next_status(&j, &status) && restored(&j) && good;
	for (size_t i = 0; good && i < j.n_seen; i++)
		good = (unsigned char)j.seen[i] < 0x80;
	result(good && strstr(j.seen, "+Timers-"), "in the C locale nothing but ASCII");
	finish(&j);
	setenv("LC_ALL", "C.UTF-8", 1);
}

static void test_no_color(char **argv)
{
	struct job j;
	int status;

	setenv("NO_COLOR", "1", 1);
	bool good = start(&j, argv) && see(&j, "LIVE") && see(&j, "quit");
	type(&j, "m3q");
	good = next_status(&j, &status) && good;
	result(good && !strstr(j.seen, "38;5;"), "NO_COLOR: no colours");
	finish(&j);
	unsetenv("NO_COLOR");
	good = start(&j, argv) && see(&j, "38;5;");
	result(good, "without NO_COLOR: colours");
	finish(&j);
}

/* Output to a pipe, or an unknown TERM: a message and exit code 1. */
static void test_no_terminal(char **argv)
{
	struct job j;
	char text[512] = "";
	int out[2], status;

	if (pipe(out) < 0)
		return;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	ssize_t n = read(out[0], text, sizeof(text) - 1);
	close(out[0]);
	waitpid(pid, &status, 0);
	result(n > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1 &&
		       strstr(text, "standard output is no terminal: use `timekeeper stat`"),
	       "without a terminal: says so, exit code 1");

	setenv("TERM", "no-such-terminal", 1);
	bool good = start(&j, argv) && next_status(&j, &status) && see(&j, "(TERM) is not known");
	result(good && WIFEXITED(status) && WEXITSTATUS(status) == 1,
	       "an unknown terminal: says so, exit code 1");
	finish(&j);
	setenv("TERM", "xterm-256color", 1);
}

int main(int argc, char **argv)
{
	static const int crashes[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL };

	if (argc < 2) {
		fprintf(stderr, "usage: pty <top_fake> [arguments]\n");
		return 2;
	}
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	/* Ours raise the signal again, and a sanitizer's handler would then exit, not die of it. */
	setenv("ASAN_OPTIONS", "handle_segv=0:handle_sigbus=0:handle_sigfpe=0", 1);
	signal(SIGPIPE, SIG_IGN);
	argv++;
	test_end(argv, "q", 0, 0);
	test_end(argv, NULL, SIGINT, 0);
	test_end(argv, NULL, SIGTERM, SIGTERM);
	test_end(argv, NULL, SIGHUP, SIGHUP);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		test_end(argv, NULL, crashes[i], crashes[i]);
	test_stop(argv);
	test_keys(argv);
	test_resize(argv);
	test_c_locale(argv);
	test_no_color(argv);
	test_no_terminal(argv);
	printf("1..%d\n", tests);
	return failures ? 1 : 0;
}
