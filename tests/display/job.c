/* SPDX-License-Identifier: MIT */
#include "job.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_MS 20000

static pid_t the_job;

/* The shell takes the foreground, or gives it to the job. */
static void on_request(int sig)
{
	tcsetpgrp(0, sig == SIGUSR1 ? getpgrp() : the_job);
}

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
	the_job = pid;
	signal(SIGUSR1, on_request); /* waitpid() goes on after it */
	signal(SIGUSR2, on_request);
	if (write(report, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	while (waitpid(pid, &status, WUNTRACED) == pid) {
		if (write(report, &status, sizeof(status)) != sizeof(status) || !WIFSTOPPED(status))
			break;
	}
	_exit(0);
}

bool job_start(struct job *j, char **argv)
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

void job_finish(struct job *j)
{
	kill(j->pid, SIGKILL);
	waitpid(j->shell, NULL, 0);
	close(j->master);
	close(j->slave);
	close(j->report);
	free(j->seen);
}

void job_take_output(struct job *j)
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

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Read until `text` was drawn. */
bool job_see(struct job *j, const char *text)
{
	for (long end = now_ms() + DEADLINE_MS; now_ms() < end;) {
		struct pollfd p = { .fd = j->master, .events = POLLIN };
		job_take_output(j);
		if (j->seen && strstr(j->seen, text))
			return true;
		poll(&p, 1, 100);
	}
	printf("# did not see \"%s\" in %zu bytes\n", text, j->n_seen);
	return false;
}

/* What the job wrote may still be on its way, so a mark of ours goes after it. */
void job_forget(struct job *j)
{
	static const char mark[] = "[forget]";

	job_take_output(j);
	if (write(j->slave, mark, strlen(mark)) < 0 || !job_see(j, mark))
		perror("# the mark");
	j->n_seen = 0;
	if (j->seen)
		j->seen[0] = 0;
}

/* The job's next change of state; output is read meanwhile so that it cannot block. */
bool job_next_status(struct job *j, int *status)
{
	for (long end = now_ms() + DEADLINE_MS; now_ms() < end;) {
		struct pollfd p[2] = { { .fd = j->report, .events = POLLIN },
				       { .fd = j->master, .events = POLLIN } };
		poll(p, 2, 100);
		job_take_output(j);
		if (p[0].revents & POLLIN)
			return read(j->report, status, sizeof(*status)) == sizeof(*status);
	}
	printf("# the job neither stopped nor ended within %d s\n", DEADLINE_MS / 1000);
	return false;
}

void job_type(struct job *j, const char *keys)
{
	if (write(j->master, keys, strlen(keys)) < 0)
		perror("# write");
}

void job_resize(struct job *j, unsigned short w, unsigned short h)
{
	struct winsize size = { .ws_row = h, .ws_col = w };

	ioctl(j->master, TIOCSWINSZ, &size);
}

static const char *last_of(const char *in, const char *what)
{
	const char *last = NULL;

	for (const char *p = in; p && (p = strstr(p, what)); p++)
		last = p;
	return last;
}

/* The settings are as before, the alternate screen was left, the cursor is visible. */
bool job_restored(struct job *j)
{
	struct termios now;

	job_take_output(j);
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
bool job_taken(struct job *j)
{
	struct termios now;

	tcgetattr(j->slave, &now);
	return now.c_lflag != j->before.c_lflag && strstr(j->seen, ENTER_SCREEN);
}

bool job_foreground(struct job *j, bool job)
{
	kill(j->shell, job ? SIGUSR2 : SIGUSR1);
	for (long end = now_ms() + DEADLINE_MS; now_ms() < end; poll(NULL, 0, 1))
		if ((tcgetpgrp(j->master) == j->pid) == job)
			return true;
	return false;
}
