/* SPDX-License-Identifier: MIT */
/* The harness: runs scenarios, demands what host.h says, prints TAP. */
#include "tests/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/host/unchanged.h"
#include "tests/place.h"
#include "tests/producer/read_back.h"
#include "tsc/check.h"

#define DEADLINE_S 60

/* Between a scenario's process and the harness. */
static struct stage {
	char place[6000];
	char failure[1024], skipped[256];
	unsigned outcome;
	bool more, leaves_files;
	pid_t asked; /* the account of this process's segment, please */
	struct account account;
} * stage;

/* ---- in the scenario's process ---- */

_Noreturn void host_fail(const char *file, int line, const char *format, ...)
{
	const char *name = strrchr(file, '/');
	va_list args;
	int n;

	n = snprintf(stage->failure, sizeof(stage->failure),
		     "%s:%d: errno %d, tk_why() '%s': ", name ? name + 1 : file, line, errno,
		     tk_why());
	va_start(args, format);
	vsnprintf(stage->failure + n, sizeof(stage->failure) - (size_t)n, format, args);
	va_end(args);
	_exit(1);
}

_Noreturn void host_skip(const char *why)
{
	snprintf(stage->skipped, sizeof(stage->skipped), "%s", why);
	_exit(0);
}

void host_more(void)
{
	stage->more = true;
}

void host_leaves_files(void)
{
	stage->leaves_files = true;
}

const char *host_place(void)
{
	return stage->place;
}

void host_looks_at(const char *elsewhere)
{
	snprintf(stage->place, sizeof(stage->place), "%s", elsewhere);
}

void host_note(enum outcome outcome)
{
	stage->outcome |= outcome;
}

struct account host_account(pid_t pid)
{
	__atomic_store_n(&stage->asked, pid, __ATOMIC_RELEASE);
	while (__atomic_load_n(&stage->asked, __ATOMIC_ACQUIRE))
		sched_yield();
	return stage->account;
}

void host_wait(pid_t pid)
{
	int status = -1;

	must(pid > 0 && waitpid(pid, &status, 0) == pid, "no child");
	if (stage->failure[0])
		_exit(1);
	must(status == 0, "a child ended with status %#x", status);
}

static struct unchanged before;

void host_unchanged_from_here(void)
{
	closedir(before.threads);
	unchanged_note(&before);
}

static void be_the_host(const struct scenario *s, unsigned step, int output)
{
	dup2(output, 1);
	dup2(output, 2);
	unchanged_note(&before);
	s->run(step);
	unchanged_check(&before);
	_exit(0);
}

/* ---- in the harness ---- */

static void answer(pid_t child)
{
	char path[sizeof(stage->place) + 32];
	struct read_back *b;

	/* Wherever the scenario's process has gone: another mount namespace, another root. */
	snprintf(path, sizeof(path), "/proc/%d/root%s", child, stage->place);
	b = read_back(stage->asked, path);
	stage->account = (struct account){ .segments = b->segments,
					   .counted = b->counted,
					   .refused = b->head.refused_records,
					   .readable = b->delivered + b->lost,
					   .alive = b->owner == TK_OWNER_ALIVE };
	munmap(b, sizeof(*b));
	__atomic_store_n(&stage->asked, 0, __ATOMIC_RELEASE);
}

static int attend(pid_t child)
{
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0), status = -1;
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	time_t deadline = time(NULL) + DEADLINE_S;

	while (poll(&ended, 1, 1) == 0) {
		if (__atomic_load_n(&stage->asked, __ATOMIC_ACQUIRE))
			answer(child);
		if (time(NULL) > deadline) {
			snprintf(stage->failure, sizeof(stage->failure), "hangs");
			kill(child, SIGKILL);
		}
	}
	close(pidfd);
	waitpid(child, &status, 0);
	return status;
}

static void judge(int status, int output)
{
	char text[200];
	ssize_t n = pread(output, text, sizeof(text) - 1, 0);

	if (stage->failure[0])
		return;
	if (status)
		snprintf(stage->failure, sizeof(stage->failure), "ended with status %#x", status);
	else if (n > 0)
		snprintf(stage->failure, sizeof(stage->failure), "wrote: %.*s", (int)n, text);
	else if (!stage->skipped[0] && !stage->leaves_files && !place_remove_empty(place) &&
		 errno != ENOENT)
		snprintf(stage->failure, sizeof(stage->failure), "left files in %s", place);
}

/* One step. @return what was seen; stage says the rest. */
static unsigned run(const struct scenario *s, unsigned step)
{
	int output = memfd_create("output", MFD_CLOEXEC), status;
	pid_t child;

	memset(stage, 0, sizeof(*stage));
	if (output < 0 || !place_make())
		exit(1);
	snprintf(stage->place, sizeof(stage->place), "%s", place);
	fflush(stdout);
	child = fork();
	if (child == 0)
		be_the_host(s, step, output);
	status = attend(child);
	judge(status, output);
	close(output);
	if (!place_remove())
		printf("# cannot remove %s\n", place);
	return stage->outcome;
}

static const char *const outcome_names[] = { "works", "open refused", "join refused" };

/* The exact set of outcomes, and where it was otherwise. */
static bool as_expected(const struct scenario *s, const unsigned seen[3])
{
	unsigned bits = 0;

	for (unsigned i = 0; i < 3; i++)
		bits |= seen[i] ? 1u << i : 0;
	return bits == s->outcomes;
}

static void report(const struct scenario *s, unsigned number, unsigned steps,
		   const unsigned seen[3])
{
	bool good = !stage->failure[0] && (stage->skipped[0] || as_expected(s, seen));

	printf("%sok %u - %s", good ? "" : "not ", number, s->name);
	if (steps > 1)
		printf(", %u steps", steps);
	for (unsigned i = 0; i < 3; i++)
		if (seen[i])
			printf(", %s: %u", outcome_names[i], seen[i]);
	printf("%s%s\n", stage->skipped[0] ? " # SKIP " : "", stage->skipped);
	if (stage->failure[0])
		printf("# at step %u: %s\n", steps - 1, stage->failure);
	else if (!good)
		printf("# these are not the outcomes it should have\n");
	fflush(stdout);
}

static bool run_all(const struct scenario *s, unsigned number)
{
	unsigned seen[3] = { 0 }, steps = 0;

	do {
		unsigned outcome = run(s, steps++);

		for (unsigned i = 0; i < 3; i++)
			seen[i] += outcome >> i & 1;
	} while (!stage->failure[0] && !stage->skipped[0] &&
		 (s->steps == UNTIL_DONE ? stage->more : steps < s->steps));
	report(s, number, steps, seen);
	return !stage->failure[0] && (stage->skipped[0] || as_expected(s, seen));
}

int main(int argc, char **argv)
{
	const struct rlimit none = { 0, 0 };
	unsigned number = 0;
	bool good = true;

	close_range(3, ~0u, 0); /* of whoever started us */
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (stage == MAP_FAILED)
		return 1;
	setrlimit(RLIMIT_CORE, &none);
	if (tk_tsc_quick(NULL, 0))
		setenv("TIMEKEEPER_CLOCK", "monotonic", 1);
	for (const struct scenario *s = scenarios; s->name; s++)
		if (argc < 2 || strstr(s->name, argv[1]))
			good &= run_all(s, ++number);
	printf("1..%u\n", number);
	return !good;
}
