/* SPDX-License-Identifier: MIT */
/*
 * Somebody at a terminal: screen PROGRAM [ARGUMENTS]
 *
 * Runs it in a pseudo-terminal, says its pid, takes what it draws, presses a key now and then, and
 * changes the size. At SIGTERM it presses q, and ends with 0 if the program does.
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVERY_MS 500
#define END_MS   20000

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* Take what is drawn, for so long. */
static void look(int terminal, int ms)
{
	struct pollfd p = { .fd = terminal, .events = POLLIN };
	char drawn[65536];

	for (; ms > 0; ms -= 10)
		if (poll(&p, 1, 10) > 0 && read(terminal, drawn, sizeof(drawn)) <= 0)
			poll(NULL, 0, 10); /* nobody draws any more */
}

static void press(int terminal, const char *key)
{
	if (write(terminal, key, 1) != 1)
		perror("screen");
}

static void resize(int terminal, unsigned n)
{
	static const struct winsize sizes[] = {
		{ .ws_row = 40, .ws_col = 120 },
		{ .ws_row = 24, .ws_col = 80 },
		{ .ws_row = 9, .ws_col = 39 }, /* too small */
		{ .ws_row = 70, .ws_col = 230 },
	};

	ioctl(terminal, TIOCSWINSZ, &sizes[n % 4]);
}

int main(int argc, char **argv)
{
	/* In pairs that leave it as it was: a pause keeps what it shows, and sizes are compared. */
	static const char keys[] = "mm  MM+-eehhaazZllggbb";
	struct sigaction action = { .sa_handler = on_signal };
	const struct winsize size = { .ws_row = 40, .ws_col = 120 };
	int terminal, status = 1;
	pid_t pid;

	if (argc < 2)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	pid = forkpty(&terminal, NULL, NULL, &size);
	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	printf("%d\n", pid);
	fflush(stdout);
	for (unsigned i = 0; !stop; i++) {
		look(terminal, EVERY_MS);
		press(terminal, &keys[i % (sizeof(keys) - 1)]);
		if (i % 8 == 7)
			resize(terminal, i / 8);
	}
	press(terminal, "q");
	for (int ms = 0; ms < END_MS && waitpid(pid, &status, WNOHANG) == 0; ms += 10)
		look(terminal, 10);
	kill(pid, SIGKILL);
	return !WIFEXITED(status) || WEXITSTATUS(status);
}
