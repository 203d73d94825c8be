/* SPDX-License-Identifier: MIT */
#include "collector/launch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/launch/inherited.h"

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

/* A signal that is ignored would wait in the descriptor if it were blocked. */
static void set_of_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++) {
		struct sigaction now;

		if (sigaction(forwarded[i], NULL, &now) || now.sa_handler != SIG_IGN)
			sigaddset(set, forwarded[i]);
	}
}

/* SIGCHLD must not be ignored, or the kernel would wait for the child itself. */
int tk_child_prepare(struct tk_child *c)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	sigset_t set;

	*c = (struct tk_child){ .go = -1, .error = -1, .signals = -1 };
	set_of_signals(&set);
	c->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (c->signals < 0)
		return -errno;
	sigaction(SIGCHLD, &by_default, &c->on_child);
	sigprocmask(SIG_BLOCK, &set, &c->mask);
	return 0;
}

static void give_signals_back(const struct tk_child *c)
{
	sigaction(SIGCHLD, &c->on_child, NULL);
	sigprocmask(SIG_SETMASK, &c->mask, NULL);
}

static int redirect(int output)
{
	int input = output < 0 ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (output < 0)
		return 0;
	if (input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0)
		return -errno;
	return 0;
}

static int exec_program(const struct tk_child *c, const struct tk_program_to_run *p)
{
	int err = redirect(p->output);

	for (int i = 0; i < 2 && !err; i++)
		err = p->names[i] && setenv(p->names[i], p->values[i], 1) ? -errno : 0;
	if (err)
		return err;
	tk_inherited_restore();
	give_signals_back(c);
	execvp(p->argv[0], p->argv);
	return -errno;
}

/* The child: wait until the collector is ready. If this process ends before, the pipe is closed. */
static _Noreturn void be_child(const struct tk_child *c, const struct tk_program_to_run *p, int go,
			       int error)
{
	char word;
	int err;

	if (read(go, &word, 1) != 1)
		_exit(0);
	err = exec_program(c, p);
	(void)!write(error, &err, sizeof(err));
	_exit(tk_child_refused_code(-err));
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int tk_child_make(struct tk_child *c, const struct tk_program_to_run *p)
{
	int go[2] = { -1, -1 }, error[2] = { -1, -1 }, err;

	err = pipe2(go, O_CLOEXEC) || pipe2(error, O_CLOEXEC) ? -errno : 0;
	c->go = go[1];
	c->error = error[0];
	if (!err) {
		c->pid = fork();
		err = c->pid < 0 ? -errno : 0;
	}
	if (!err && c->pid == 0) {
		close_one(&c->go);
		be_child(c, p, go[0], error[1]);
	}
	close_one(&go[0]);
	close_one(&error[1]);
	if (err)
		c->pid = 0;
	signal(SIGPIPE, SIG_IGN); /* writing tells by EPIPE */
	return err;
}

int tk_child_begin(struct tk_child *c)
{
	int err = 0;

	if (write(c->go, "", 1) != 1)
		return -errno;
	close_one(&c->go);
	/* Nothing comes, and the pipe is closed, when exec succeeds. */
	if (read(c->error, &err, sizeof(err)) != sizeof(err))
		err = 0;
	close_one(&c->error);
	if (err) {
		waitpid(c->pid, &c->status, 0);
		c->ended = true;
	}
	return err;
}

/* Sent by a process (not by the terminal), unless the child sent it, perhaps to its whole group. */
static bool is_for_child(const struct tk_child *c, const struct signalfd_siginfo *s)
{
	bool sent = s->ssi_code <= 0;

	if (s->ssi_signo == SIGCHLD || (sent && s->ssi_pid == (uint32_t)c->pid))
		return false;
	return sent || getpgid(c->pid) != getpgrp();
}

static void read_signals(struct tk_child *c)
{
	struct signalfd_siginfo s;

	while (read(c->signals, &s, sizeof(s)) == sizeof(s)) {
		int sig = (int)s.ssi_signo;

		if (sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM)
			c->told = sig;
		if (!c->ended && is_for_child(c, &s))
			kill(c->pid, sig);
	}
}

bool tk_child_wait(struct tk_child *c, int timeout_ms)
{
	struct pollfd p = { .fd = c->signals, .events = POLLIN };

	if (poll(&p, 1, c->ended ? 0 : timeout_ms) > 0)
		read_signals(c);
	c->ended = c->ended || waitpid(c->pid, &c->status, WNOHANG) == c->pid;
	return c->ended;
}

int tk_child_exit_code(const struct tk_child *c)
{
	return WIFSIGNALED(c->status) ? 128 + WTERMSIG(c->status) : WEXITSTATUS(c->status);
}

int tk_child_refused_code(int error)
{
	return error == ENOENT ? 127 : 126;
}

void tk_child_end(struct tk_child *c)
{
	struct signalfd_siginfo s;

	if (c->signals < 0)
		return;
	if (c->go >= 0 && c->pid && !c->ended) {
		close_one(&c->go);
		waitpid(c->pid, &c->status, 0);
		c->ended = true;
	}
	close_one(&c->go);
	close_one(&c->error);
	/* What came for the child, and it did not live to get, must not end this process. */
	while (read(c->signals, &s, sizeof(s)) > 0)
		;
	close_one(&c->signals);
	give_signals_back(c);
}
