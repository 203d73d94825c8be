/* SPDX-License-Identifier: MIT */
/*
 * The display in a pseudo-terminal: it restores the terminal however it ends.
 *
 *	pty <program> [arguments]
 *
 * Runs `top_fake` as a job (job.h), reads what it draws, sends it keys, signals and sizes, and
 * compares the terminal's settings before and after. Prints TAP.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "job.h"

static int failures, tests;

static void result(bool good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, what);
	fflush(stdout);
	failures += !good;
}

/* Run the job, end it with keys or a signal, and check how it ended. */
static void test_end(char **argv, const char *keys, int sig, int dies_of)
{
	struct job j;
	char what[64];
	int status = -1;

	bool good = job_start(&j, argv) && job_see(&j, "LIVE") && job_taken(&j);
	if (keys)
		job_type(&j, keys);
	else
		kill(j.pid, sig);
	good = job_next_status(&j, &status) && good;
	good = (dies_of ? WIFSIGNALED(status) && WTERMSIG(status) == dies_of
			: WIFEXITED(status) && WEXITSTATUS(status) == 0) &&
	       good;
	good = job_restored(&j) && good;
	snprintf(what, sizeof(what), "restored after %s", sig ? strsignal(sig) : "q");
	result(good, what);
	job_finish(&j);
}

static void test_stop(char **argv)
{
	struct job j;
	int status = -1;

	bool good = job_start(&j, argv) && job_see(&j, "LIVE") && job_taken(&j);
	kill(j.pid, SIGTSTP);
	good = job_next_status(&j, &status) && WIFSTOPPED(status) && job_restored(&j) && good;
	job_forget(&j);
	kill(j.pid, SIGCONT);
	good = job_see(&j, ENTER_SCREEN) && job_see(&j, "timers,") && job_taken(&j) && good;
	/* Leaving twice would put the shell's cursor back to where it was before the first time. */
	good = strstr(j.seen, LEAVE_SCREEN) == NULL && good;
	job_type(&j, "q");
	good = job_next_status(&j, &status) && WIFEXITED(status) && job_restored(&j) && good;
	result(good, "restored while stopped, back after, restored at the end");
	job_finish(&j);
}

/* The program is not told of SIGSTOP: the shell finds the terminal taken, and sets its modes. */
static void test_continue(char **argv)
{
	struct job j;
	int status = -1;

	bool good = job_start(&j, argv) && job_see(&j, "LIVE") && job_taken(&j);
	kill(j.pid, SIGSTOP);
	good = job_next_status(&j, &status) && WIFSTOPPED(status) && good;
	tcsetattr(j.slave, TCSANOW, &j.before);
	job_forget(&j);
	kill(j.pid, SIGCONT);
	good = job_see(&j, ENTER_SCREEN) && job_see(&j, "timers,") && job_taken(&j) && good;
	job_type(&j, "q");
	good = job_next_status(&j, &status) && WIFEXITED(status) && job_restored(&j) && good;
	result(good, "after SIGSTOP and SIGCONT: taken again, drawn whole");
	job_finish(&j);
}

static void test_background(char **argv, int stop)
{
	struct job j;
	char what[64];
	int status = -1;

	bool good = job_start(&j, argv) && job_see(&j, "LIVE");
	kill(j.pid, stop);
	good = job_next_status(&j, &status) && WIFSTOPPED(status) && job_foreground(&j, false) &&
	       good;
	tcsetattr(j.slave, TCSANOW, &j.before);
	job_forget(&j);
	kill(j.pid, SIGCONT);
	good = job_next_status(&j, &status) && WIFSTOPPED(status) && good;
	job_take_output(&j);
	/* Not a byte to who has the terminal now; but SIGSTOP may come in the middle of a write. */
	good = (j.n_seen == 0 || stop == SIGSTOP) && good;
	good = job_foreground(&j, true) && good;
	kill(j.pid, SIGCONT);
	good = job_see(&j, ENTER_SCREEN) && job_see(&j, "timers,") && job_taken(&j) && good;
	job_type(&j, "q");
	good = job_next_status(&j, &status) && WIFEXITED(status) && job_restored(&j) && good;
	snprintf(what, sizeof(what), "SIG%s, continued in the background: stops again",
		 sigabbrev_np(stop));
	result(good, what);
	job_finish(&j);
}

