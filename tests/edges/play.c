/* SPDX-License-Identifier: MIT */
#include "tests/edges/play.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void give_up(const char *what, const char *said)
{
	printf("Bail out! player: %s: %s\n", what, said);
	exit(1);
}

static pid_t start(int in, int out)
{
	const char *program = getenv("PLAYER");
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (program && dup2(in, 0) >= 0 && dup2(out, 1) >= 0)
		execl(program, program, NULL);
	_exit(127);
}

struct player play(const char *opens)
{
	struct player p = { 0 };
	int in[2], out[2];

	signal(SIGPIPE, SIG_IGN);
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		give_up("start", "no pipe");
	p.pid = start(in[0], out[1]);
	close(in[0]);
	close(out[1]);
	p.to = fdopen(in[1], "w");
	p.from = fdopen(out[0], "r");
	if (p.pid < 0 || !p.to || !p.from)
		give_up("start", "no process");
	tell(&p, "open %s", opens);
	tell(&p, "timers 1");
	return p;
}

void tell(struct player *p, const char *format, ...)
{
	char said[256] = "it has ended";
	va_list arguments;

	va_start(arguments, format);
	vfprintf(p->to, format, arguments);
	va_end(arguments);
	fputc('\n', p->to);
	fflush(p->to);
	if (!fgets(said, sizeof(said), p->from) || strcmp(said, "ok\n"))
		give_up(format, said);
}

void end(struct player *p, const char *how)
{
	fprintf(p->to, "%s\n", how);
	fclose(p->to);
	waitpid(p->pid, NULL, 0);
	fclose(p->from);
	p->pid = 0;
}
