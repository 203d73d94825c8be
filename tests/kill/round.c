/* SPDX-License-Identifier: MIT */
/* A round: who begins, who is killed or stopped, who follows, and what is left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/kill/kill.h"

#define POINT_US UINT64_C(500000) /* a point that is not reached in this round */

bool fail(char why[200], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, 200, format, args);
	va_end(args);
	return false;
}

uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

pid_t start(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	return 0;
}

void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int await(pid_t pid, uint64_t us)
{
	uint64_t until = now_us() + us;
	int status;

	do {
		if (waitpid(pid, &status, WNOHANG | WUNTRACED) == pid)
			return status;
		usleep(20);
	} while (now_us() < until);
	return -1;
}

/* ---- what is left in the directory ---- */

/* Call it for each name; false ends it. */
static bool each_name(struct worker *w, bool (*f)(struct worker *w, const char *name, char *why),
		      char why[200])
{
	int fd = openat(w->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	bool good = true;

	while (good && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !tk_place_is_shared(entry->d_name))
			good = f(w, entry->d_name, why);
	closedir(dir);
	return good;
}

static enum tk_owner owner_of(struct worker *w, const char *name)
{
	char said[TK_WHY_MAX];
	struct tk_segment *s = tk_segment_attach(w->dirfd, name, TK_LANE_LOOK, said);
	enum tk_owner owner = s ? tk_segment_owner(s) : TK_OWNER_DEAD;

	if (s)
		tk_segment_detach(s);
	return owner;
}

static bool is_dead(struct worker *w, const char *name, char why[200])
{
	enum tk_owner owner = owner_of(w, name);

	return owner == TK_OWNER_DEAD || owner == TK_OWNER_CLOSED ||
	       fail(why, "%s: its dead owner seems %s", name,
		    owner == TK_OWNER_ALIVE ? "alive" : "unknown");
}

/* A process that is stopped is alive; what it has closed is closed, and may be half gone. */
static bool is_alive(struct worker *w, const char *name, char why[200])
{
	char said[TK_WHY_MAX];
	struct tk_segment *s = tk_segment_attach(w->dirfd, name, TK_LANE_LOOK, said);
	bool good;

	if (!s)
		return errno == EAGAIN || errno == ENOENT ||
		       fail(why, "%s: its stopped owner has not finished it: %s", name, said);
	good = tk_segment_owner(s) == TK_OWNER_ALIVE || s->info.state == TK_SEGMENT_CLOSED;
	tk_segment_detach(s);
	return good || fail(why, "%s: its stopped owner seems dead", name);
}

static bool remove_one(struct worker *w, const char *name, char why[200])
{
	int err = tk_place_remove(w->dirfd, name);

	return err == 0 || fail(why, "%s cannot be removed: %s", name, strerror(-err));
}

/* What was left half made, or half removed, is known to be so after a while. */
static bool age(struct worker *w, const char *name, char why[200])
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT },
					  { .tv_sec = time(NULL) - 60 } };

	return utimensat(w->dirfd, name, times, AT_SYMLINK_NOFOLLOW) == 0 ||
	       fail(why, "%s cannot be made older: %s", name, strerror(errno));
}

bool time_passes(struct worker *w, char why[200])
{
	return each_name(w, age, why);
}

static bool is_left(struct worker *w, const char *name, char why[200])
{
	(void)w;
	return fail(why, "%s is left in the directory", name);
}

bool nothing_left(struct worker *w, char why[200])
{
	return each_name(w, is_left, why);
}

bool clean(struct worker *w, char why[200])
{
	return each_name(w, is_dead, why) && each_name(w, remove_one, why) && nothing_left(w, why);
}

/* ---- a round ---- */

struct round {
	struct worker *w;
	const struct plan *p;
	struct watcher follower, middle;
	pid_t producer, reader;
	uint64_t began;
};

static pid_t start_producer(const struct round *r)
{
	pid_t pid = start();

	if (pid == 0)
		producer(r->p, r->w->page);
	return pid;
}

