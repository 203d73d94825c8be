/* SPDX-License-Identifier: MIT */
#include "collector/tune/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/cli/say.h"
#include "collector/engine/collector.h"
#include "collector/machine/now.h"
#include "ring/lane.h"

#define MS          UINT64_C(1000000)
#define REFUTE      2u
#define RUNS        3u /* that must hold */
#define TRIES       8u /* as many runs at the most */
#define FAST_ENOUGH 0.9
#define STALLS      5u
#define PATIENCE    (10 * TK_SECOND_NS)
#define STEP_NS     (2 * MS)
#define INTERVAL    (10 * MS) /* between the collector's reports */

/* What the collector's process reports, in memory that it shares with us. */
struct said {
	uint64_t segments, settled, lost, longest_gap_ns;
};

struct run {
	const struct tk_verify *v;
	uint64_t slots;
	char *why;
	char dir[64];
	struct said *said;
	pid_t load, collector;
	int to_load, from_load;
	uint64_t produced;
	double rate;
};

static int fail(struct run *r, int error, const char *what)
{
	snprintf(r->why, 256, "%s%s%s", what, error ? ": " : "", error ? strerror(error) : "");
	return error ? -error : -EIO;
}

/* @return 0, or -EINTR: the caller asked to stop */
static int sleep_ns(const struct run *r, uint64_t ns)
{
	uint64_t until = tk_now_ns(CLOCK_MONOTONIC) + ns;
	uint64_t now;

	while ((now = tk_now_ns(CLOCK_MONOTONIC)) < until && !*r->v->stop) {
		uint64_t left = until - now < 50 * MS ? until - now : 50 * MS;

		nanosleep(&(struct timespec){ 0, (long)left }, NULL);
	}
	return *r->v->stop ? -EINTR : 0;
}

/* The collector's process: it collects as `timekeeper stat` does, and reports only sums. */
static _Noreturn void collect(const struct run *r)
{
	struct tk_collector_options o = {
		.dir = r->dir,
		.poll_ns = r->v->poll_ns,
		.interval_ns = INTERVAL,
		.oldest = true,
		.no_past = true,
	};
	char why[256];
	struct tk_collector *c;
	uint64_t intervals = 0, gap_ns = 0;

	if (r->v->cpu >= 0)
		tk_tsc_cpus_add(&o.cpus, (unsigned)r->v->cpu);
	c = tk_collector_open(&o, why);
	if (!c)
		tk_say("%s", why);
	while (c) {
		static const struct tk_view view;
		struct tk_snapshot *s;

		tk_collector_wait(c, intervals, 100);
		s = tk_collector_snapshot(c, &view);
		if (!s)
			break;
		intervals = s->intervals;
		__atomic_store_n(&r->said->segments, s->n_segments, __ATOMIC_RELAXED);
		__atomic_store_n(&r->said->lost, s->lost, __ATOMIC_RELAXED);
		if (s->longest_gap_ns > gap_ns)
			gap_ns = s->longest_gap_ns;
		__atomic_store_n(&r->said->longest_gap_ns, gap_ns, __ATOMIC_RELAXED);
		/* Last: who sees it (await()) sees the others, too. */
		__atomic_store_n(&r->said->settled, s->delivered + s->lost, __ATOMIC_RELEASE);
		tk_snapshot_free(s);
	}
	_exit(1);
}

static int start_collector(struct run *r)
{
	pid_t parent = getpid();

	r->collector = fork();
	if (r->collector < 0)
		return fail(r, errno, "no process for the collector");
	if (r->collector > 0)
		return 0;
	signal(SIGINT, SIG_IGN); /* the parent handles it */
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	collect(r);
}

