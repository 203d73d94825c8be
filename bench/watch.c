/* SPDX-License-Identifier: MIT */
#include "bench/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"

static void exec_collector(const char *app, const char *poll)
{
	char program[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 64);

	if (n < 0)
		_exit(126);
	program[n] = '\0';
	snprintf(strrchr(program, '/'), 64, "/../collector/timekeeper");
	tk_pin(1);
	if (poll)
		execl(program, "timekeeper", "stat", "-i", "100ms", "-f", "jsonl", "--app", app,
		      "--poll", poll, NULL);
	else
		execl(program, "timekeeper", "stat", "-i", "100ms", "-f", "jsonl", "--app", app,
		      NULL);
	_exit(127);
}

/*
 * A timer has a line for each measure in each interval, all with the same loss: count "processing".
 */
static void add_up(int fd, struct tk_watched *said)
{
	FILE *in = fdopen(fd, "r");
	char line[4096];

	while (in && fgets(line, sizeof(line), in)) {
		const char *lost = strstr(line, "\"lost\":");
		const char *count = strstr(line, "\"count\":");

		if (!strstr(line, "\"processing\"") || !lost || !count)
			continue;
		said->lost += strtoull(lost + 7, NULL, 10);
		said->records += strtoull(count + 8, NULL, 10);
	}
	if (in)
		fclose(in);
}

int tk_watch_start(struct tk_watch *w, const char *app, const char *poll)
{
	int said[2], answer[2];

	fflush(NULL);
	w->messages = memfd_create("messages", MFD_CLOEXEC);
	if (w->messages < 0 || pipe2(said, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		return -errno;
	w->collector = fork();
	if (w->collector == 0) {
		dup2(said[1], STDOUT_FILENO);
		dup2(w->messages, STDERR_FILENO);
		exec_collector(app, poll);
	}
	close(said[1]);
	/* A second child reads the pipe meanwhile, or the collector would block. */
	w->reader = fork();
	if (w->reader == 0) {
		struct tk_watched sum = { 0 };

		tk_pin(1);
		add_up(said[0], &sum);
		_exit(write(answer[1], &sum, sizeof(sum)) != sizeof(sum));
	}
	close(said[0]);
	close(answer[1]);
	w->answer = answer[0];
	return w->collector < 0 || w->reader < 0 ? -ECHILD : 0;
}

/* Pass on what the collector said. @return the records that it lost in gaps of its own making */
static uint64_t pass_on(int messages)
{
	FILE *in = fdopen(messages, "r");
	char line[4096];
	uint64_t own = 0;

	rewind(in);
	while (fgets(line, sizeof(line), in)) {
		const char *of = strstr(line, "before they were read, ");

		fputs(line, stderr);
		own += of ? strtoull(of + strlen("before they were read, "), NULL, 10) : 0;
	}
	fclose(in);
	return own;
}

void tk_watch_stop(struct tk_watch *w, struct tk_watched *said)
{
	usleep(500000);
	kill(w->collector, SIGTERM);
	waitpid(w->collector, NULL, 0);
	if (read(w->answer, said, sizeof(*said)) != sizeof(*said))
		memset(said, 0, sizeof(*said));
	said->own = pass_on(w->messages);
	close(w->answer);
	waitpid(w->reader, NULL, 0);
}

void tk_watch_print(FILE *out, const struct tk_watched *said)
{
	fprintf(out,
		"%s: %llu records collected, %llu lost, %llu of them in gaps of the drain's own "
		"making\n",
		said->lost      ? "VOID"
		: said->records ? "valid"
				: "VOID, nothing was collected",
		(unsigned long long)said->records, (unsigned long long)said->lost,
		(unsigned long long)said->own);
}
