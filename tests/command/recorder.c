/* SPDX-License-Identifier: MIT */
/*
 * recorder WORD...: a program to be watched, which does what its words say, in turn:
 *
 *	record N	N spans of the timer "span"
 *	fork do WORD... done	in a child, which then exits with 0
 *	join		wait for all children
 *	await SIG	until that signal has come
 *	until FILE	until it exists
 *	touch FILE
 *	raise SIG	end by it
 *	group SIG	send it to the whole process group
 *	exit CODE, _exit CODE
 *	open		tk_open(), and record nothing
 *	descriptors	print the soft limit of descriptors
 *	signals		print which signals are blocked and which are ignored
 *	pending		print which signals are pending
 *
 * SIG is a number. Opens "recorder" at the first word that needs it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "producer/timekeeper.h"

static void open_once(void)
{
	static bool open;

	if (!open && tk_open("recorder", NULL) < 0) {
		fprintf(stderr, "recorder: %s\n", tk_why());
		exit(99);
	}
	open = true;
}

static void record(unsigned long n)
{
	tk_timer_t span;

	open_once();
	span = tk_timer("span");
	while (n--)
		tk_stop(span, tk_start(span));
}

static void await(int sig)
{
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigwait(&set, &got);
}

static void until(const char *file)
{
	while (access(file, F_OK))
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
}

static void print_signals(void)
{
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (int sig = 1; sig < 32; sig++) {
		struct sigaction now;

		if (sigismember(&blocked, sig))
			printf("blocked %d\n", sig);
		if (sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			printf("ignored %d\n", sig);
	}
	fflush(stdout);
}

static void print_descriptors(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	printf("%llu\n", (unsigned long long)limit.rlim_cur);
	fflush(stdout);
}

static void print_pending(void)
{
	sigset_t pending;

	sigpending(&pending);
	for (int sig = 1; sig < 32; sig++)
		if (sigismember(&pending, sig))
			printf("pending %d\n", sig);
	fflush(stdout);
}

/* Behind the `done` of the `do` at w. */
static char **behind(char **w)
{
	int depth = 0;

	do {
		depth += !strcmp(*w, "do");
		depth -= !strcmp(*w, "done");
		w++;
	} while (depth && *w);
	return w;
}

/* @return how many words it was; 0: there is no such word */
static int act_alone(const char *word)
{
	if (!strcmp(word, "join"))
		while (wait(NULL) > 0)
			;
	else if (!strcmp(word, "open"))
		open_once();
	else if (!strcmp(word, "signals"))
		print_signals();
	else if (!strcmp(word, "pending"))
		print_pending();
	else if (!strcmp(word, "descriptors"))
		print_descriptors();
	else
		return 0;
	return 1;
}

static int act(const char *word, const char *value)
{
	if (!strcmp(word, "record"))
		record(strtoul(value, NULL, 10));
	else if (!strcmp(word, "await"))
		await(atoi(value));
	else if (!strcmp(word, "until"))
		until(value);
	else if (!strcmp(word, "touch"))
		close(open(value, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	else if (!strcmp(word, "raise"))
		raise(atoi(value));
	else if (!strcmp(word, "group"))
		kill(0, atoi(value));
	else if (!strcmp(word, "exit"))
		exit(atoi(value));
	else if (!strcmp(word, "_exit"))
		_exit(atoi(value));
	else
		exit(98);
	return 2;
}

/* Who comes to a `done` is a child: its parent goes on behind it. */
static void run(char **w)
{
	while (*w && strcmp(*w, "done")) {
		int n = act_alone(*w);

		if (n)
			w += n;
		else if (strcmp(*w, "fork"))
			w += act(w[0], w[1]);
		else if (fork() == 0)
			w += 2;
		else
			w = behind(w + 1);
	}
}

int main(int argc, char **argv)
{
	sigset_t set;

	(void)argc;
	sigemptyset(&set);
	for (char **w = argv; *w; w++)
		if (!strcmp(*w, "await"))
			sigaddset(&set, atoi(w[1]));
	sigprocmask(SIG_BLOCK, &set, NULL);
	run(argv + 1);
	return 0;
}