/* timekeeper-load: beside our own program, where the build leaves it, or where it is installed. */
static int find_load(char path[4096])
{
	static const char *const places[] = { "timekeeper-load",
					      "../producer/examples/timekeeper-load",
					      "../libexec/timekeeper-load" };
	ssize_t n = readlink("/proc/self/exe", path, 4000);
	char *name;

	if (n <= 0)
		return -ENOENT;
	path[n] = '\0';
	name = strrchr(path, '/') + 1;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		memcpy(name, places[i], strlen(places[i]) + 1);
		if (access(path, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

static _Noreturn void exec_load(const struct run *r, const char *path, int in, int out)
{
	char rate[32], burst[32], slots[32];

	snprintf(rate, sizeof(rate), "%" PRIu64, r->v->rate);
	snprintf(burst, sizeof(burst), "%" PRIu64, r->v->burst);
	snprintf(slots, sizeof(slots), "%" PRIu64, r->slots);
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* it removes its segment then */
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	setenv("TIMEKEEPER_DIR", r->dir, 1);
	execl(path, "timekeeper-load", "--app", "tune", "--rate", rate, "--burst", burst, "--slots",
	      slots, "--wait", NULL);
	_exit(127);
}

static int start_load(struct run *r)
{
	int in[2], out[2];
	char path[4096];

	if (find_load(path) < 0)
		return fail(
			r, 0,
			"timekeeper-load is not installed beside timekeeper; --verify needs it to "
			"make the load: install it there");
	if (pipe2(in, O_CLOEXEC))
		return fail(r, errno, "no pipe");
	if (pipe2(out, O_CLOEXEC)) {
		close(in[0]);
		close(in[1]);
		return fail(r, errno, "no pipe");
	}
	r->load = fork();
	if (r->load == 0)
		exec_load(r, path, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	r->to_load = in[1];
	r->from_load = out[0];
	return r->load < 0 ? fail(r, errno, "no process for the load") : 0;
}

/* A line that the load says. @return 0 or -errno. */
static int hear_load(struct run *r, char *line, size_t size)
{
	uint64_t until = tk_now_ns(CLOCK_MONOTONIC) + PATIENCE;
	size_t n = 0;

	while (n == 0 || line[n - 1] != '\n') {
		struct pollfd p = { .fd = r->from_load, .events = POLLIN };
		int got = poll(&p, 1, 50);

		if (*r->v->stop)
			return -EINTR;
		if (tk_now_ns(CLOCK_MONOTONIC) > until || n + 1 == size)
			return fail(r, 0, "timekeeper-load does not answer");
		if (got <= 0)
			continue;
		if (read(r->from_load, line + n, 1) != 1)
			return fail(r, 0,
				    "timekeeper-load ended early, for the reason it printed above");
		n++;
	}
	line[n] = '\0';
	return 0;
}

static int tell_load(struct run *r)
{
	return write(r->to_load, "\n", 1) == 1
		       ? 0
		       : fail(r, errno, "timekeeper-load ended before it was told to begin");
}

/* Wait until a number that the collector reports is at least `least`. */
static int await(struct run *r, const uint64_t *word, uint64_t least, const char *what)
{
	uint64_t until = tk_now_ns(CLOCK_MONOTONIC) + PATIENCE;

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < least) {
		if (sleep_ns(r, STEP_NS) < 0)
			return -EINTR;
		if (waitpid(r->collector, NULL, WNOHANG) != 0) {
			r->collector = 0;
			return fail(r, 0, "the collector's process ended");
		}
		if (tk_now_ns(CLOCK_MONOTONIC) > until)
			return fail(r, 0, what);
	}
	return 0;
}

/* Stop and continue the collector several times, each at another point of the load's period. */
static int stall(struct run *r)
{
	uint64_t stall_ns = r->v->stall_ns, random = r->slots;
	unsigned stalls = stall_ns < TK_SECOND_NS / STALLS ? STALLS : 1;
	int err = sleep_ns(r, 50 * MS);

	for (unsigned i = 0; i < stalls && !err; i++) {
		kill(r->collector, SIGSTOP);
		err = sleep_ns(r, stall_ns);
		kill(r->collector, SIGCONT);
		random = random * 6364136223846793005u + 1442695040888963407u;
		if (!err)
			err = sleep_ns(r, stall_ns + 20 * MS + (random >> 40));
	}
	return err;
}

static int play(struct run *r)
{
	unsigned long long produced;
	char line[128];
	int err = start_load(r);

	if (!err)
		err = hear_load(r, line, sizeof(line));
	if (!err)
		err = start_collector(r);
	if (!err)
		err = await(r, &r->said->segments, 1, "the collector does not see the load");
	if (!err)
		err = tell_load(r);
	if (!err)
		err = stall(r);
	if (err)
		return err;
	kill(r->load, SIGTERM);
	err = hear_load(r, line, sizeof(line));
	if (err)
		return err;
	/* NOLINTNEXTLINE(cert-err34-c): a line of our own, and a number too large fits nothing */
	if (sscanf(line, "recorded %llu in %*f s, %lf", &produced, &r->rate) != 2)
		return fail(r, 0,
			    "timekeeper-load reports in a way that is not understood: install the "
			    "same version of both");
	r->produced = produced;
	err = await(r, &r->said->settled, r->produced,
		    "the collector did not reach the end of the records within 10 s");
	if (!err && __atomic_load_n(&r->said->settled, __ATOMIC_ACQUIRE) != r->produced)
		err = fail(r, 0,
			   "delivered + lost is not what was recorded: please report this bug");
	return err;
}

/* Wait for it to end; kill it when a second has passed. */
static void reap(pid_t pid)
{
	uint64_t until = tk_now_ns(CLOCK_MONOTONIC) + TK_SECOND_NS;

	while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0) {
		if (tk_now_ns(CLOCK_MONOTONIC) > until)
			kill(pid, SIGKILL);
		nanosleep(&(struct timespec){ 0, STEP_NS }, NULL);
	}
}

/* For nftw(). */
static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* End both processes, and remove the directory with what they left there (ring/presence.h). */
static void end_run(struct run *r)
{
	if (r->to_load >= 0)
		close(r->to_load);
	if (r->load > 0)
		kill(r->load, SIGTERM);
	if (r->collector > 0)
		kill(r->collector, SIGKILL);
	reap(r->load);
	reap(r->collector);
	if (r->from_load >= 0)
		close(r->from_load);
	munmap(r->said, sizeof(*r->said));
	nftw(r->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int begin_run(struct run *r)
{
	snprintf(r->dir, sizeof(r->dir), "%s/timekeeper-tune-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(r->dir))
		return fail(r, errno, "no directory for the load");
	r->said = mmap(NULL, sizeof(*r->said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (r->said != MAP_FAILED)
		return 0;
	rmdir(r->dir);
	return fail(r, ENOMEM, "no memory for a run");
}

/* NOLINTNEXTLINE(readability-non-const-parameter): what is said goes there */
static int one_run(const struct tk_verify *v, struct tk_verified_size *s, char why[256])
{
	struct run r = { .v = v, .slots = s->slots, .why = why, .to_load = -1, .from_load = -1 };
	uint64_t lost, gap_ns;
	int err = begin_run(&r);

	if (err)
		return err;
	err = play(&r);
	lost = __atomic_load_n(&r.said->lost, __ATOMIC_RELAXED);
	gap_ns = __atomic_load_n(&r.said->longest_gap_ns, __ATOMIC_RELAXED);
	end_run(&r);
	if (err)
		return err;
	s->runs++;
	s->produced += r.produced;
	s->lost += lost;
	s->lossy += lost > 0;
	s->refuting += lost > 0 && gap_ns <= v->survives_ns;
	s->holding += lost == 0 && gap_ns >= v->stall_ns && r.rate >= FAST_ENOUGH * (double)v->rate;
	s->rate = r.rate;
	tk_say("%" PRIu64 " slots, run %u: lost %" PRIu64 " of %" PRIu64 " records", s->slots,
	       s->runs, lost, r.produced);
	if ((lost > 0 || !s->lossy) && gap_ns > s->longest_gap_ns)
		s->longest_gap_ns = gap_ns;
	return 0;
}

int tk_verify(const struct tk_verify *v, struct tk_verified *out, char why[256])
{
	struct tk_verified_size *whole = &out->whole, *half = &out->half;
	int err = 0;

	memset(out, 0, sizeof(*out));
	whole->slots = v->slots;
	tk_say("running the load, and a collector with stalls of %.3f ms",
	       (double)v->stall_ns / 1e6);
	while (!err && whole->runs < TRIES && whole->refuting < REFUTE && whole->holding < RUNS)
		err = one_run(v, whole, why);
	out->holds = whole->holding >= RUNS;
	out->refuted = whole->refuting >= REFUTE;
	if (err || v->slots / 2 < TK_LANE_SLOTS_MIN)
		return err;
	half->slots = v->slots / 2;
	while (!err && half->runs < TRIES && half->holding + half->lossy < RUNS)
		err = one_run(v, half, why);
	return err;
}