static pid_t start_reader(const struct round *r, unsigned which)
{
	pid_t pid = start();

	if (pid == 0) {
		if (which == 0)
			arm(r->p, r->w->page);
		collector(r->p, r->w->page, r->w->dirfd, &r->w->page->readers[which]);
	}
	return pid;
}

/* The first to attach is the one that is to be killed. */
static bool others_may_read(const struct round *r)
{
	const struct page *page = r->w->page;

	return r->p->who != COLLECTOR || page->readers[0].attached ||
	       __atomic_load_n(&page->reached, __ATOMIC_RELAXED);
}

static void watch_on(struct round *r)
{
	if (others_may_read(r))
		watch(&r->follower);
	if (now_us() - r->began > r->p->delay_us / 2)
		watch(&r->middle);
}

/* Watch for so long, or until the process stops or ends. @return its status, or -1. */
static int watch_while(struct round *r, pid_t pid, uint64_t us)
{
	uint64_t until = now_us() + us;
	int status;

	do {
		if (waitpid(pid, &status, WNOHANG | WUNTRACED) == pid)
			return status;
		watch_on(r);
	} while (now_us() < until);
	return -1;
}

static bool gone_wrong(struct round *r, int status, char why[200])
{
	if (r->w->page->why[0])
		return fail(why, "the producer could not go on: %.150s", r->w->page->why);
	return fail(why, "a victim ended by itself, status %#x", (unsigned)status);
}

/* It stopped: that is not death. Then it goes on, or not. */
static bool stopped(struct round *r, pid_t victim, char why[200])
{
	if (r->p->who == PRODUCER && !each_name(r->w, is_alive, why))
		return false;
	(void)watch_while(r, victim, r->p->stopped_us);
	if (r->p->deed == STOP_AND_KILL) {
		end(victim);
		return true;
	}
	kill(victim, SIGCONT);
	return true;
}

/* At the point, or at the instant, it does or suffers what is planned. */
static bool suffer(struct round *r, pid_t victim, char why[200])
{
	const struct plan *p = r->p;
	int status = watch_while(r, victim, p->point < 0 ? p->delay_us : POINT_US);

	if (status < 0) {
		kill(victim, p->deed == KILL ? SIGKILL : SIGSTOP);
		status = await(victim, DEADLINE_US);
	} else {
		r->w->at_points++;
		r->w->reached[p->point]++;
	}
	if (status < 0)
		return fail(why, "a victim neither stops nor dies");
	if (WIFSTOPPED(status))
		return stopped(r, victim, why);
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) || gone_wrong(r, status, why);
}

/* The collector that was killed is followed by another, while the producer goes on. */
static bool collector_suffers(struct round *r, char why[200])
{
	r->reader = start_reader(r, 0);
	if (!suffer(r, r->reader, why))
		return false;
	r->w->kills[1][r->p->deed]++;
	if (r->p->deed != STOP)
		r->reader = start_reader(r, 1);
	(void)watch_while(r, r->producer, r->p->after_us);
	r->w->kills[0][KILL]++;
	return true;
}

static bool producer_suffers(struct round *r, char why[200])
{
	if (!suffer(r, r->producer, why))
		return false;
	r->w->kills[0][r->p->deed]++;
	if (r->p->deed == STOP)
		(void)watch_while(r, r->producer, r->p->after_us);
	return true;
}

/* A reader in a process of its own comes to its end, too. */
static bool reader_finishes(struct round *r, char why[200])
{
	struct reader_page *page = &r->w->page->readers[r->p->deed != STOP];
	int status;

	if (!r->reader)
		return true;
	__atomic_store_n(&page->finish, true, __ATOMIC_RELEASE);
	do /* stopped after all: it reached its point late */
		status = await(r->reader, DEADLINE_US);
	while (status >= 0 && WIFSTOPPED(status) && kill(r->reader, SIGCONT) == 0);
	if (status < 0)
		return fail(why, "a reader hangs");
	if (WIFEXITED(status))
		r->reader = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && r->p->deed == KILL) {
		r->reader = 0; /* likewise */
		return true;
	}
	if (r->reader)
		return fail(why, "a reader ended with status %#x", (unsigned)status);
	return page->good || fail(why, "reader process: %.180s", page->why);
}

