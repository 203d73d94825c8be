/* SPDX-License-Identifier: MIT */
/*
 * Single edges, with exact figures: cases [NAME...]. What each player pushes is known; what `stat`
 * prints of it, in all columns, must be that. Nothing is waited for between a process's end and ^C:
 * what had ended before a collector was told to stop is in its rows.
 *
 * Environment: TIMEKEEPER, PLAYER, CLOCK (clock.so).
 */
#include "tests/edges/cases.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/place.h"

unsigned faults;

void check(bool good, const char *format, ...)
{
	va_list arguments;

	if (good)
		return;
	faults++;
	va_start(arguments, format);
	printf("# ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
}

void check_sum(const struct watch *w, const char *what, uint64_t pushed, uint64_t lost_at_most)
{
	struct watch_sum s = watch_sum(w, "app", 0);

	check(s.records == pushed && s.lost <= lost_at_most,
	      "%s: pushed %" PRIu64 ", printed %" PRIu64 " (count %" PRIu64 ", set aside %" PRIu64
	      ", lost %" PRIu64 " of at most %" PRIu64 ")",
	      what, pushed, s.records, s.count, s.set_aside, s.lost, lost_at_most);
	check(s.in_timers + s.unknown + s.refused == s.records,
	      "%s: timers' rows have %" PRIu64 " records, their processes' %" PRIu64, what,
	      s.in_timers, s.records);
}

/* ---- a collector, and another process so that it always has something to print ---- */

struct player other;

static bool has_other(const struct watch *w, const void *unused)
{
	(void)unused;
	if (watch_sum(w, "other", 0).records)
		return true;
	tell(&other, "push 0 1");
	return false;
}

static void await_look(struct watch *w)
{
	if (watch_until(w, has_other, NULL))
		return;
	printf("Bail out! the collector prints nothing: %s\n", watch_said(w));
	exit(1);
}

void begin(struct watch *w, const char *const *arguments, const char *preload)
{
	if (!other.pid)
		other = play("other");
	if (watch_start(w, arguments, DEAF_NOT, preload)) {
		await_look(w);
		return;
	}
	perror("Bail out! no collector");
	exit(1);
}

void stop(struct watch *w)
{
	watch_end(w, SIGINT);
	check(w->wrong == 0, "%" PRIu64 " rows are wrong, the first: %s", w->wrong, w->first_wrong);
	check(WIFEXITED(w->status) && WEXITSTATUS(w->status) == 0, "stat ended with status %#x: %s",
	      (unsigned)w->status, watch_said(w));
}

/* A collector whose rows nobody reads has looked when it has attached. */
static bool has_attached(const struct watch *w, const void *file)
{
	char path[32], line[512];
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)w->pid);
	maps = fopen(path, "re");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, file) != NULL;
	if (maps)
		fclose(maps);
	return found;
}

void begin_blocked(struct watch *w, const char *const *arguments, const char *file)
{
	if (!other.pid)
		other = play("other");
	check(watch_start_blocked(w, arguments) && watch_until(w, has_attached, file),
	      "no collector, or it does not attach");
}

/* ---- */

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "lapped-small", lapped_small },
	{ "lapped-large", lapped_large },
	{ "lapped-queue", lapped_queue },
	{ "threads-before-exit", threads_before_exit },
	{ "short-lived", short_lived },
	{ "lived-while-stopped", lived_while_stopped },
	{ "unread", unread },
	{ "restarted", restarted },
	{ "another-clock", restarted_with_another_clock },
	{ "many-timers", many_timers },
	{ "timers-at-once", timers_at_once },
	{ "many-dead-timers", many_dead_timers },
	{ "paused-output", paused_output },
	{ "once-oldest", once_oldest },
	{ "loss-is-said", loss_is_said },
	{ "queue-handed-over", queue_handed_over },
	{ "wall-clock", wall_clock },
	{ "once-clock-back", once_clock_back },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static bool asked_for(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 1;
}

/* Each in a directory of its own. */
static unsigned run_case(size_t i)
{
	faults = 0;
	if (!place_make()) {
		perror("Bail out! no directory");
		exit(1);
	}
	cases[i].run();
	if (other.pid)
		end(&other, "exit");
	check(place_remove(), "the directory cannot be removed");
	printf("%sok - %s\n", faults ? "not " : "", cases[i].name);
	fflush(stdout);
	return faults;
}

int main(int argc, char **argv)
{
	unsigned ran = 0, bad = 0;

	for (size_t i = 0; i < CASES; i++) {
		if (!asked_for(cases[i].name, argc, argv))
			continue;
		ran++;
		bad += run_case(i) > 0;
	}
	printf("1..%u\n", ran);
	return bad > 0 || ran == 0;
}
