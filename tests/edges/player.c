/* SPDX-License-Identifier: MIT */
/*
 * A producer that does what it reads on standard input, a command a line, and answers each with
 * "ok":
 *
 *	open APP [slots=N] [timers=N] [rte] [monotonic] [keep]
 *	timers N			define t0 .. t(N-1)
 *	push TIMER N [TICKS [EVERY US]]	N spans of so many ticks (1000); after EVERY of them, a
 *					pause
 *	each N [TICKS]			one span to each of the first N timers
 *	join | leave | close
 *	sleep US
 *	thread COMMAND [; COMMAND...]	by a thread of its own; "ok" comes at once
 *	wait				until all threads are done; only then they end, and leave
 *					their lanes
 *	exit | _exit | kill
 *
 * Spans are stamped by hand, so that nothing is subtracted from their ticks.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "producer/timekeeper.h"
#include "ring/timekeeper-rte.h"

#define TIMERS  65536
#define THREADS 256
#define WORDS   16

static tk_timer_t timers[TIMERS];
static pthread_t threads[THREADS];
static unsigned n_threads, n_done;
static bool waited_for;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void pause_us(long us)
{
	nanosleep(&(struct timespec){ us / 1000000, us % 1000000 * 1000 }, NULL);
}

static _Noreturn void fail(const char *what, const char *why)
{
	printf("failed: %s: %s\n", what, why);
	fflush(stdout);
	_exit(1);
}

static unsigned long number(const char *word, unsigned long otherwise)
{
	return word ? strtoul(word, NULL, 10) : otherwise;
}

static void push(tk_timer_t timer, unsigned long ticks)
{
	uint64_t now = tk_now();

	tk_record_span(timer, now, now + ticks, (struct tk_origin){ 0, 0 });
}

static void do_open(char **words)
{
	struct tk_options o = { 0 };

	for (char **w = words + 2; *w; w++) {
		if (!strncmp(*w, "slots=", 6))
			o.slots = (uint32_t)number(*w + 6, 0);
		else if (!strncmp(*w, "timers=", 7))
			o.timers = (uint32_t)number(*w + 7, 0);
		else if (!strcmp(*w, "rte"))
			o.discipline = &tk_rte;
		else if (!strcmp(*w, "monotonic"))
			o.timebase = TK_TIMEBASE_SYSTEM;
		else if (!strcmp(*w, "keep"))
			o.keep = true;
		else
			fail("open", *w);
	}
	if (tk_open(words[1], &o))
		fail("open", tk_why());
}

static void do_timers(char **words)
{
	char name[24];

	for (unsigned long i = 0; i < number(words[1], 0); i++) {
		snprintf(name, sizeof(name), "t%lu", i);
		timers[i] = tk_timer(name);
		if (!timers[i])
			fail("timers", tk_why());
	}
}

static void do_push(char **words)
{
	unsigned long n = number(words[2], 0), ticks = number(words[3], 1000);
	unsigned long every = words[3] ? number(words[4], 0) : 0;

	for (unsigned long i = 1; i <= n; i++) {
		push(timers[number(words[1], 0)], ticks);
		if (every && i % every == 0)
			pause_us((long)number(words[5], 0));
	}
}

static void do_each(char **words)
{
	for (unsigned long i = 0; i < number(words[1], 0); i++)
		push(timers[i], number(words[2], 1000));
}

static bool recorded(char **words)
{
	if (!strcmp(words[0], "push"))
		do_push(words);
	else if (!strcmp(words[0], "each"))
		do_each(words);
	else if (!strcmp(words[0], "sleep"))
		pause_us((long)number(words[1], 0));
	else
		return false;
	return true;
}

static bool opened_or_ended(char **words)
{
	const char *w = words[0];

	if (!strcmp(w, "open"))
		do_open(words);
	else if (!strcmp(w, "timers"))
		do_timers(words);
	else if (!strcmp(w, "join"))
		tk_join(NULL);
	else if (!strcmp(w, "leave"))
		tk_leave();
	else if (!strcmp(w, "close"))
		tk_close();
	else if (!strcmp(w, "exit"))
		exit(0);
	else if (!strcmp(w, "_exit"))
		_exit(0);
	else if (!strcmp(w, "kill"))
		kill(getpid(), SIGKILL);
	else
		return false;
	return true;
}

static void run(char *command)
{
	char *words[WORDS + 1] = { NULL }, *state, *word = strtok_r(command, " \n", &state);

	for (int n = 0; word && n < WORDS; word = strtok_r(NULL, " \n", &state))
		words[n++] = word;
	if (words[0] && !recorded(words) && !opened_or_ended(words))
		fail(words[0], "no such command");
}

static void *run_all(void *commands)
{
	char *state;

	for (char *c = strtok_r(commands, ";", &state); c; c = strtok_r(NULL, ";", &state))
		run(c);
	free(commands);
	pthread_mutex_lock(&mutex);
	n_done++;
	pthread_cond_broadcast(&changed);
	while (!waited_for)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void wait_for_all(void)
{
	pthread_mutex_lock(&mutex);
	while (n_done < n_threads)
		pthread_cond_wait(&changed, &mutex);
	waited_for = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
	while (n_threads)
		pthread_join(threads[--n_threads], NULL);
	n_done = 0;
	waited_for = false;
}

static void run_line(char *line)
{
	if (!strncmp(line, "thread ", 7)) {
		if (n_threads == THREADS ||
		    pthread_create(&threads[n_threads++], NULL, run_all, strdup(line + 7)))
			fail("thread", "there are too many");
	} else if (!strncmp(line, "wait", 4)) {
		wait_for_all();
	} else {
		run(line);
	}
}

int main(void)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		run_line(line);
		puts("ok");
		fflush(stdout);
	}
	return 0;
}