static void test_repaint(char **argv)
{
	struct job j;
	int status = -1;

	bool good = job_start(&j, argv) && job_see(&j, "LIVE");
	job_type(&j, " "); /* paused, nothing changes on the screen */
	good = job_see(&j, "PAUSED") && job_see(&j, "quit") && good;
	job_forget(&j);
	job_type(&j, "\014");
	good = job_see(&j, "timers,") && job_see(&j, "quit") && good;
	job_type(&j, "q");
	good = job_next_status(&j, &status) && good;
	result(good, "Ctrl-L draws everything again");
	job_finish(&j);
}

/* Who exports LINES and COLUMNS froze them at what they were then. */
static void test_exported_size(char **argv)
{
	struct job j;
	int status;

	setenv("LINES", "9", 1);
	setenv("COLUMNS", "39", 1);
	bool good = job_start(&j, argv) && job_see(&j, "timers,");
	job_forget(&j);
	job_resize(&j, 38, 8);
	good = job_see(&j, "need 40x10, have 38x8") && good;
	job_type(&j, "q");
	good = job_next_status(&j, &status) && good;
	result(good, "exported LINES and COLUMNS decide nothing");
	job_finish(&j);
	unsetenv("LINES");
	unsetenv("COLUMNS");
}

static const char direct[] = /* red, green and blue; but the first eight by their numbers */
	"tk-direct|direct colour,\n"
	"	RGB, am, cols#80, lines#24, colors#0x1000000, pairs#0x7FFFF, op=\\E[39;49m,\n"
	"	cup=\\E[%i%p1%d;%p2%dH, clear=\\E[H\\E[2J, smcup=\\E[?1049h, rmcup=\\E[?1049l,\n"
	"	setaf=\\E[%?%p1%{8}%<%t3%p1%d%e38;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;"
	"%p1%{255}%&%d%;m,\n"
	"	setab=\\E[%?%p1%{8}%<%t4%p1%d%e48;2;0;0;0%;m,\n";

/* With the numbers of 256 colours all of them would be nearly black. */
static void test_direct_color(char **argv)
{
	struct job j;
	char dir[] = "/tmp/timekeeper-terminfo.XXXXXX", command[128];
	int status;

	if (!mkdtemp(dir))
		abort();
	snprintf(command, sizeof(command), "tic -x -o %s -", dir);
	FILE *tic = popen(command, "w");
	if (!tic || fputs(direct, tic) < 0 || pclose(tic) != 0)
		abort();
	setenv("TERMINFO", dir, 1);
	setenv("TERM", "tk-direct", 1);
	bool good = job_start(&j, argv) && job_see(&j, "LIVE") && job_see(&j, "quit");
	job_type(&j, "vmMe2345q");
	good = job_next_status(&j, &status) && good;
	good = good && strstr(j.seen, "\033[3") && !strstr(j.seen, "38;2;");
	result(good, "direct colour: the terminal's own eight");
	job_finish(&j);
	setenv("TERM", "xterm-256color", 1);
	unsetenv("TERMINFO");
	snprintf(command, sizeof(command), "rm -r %s", dir);
	if (system(command) != 0)
		perror("# rm");
}

static void test_keys(char **argv)
{
	struct job j;
	int status;

	bool good = job_start(&j, argv) && job_see(&j, "LIVE");
	job_type(&j, "v"); /* from the overview to the charts */
	job_type(&j, " ");
	good = job_see(&j, "PAUSED") && good;
	job_type(&j, " ");
	job_forget(&j);
	job_type(&j, "h");
	good = job_see(&j, "h closes") && job_see(&j, "select the timer above") && good;
	job_type(&j, "h");
	job_forget(&j);
	/* To the first; then the down key, as terminals send it in either mode. */
	job_type(&j, "\033[5~\033[B\033OB");
	job_resize(&j, 110,
		   30); /* a resize redraws all lines, so that job_see() finds whole texts */
	good = job_see(&j, "Latency of Sequencer-handle_sim") && good;
	job_type(&j, "q");
	good = job_next_status(&j, &status) && good;
	result(good, "pause, help and arrow keys");
	job_finish(&j);
}