static bool comes_to_the_end(struct watcher *w, const struct page *page, const char *who,
			     char why[200])
{
	char what[200];
	bool good = watch_to_the_end(w);

	if (!good)
		return fail(why, "%s: does not come to its end", who);
	return accounted(w, page, what) || fail(why, "%s: %.170s", who, what);
}

static bool late_reader(struct round *r, char why[200])
{
	struct tally tallies[SEGMENTS] = { 0 };
	struct watcher late = { r->p, r->w->dirfd, TK_LANE_OLDEST, true, .tallies = tallies };
	bool good;

	if (r->p->queue)
		late.tallies = r->w->page->queue;
	good = comes_to_the_end(&late, r->w->page, "who comes after", why) &&
	       late_reader_gets_all(&late, r->w->page, why);
	watch_no_more(&late);
	return good;
}

/* All that was produced is known now: every reader is held to it, one after another, for a queue
 * has one at a time. */
static bool account(struct round *r, char why[200])
{
	struct page *page = r->w->page;
	bool good =
		reader_finishes(r, why) && comes_to_the_end(&r->follower, page, "who watched", why);

	good = good && none_missed(&r->follower, page, why);
	/* Of a queue a reader in a process of its own has what we could not get. */
	if (good && r->p->removes && !r->reader)
		good = watch_removes(&r->follower, why);
	watch_no_more(&r->follower);
	good = good && comes_to_the_end(&r->middle, page, "who came in the middle", why);
	watch_no_more(&r->middle);
	return good && late_reader(r, why);
}

/* One that cleans up is killed at it. */
static bool first_cleaner(struct round *r, char why[200])
{
	struct plan p = *r->p;
	pid_t pid;

	if (p.cleaner_point < 0)
		return true;
	p.point = p.cleaner_point;
	p.passing = 1 + (uint32_t)p.random % points[p.point].passings;
	p.deed = KILL;
	pid = start();
	if (pid == 0) {
		arm(&p, r->w->page);
		(void)each_name(r->w, remove_one, why);
		_exit(0);
	}
	r->w->kills[2][KILL]++;
	if (await(pid, DEADLINE_US) < 0)
		return fail(why, "a cleaner hangs");
	return true;
}

static bool unfold(struct round *r, char why[200])
{
	bool good;

	r->producer = start_producer(r);
	good = r->p->who == COLLECTOR ? collector_suffers(r, why) : producer_suffers(r, why);
	end(r->producer);
	if (good && r->w->page->why[0])
		good = gone_wrong(r, 0, why);
	good = good && account(r, why);
	if (r->reader)
		end(r->reader);
	if (good && r->p->programs && r->w->timekeeper)
		good = programs_on_the_dead(r->w, r->p, r->w->page, why);
	return good && first_cleaner(r, why) && clean(r->w, why);
}

static void remove_figures(struct worker *w)
{
	char name[32];

	for (unsigned i = 0; i < SEGMENTS; i++) {
		snprintf(name, sizeof(name), "killed-%u.unread", i);
		(void)unlinkat(w->dirfd, name, 0);
	}
}

bool run_round(struct worker *w, const struct plan *p, char why[200])
{
	static struct tally tallies[2][SEGMENTS];
	struct round r = { .w = w, .p = p, .began = now_us() };

	memset(w->page, 0, sizeof(*w->page));
	remove_figures(w);
	memset(tallies, 0, sizeof(tallies));
	r.follower = (struct watcher){ p, w->dirfd, TK_LANE_OLDEST, .tallies = tallies[0] };
	r.middle = (struct watcher){ p, w->dirfd, TK_LANE_NEWEST, .tallies = tallies[1] };
	if (p->queue)
		r.follower.tallies = r.middle.tallies = w->page->queue;
	if (!watch_presently(&r.follower))
		return fail(why, "there is no slot to be had");
	if (!unfold(&r, why))
		return false;
	for (uint32_t i = 0; i < SEGMENTS; i++)
		w->records += begun_in(w->page, i);
	return true;
}
