/* SPDX-License-Identifier: MIT */
/*
 * What an idle collector costs: idle [SECONDS [PROCESSES...]]
 *
 * So many processes (1, 100, 500) open a segment, join one lane, and record nothing. `timekeeper
 * stat -i 1s` watches them; when it has attached all and is three seconds older, its user and
 * system time is taken over so many seconds (30), by its CPU-time clock, and how it divides by
 * /proc/PID/stat. The goal: 500 cost at most three times what one costs.
 *
 * $TIMEKEEPER is the program; else the one of this build.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"
#include "producer/timekeeper.h"

#define WARM_S     3
#define PATIENCE_S 60
#define MOST       4000

static char place[] = "/dev/shm/tk-idle-XXXXXX";
static pid_t idlers[MOST], collector;
static unsigned n_idlers;

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void clean_up(void)
{
	char command[64];

	end(collector);
	while (n_idlers)
		end(idlers[--n_idlers]);
	snprintf(command, sizeof(command), "rm -rf %s", place);
	if (system(command))
		fprintf(stderr, "idle: %s is left\n", place);
}

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "idle: %s: %s\n", what, strerror(errno));
	clean_up();
	exit(1);
}

/* @return when it has its lane. */
static void start_idler(void)
{
	int ready[2];
	char c;

	if (pipe2(ready, O_CLOEXEC))
		give_up("pipe");
	idlers[n_idlers] = fork();
	if (idlers[n_idlers] == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (tk_open("idle", &(struct tk_options){ .slots = 1024 }) || tk_join(NULL))
			_exit(1);
		(void)tk_timer("nothing");
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	n_idlers++;
	if (read(ready[0], &c, 1) != 1)
		give_up("a process has no lane");
	close(ready[0]);
}

static void start_collector(const char *program)
{
	collector = fork();
	if (collector < 0)
		give_up("fork");
	if (collector)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (freopen("/dev/null", "w", stdout))
		execl(program, "timekeeper", "stat", "-i", "1s", NULL);
	_exit(127);
}

/* Lanes that it has mapped. */
static unsigned attached(void)
{
	char path[32], line[512];
	unsigned n = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)collector);
	maps = fopen(path, "re");
	if (!maps)
		give_up("the collector has ended");
	while (fgets(line, sizeof(line), maps))
		n += strstr(line, "/slots.") != NULL;
	fclose(maps);
	return n;
}

static void await_attached(unsigned processes)
{
	for (int i = 0; attached() < processes; i++) {
		if (i == PATIENCE_S * 20)
			give_up("the collector does not attach all");
		usleep(50000);
	}
	sleep(WARM_S);
}

static double cpu_ms(void)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(collector, &clock) || clock_gettime(clock, &t))
		give_up("the collector's CPU-time clock");
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Ticks of the kernel's: coarse, but they divide. */
static void divided(double *user, double *system_)
{
	char path[32], text[1024], *at;
	unsigned long u = 0, s = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)collector);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s) != 2)
		give_up(path);
	*user = (double)u * 1e3 / (double)sysconf(_SC_CLK_TCK);
	*system_ = (double)s * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

/* @return ms of cpu in so many seconds. */
static double measure(const char *program, unsigned processes, unsigned seconds, double first)
{
	double cpu, user[2], system_[2];

	while (n_idlers < processes)
		start_idler();
	start_collector(program);
	await_attached(processes);
	cpu = cpu_ms();
	divided(&user[0], &system_[0]);
	sleep(seconds);
	cpu = cpu_ms() - cpu;
	divided(&user[1], &system_[1]);
	printf("%9u %12.1f %12.0f %12.0f %9.2f %12.2f\n", processes, cpu, user[1] - user[0],
	       system_[1] - system_[0], cpu / 10 / seconds, first > 0 ? cpu / first : 1);
	fflush(stdout);
	end(collector);
	collector = 0;
	return cpu;
}

int main(int argc, char **argv)
{
	static const unsigned usual[] = { 1, 100, 500 };
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 30;
	const char *program = getenv("TIMEKEEPER");
	double first = 0, cpu;

	if (!seconds || argc > 20) {
		fprintf(stderr, "usage: idle [SECONDS [PROCESSES...]]\n");
		return 2;
	}
	if (!mkdtemp(place) || setenv("TIMEKEEPER_DIR", place, 1))
		give_up(place);
	tk_describe_machine(stdout);
	printf("%9s %12s %12s %12s %9s %12s\n", "processes", "cpu, ms", "user, ms", "system, ms",
	       "% a core", "of the first");
	for (int i = 0; i < (argc > 2 ? argc - 2 : 3); i++) {
		unsigned n = argc > 2 ? (unsigned)strtoul(argv[i + 2], NULL, 10) : usual[i];

		if (n == 0 || n > MOST || n < n_idlers)
			continue;
		cpu = measure(program ? program : tk_program_beside(), n, seconds, first);
		first = first > 0 ? first : cpu;
	}
	clean_up();
	return 0;
}
