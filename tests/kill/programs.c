/* SPDX-License-Identifier: MIT */
/* The real `timekeeper`, of and among the dead: what it says is the truth, also when it is
 * killed. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kill/kill.h"

pid_t program_start(struct worker *w, const char *const *arguments, int out)
{
	const char *argv[16] = { w->timekeeper };
	int nowhere;
	pid_t pid;

	for (unsigned i = 0; i < 14 && arguments[i]; i++)
		argv[i + 1] = arguments[i];
	pid = start();
	if (pid)
		return pid;
	nowhere = open("/dev/null", O_RDWR);
	dup2(out < 0 ? nowhere : out, STDOUT_FILENO);
	dup2(nowhere, STDERR_FILENO);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* Run it to its end. What it printed is in the file `out`, from the beginning. */
static bool run(struct worker *w, const char *const *arguments, int out, char why[200])
{
	pid_t pid;
	int status;

	if (out >= 0 && (ftruncate(out, 0) || lseek(out, 0, SEEK_SET)))
		return fail(why, "cannot write to a file in memory");
	pid = program_start(w, arguments, out);
	status = await(pid, DEADLINE_US);
	if (status < 0) {
		end(pid);
		return fail(why, "timekeeper %s hangs", arguments[0]);
	}
	if (out >= 0)
		lseek(out, 0, SEEK_SET);
	/* 3: there is nothing to show */
	return (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3)) ||
	       fail(why, "timekeeper %s ended with status %#x", arguments[0], (unsigned)status);
}

static json_t *run_ls(struct worker *w, char why[200])
{
	const char *const ls[] = { "ls", "--json", NULL };
	int out = memfd_create("ls", MFD_CLOEXEC);
	json_t *all = run(w, ls, out, why) ? json_loadfd(out, 0, NULL) : NULL;

	close(out);
	if (!all)
		(void)fail(why, "ls --json printed no JSON");
	return all;
}

bool program_owner(struct worker *w, char owner[16], char why[200])
{
	json_t *all = run_ls(w, why);
	const char *said;

	if (!all)
		return false;
	said = json_string_value(
		json_object_get(json_array_get(json_object_get(all, "segments"), 0), "owner"));
	snprintf(owner, 16, "%s", said ? said : "nothing");
	json_decref(all);
	return true;
}

static uint64_t produced(const json_t *segment)
{
	const json_t *lanes = json_object_get(segment, "lanes"), *lane;
	uint64_t sum = 0;
	size_t i;

	json_array_foreach(lanes, i, lane) sum +=
		(uint64_t)json_integer_value(json_object_get(lane, "produced"));
	return sum;
}

static bool ls_is_right(struct worker *w, const struct page *page, char why[200])
{
	json_t *all = run_ls(w, why), *segment;
	bool good = all != NULL;
	size_t i;

	json_array_foreach(json_object_get(all, "segments"), i, segment)
	{
		const char *owner = json_string_value(json_object_get(segment, "owner"));
		const char *app = json_string_value(json_object_get(segment, "app"));
		/* One that was never finished has no name of an app. */
		uint64_t begun = *app ? begun_in(page, (uint32_t)(app[7] - '0') % SEGMENTS) : 0;
		uint64_t says = produced(segment);

		if (strcmp(owner, "dead") && strcmp(owner, "closed"))
			good = fail(why, "ls says that the dead is %s", owner);
		else if (says > begun)
			good = fail(why, "ls says %lu were produced, %lu were begun", says, begun);
	}
	json_decref(all);
	return good;
}

/* A file that somebody writes, from its beginning: its own offset is the writer's. */
static FILE *read_again(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fopen(path, "re");
}

static uint64_t number(const json_t *row, const char *column)
{
	return (uint64_t)json_integer_value(json_object_get(row, column));
}

static bool adds_up(const json_t *row, const char *type)
{
	uint64_t sum = number(row, "lost");

	if (!strcmp(type, "process"))
		sum += number(row, "delivered");
	else
		sum += number(row, "count") + number(row, "set_aside") + number(row, "without");
	return number(row, "schema") == 2 && number(row, "records") == sum;
}

/* What `stat` says was delivered so far, in whole lines. */
static bool sum_of_stat(int out, uint64_t *sum, char why[200])
{
	FILE *f = read_again(out);
	char line[4096];
	bool good = true;

	*sum = 0;
	while (good && f && fgets(line, sizeof(line), f) && strchr(line, '\n')) {
		json_t *row = json_loads(line, 0, NULL);
		const char *type = json_string_value(json_object_get(row, "type"));

		if (!type || !adds_up(row, type))
			good = fail(why, "stat printed a line that does not add up: %.300s", line);
		else if (!strcmp(type, "process"))
			*sum += number(row, "delivered");
		json_decref(row);
	}
	if (f)
		fclose(f);
	return good;
}

static uint64_t readable_records(struct worker *w, const struct plan *p)
{
	static struct tally tallies[SEGMENTS];
	struct watcher ours = { p, w->dirfd, TK_LANE_OLDEST, .tallies = tallies };
	uint64_t readable = 0;

	memset(tallies, 0, sizeof(tallies));
	(void)watch_to_the_end(&ours);
	for (uint32_t i = 0; i < ours.n; i++)
		for (uint32_t k = 0; k < LANES; k++)
			readable += ours.watched[i].tally->delivered[k];
	watch_no_more(&ours);
	return readable;
}

/* Of the dead it counts every record that a reader of ours gets, and no other; with one drainer, or
 * with two that share the lanes of a segment. */
static bool stat_is_right(struct worker *w, const struct plan *p, char why[200])
{
	bool two = (p->random & 1) && sysconf(_SC_NPROCESSORS_ONLN) > 1;
	const char *const stat[] = { "stat",       "--oldest", "--format",           "jsonl",
				     "--interval", "20ms",     two ? "--cpu" : NULL, "0-1",
				     NULL };
	uint64_t readable = readable_records(w, p), until = now_us() + DEADLINE_US, says = 0;
	int out = memfd_create("stat", MFD_CLOEXEC);
	pid_t pid = program_start(w, stat, out);
	bool good = true, ended = false;
	int status;

	while (good && !ended && says < readable && now_us() < until) {
		usleep(2000);
		ended = waitpid(pid, &status, WNOHANG) == pid;
		good = sum_of_stat(out, &says, why);
	}
	if (ended)
		good = fail(why, "stat ended by itself: status %#x", (unsigned)status);
	else
		end(pid);
	w->kills[1][KILL]++;
	close(out);
	return good && (says == readable ||
			fail(why, "stat counts %lu of %lu readable records", says, readable));
}

/* A cleaner is killed, another finishes. */
static bool clean_up(struct worker *w, uint32_t us, char why[200])
{
	const char *const clean_force[] = { "clean", "--force", NULL };
	pid_t pid = program_start(w, clean_force, -1);

	usleep(us);
	end(pid);
	w->kills[2][KILL]++;
	return time_passes(w, why) && run(w, clean_force, -1, why) && nothing_left(w, why);
}

bool programs_on_the_dead(struct worker *w, const struct plan *p, const struct page *page,
			  char why[200])
{
	w->programs++;
	return time_passes(w, why) && ls_is_right(w, page, why) &&
	       (p->queue || stat_is_right(w, p, why)) && clean_up(w, p->delay_us, why);
}