static void test_resize(char **argv)
{
	struct job j;
	int status;

	bool good = job_start(&j, argv) && job_see(&j, "LIVE");
	job_forget(&j);
	job_resize(&j, 39, 9);
	good = job_see(&j, "need 40x10, have 39x9") && good;
	job_forget(&j);
	job_resize(&j, 40, 10);
	good = job_see(&j, "timers,") && job_see(&j, "quit") && good;
	job_forget(&j);
	job_type(&j, "v");
	job_resize(&j, 200, 60);
	good = job_see(&j, "Latency of ") && good;
	job_type(&j, "q");
	good = job_next_status(&j, &status) && job_restored(&j) && good;
	result(good, "too small, smallest, large");
	job_finish(&j);
}

static void test_c_locale(char **argv)
{
	struct job j;
	int status;

	setenv("LC_ALL", "C", 1);
	bool good = job_start(&j, argv) && job_see(&j, "LIVE") && job_see(&j, "quit");
	job_type(&j, "v");
	good = job_see(&j, "+Timers-") && good;
	job_type(&j, "h3mq");
	good = job_next_status(&j, &status) && job_restored(&j) && good;
	for (size_t i = 0; good && i < j.n_seen; i++)
		good = (unsigned char)j.seen[i] < 0x80;
	result(good, "in the C locale nothing but ASCII");
	job_finish(&j);
	setenv("LC_ALL", "C.UTF-8", 1);
}

static void test_no_color(char **argv)
{
	struct job j;
	int status;

	setenv("NO_COLOR", "1", 1);
	bool good = job_start(&j, argv) && job_see(&j, "LIVE") && job_see(&j, "quit");
	job_type(&j, "vm3q");
	good = job_next_status(&j, &status) && good;
	result(good && !strstr(j.seen, "38;5;"), "NO_COLOR: no colours");
	job_finish(&j);
	unsetenv("NO_COLOR");
	good = job_start(&j, argv) && job_see(&j, "LIVE");
	job_type(&j, "v");
	good = job_see(&j, "38;5;") && good;
	result(good, "without NO_COLOR: colours");
	job_finish(&j);
}

/* Output to a pipe: a message and exit code 1. */
static void test_no_terminal(char **argv)
{
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
}

/* A TERM that nobody knows, or that has no cursor to move: a message and exit code 1. */
static void test_bad_terminal(char **argv, const char *term, const char *message)
{
	struct job j;
	char what[64];
	int status;

	setenv("TERM", term, 1);
	bool good = job_start(&j, argv) && job_next_status(&j, &status) && job_see(&j, message);
	good = good && WIFEXITED(status) && WEXITSTATUS(status) == 1;
	snprintf(what, sizeof(what), "TERM=%s: says so, exit code 1", term);
	result(good && !strstr(j.seen, "timers,"), what);
	job_finish(&j);
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
	test_end(argv, "\034", SIGQUIT, SIGQUIT); /* Ctrl-\ */
	test_stop(argv);
	test_continue(argv);
	test_background(argv, SIGSTOP);
	test_background(argv, SIGTSTP);
	test_repaint(argv);
	test_exported_size(argv);
	test_direct_color(argv);
	test_keys(argv);
	test_resize(argv);
	test_c_locale(argv);
	test_no_color(argv);
	test_no_terminal(argv);
	test_bad_terminal(argv, "no-such-terminal", "(TERM) is not known");
	test_bad_terminal(argv, "dumb", "cannot move its cursor");
	printf("1..%d\n", tests);
	return failures ? 1 : 0;
}
