/* SPDX-License-Identifier: MIT */
/*
 * What recordings cost: recording [PART [ARGUMENTS]]
 *
 *	record [SECONDS [INTERVAL_MS]]	cpu time of `timekeeper record` and bytes a minute, of 1,000
 *				timers with both measures, 200 samples each an interval (20 s of
 *				1000 ms)
 *	read [MIB]		`timekeeper report` on such a log of so many MiB (1024): its cpu
 *				time over that of inflating the same histograms alone, and memory
 *
 * Without an argument: both. Samples are log-normal, σ 0.5 around 3,000 ticks. Files are in $TMPDIR
 * or /tmp. $TIMEKEEPER is the program; else the one of this build.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <nettle/base64.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "bench/measure.h"
#include "collector/hlog/file.h"
#include "collector/hlog/lines.h"
#include "collector/hlog/write.h"
#include "producer/timekeeper.h"

#define TIMERS   1000u
#define SAMPLES  200u /* a measure, an interval */
#define TABLE    65536u
#define EVERY_US 10000
#define MEDIAN   3000

static uint32_t table[TABLE];
static char place[64], file[512];

static uint64_t sample(void)
{
	static uint32_t drawn;

	return table[drawn++ * 40503u % TABLE];
}

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "recording: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const char *program(const char *self)
{
	static char path[4096];
	const char *given = getenv("TIMEKEEPER"), *slash = strrchr(self, '/');

	if (given)
		return given;
	snprintf(path, sizeof(path), "%.*s/../collector/timekeeper",
		 slash ? (int)(slash - self) : 1, slash ? self : ".");
	return path;
}

/* Run the program, with nothing on its standard output. @return its cpu time in s */
static double run(char *const argv[], struct rusage *used)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, used) != pid || status)
		give_up(argv[0]);
	return (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) +
	       (double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1e6;
}

/* ---- record ---- */

static double monotonic_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One span of each timer after the other, evenly over the interval, for ever. */
static _Noreturn void produce(double interval_s)
{
	double a_second = TIMERS * SAMPLES / interval_s, began;
	static tk_timer_t timer[TIMERS];
	uint64_t done = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (tk_open("bench", NULL) < 0)
		_exit(1);
	for (unsigned i = 0; i < TIMERS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "Sequencer-%u", i);
		timer[i] = tk_timer(name);
	}
	for (began = monotonic_s();; usleep(EVERY_US)) {
		uint64_t now = tk_now(), due = (uint64_t)((monotonic_s() - began) * a_second);

		for (; done < due; done++) {
			struct tk_origin origin = { .ticks = now - sample() };

			tk_record_span(timer[done % TIMERS], now, now + sample(), origin);
		}
		tk_flush();
	}
}

/* Of the log's later half: at its beginning the program has not found all timers yet. */
static double bytes_a_line(void)
{
	struct tk_hlog_lines l = { .fd = open(file, O_RDONLY), .max = 1 << 20 };
	struct tk_hlog_line line;
	struct stat st;
	double bytes = 0, lines = 0, at = 0;

	if (l.fd < 0 || fstat(l.fd, &st))
		give_up(file);
	while (tk_hlog_lines_next(&l, &line) > 0) {
		at += (double)line.size + 1;
		if (at < (double)st.st_size / 2)
			continue;
		bytes += (double)line.size + 1;
		lines += *line.text == 'T';
	}
	tk_hlog_lines_free(&l);
	close(l.fd);
	return bytes / lines;
}

static void record(const char *self, unsigned seconds, unsigned interval_ms)
{
	char interval[32], duration[32];
	char *argv[] = { (char *)program(self), "record", "-o",         file,     "--force",
			 "--interval",          interval, "--duration", duration, NULL };
	struct rusage used = { 0 };
	double cpu, bytes;
	pid_t pid;

	strcpy(place, "/dev/shm/tk-recording-XXXXXX");
	if (!mkdtemp(place) || setenv("TIMEKEEPER_DIR", place, 1))
		give_up(place);
	pid = fork();
	if (pid == 0)
		produce(interval_ms / 1e3);
	snprintf(interval, sizeof(interval), "%ums", interval_ms);
	snprintf(duration, sizeof(duration), "%us", seconds);
	usleep(500000);
	cpu = run(argv, &used);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", place);
	if (system(command))
		give_up(place);
	bytes = bytes_a_line();
	printf("record: 1,000 timers, both measures, 200 samples an interval of %u ms: "
	       "%.0f bytes a line, %.1f MB a minute, %.1f %% of a core, %ld MiB\n",
	       interval_ms, bytes, bytes * 2 * TIMERS * 60e3 / interval_ms / 1e6,
	       cpu / seconds * 100, used.ru_maxrss / 1024);
}

/* ---- read ---- */

static struct tk_bins draw(void)
{
	struct tk_bins b = { 0 };

	for (unsigned i = 0; i < SAMPLES; i++)
		tk_bins_add(&b, sample(), 1);
	return b;
}

static void put_interval(struct tk_hlog_writer *w, unsigned number)
{
	for (unsigned i = 0; i < 2 * TIMERS; i++) {
		struct tk_bins b = draw();
		char timer[32];
		struct tk_hlog_where at = { "bench", timer, i % 2, (int64_t)number * 1000000000,
					    1000000000 };

		snprintf(timer, sizeof(timer), "Sequencer-%u", i / 2);
		tk_hlog_put_histogram(w, &at, &b, 0.385);
		tk_bins_free(&b);
	}
}

static void make_log(uint64_t bytes)
{
	struct tk_hlog_file f = { 0 };
	struct tk_hlog_writer w;
	char why[256];

	if (tk_hlog_file_open(&f, file, true, why) || tk_hlog_writer_open(&w))
		give_up(file);
	tk_hlog_put_header(&w, INT64_C(1764460000000000000));
	for (unsigned i = 0; f.size < bytes; i++) {
		put_interval(&w, i);
		if (tk_hlog_file_write(&f, w.text, w.size))
			give_up(file);
		tk_hlog_clear(&w);
	}
	tk_hlog_writer_close(&w);
	tk_hlog_file_close(&f);
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Decode base64, and then inflate, so that only the latter is timed. @return s */
static double inflate_line(z_stream *z, char *line)
{
	static uint8_t bytes[1 << 20], out[1 << 20];
	char *text = strrchr(line, ',');
	struct base64_decode_ctx c;
	size_t size = sizeof(bytes);
	double began;

	if (*line != 'T' || !text)
		return 0;
	base64_decode_init(&c);
	base64_decode_update(&c, &size, bytes, strlen(text + 1), text + 1);
	began = cpu_s();
	inflateReset(z);
	z->next_in = bytes + 8;
	z->avail_in = (uInt)size - 8;
	z->next_out = out;
	z->avail_out = sizeof(out);
	inflate(z, Z_FINISH);
	return cpu_s() - began;
}

static double inflate_all(void)
{
	struct tk_hlog_lines l = { .fd = open(file, O_RDONLY), .max = 1 << 20 };
	double sum = 0, began, empty;
	struct tk_hlog_line line;
	uint64_t lines = 0;
	z_stream z = { 0 };

	if (l.fd < 0 || inflateInit(&z) != Z_OK)
		give_up(file);
	for (; tk_hlog_lines_next(&l, &line) > 0; lines++)
		sum += inflate_line(&z, line.text);
	began = cpu_s();
	for (unsigned i = 0; i < 1000000; i++)
		empty = cpu_s();
	inflateEnd(&z);
	tk_hlog_lines_free(&l);
	close(l.fd);
	return sum - (empty - began) / 1e6 * (double)lines;
}

static void read_back(const char *self, uint64_t mib)
{
	char *argv[] = { (char *)program(self), "report", file, NULL };
	struct rusage used = { 0 };
	double alone, cpu;

	make_log(mib << 20);
	alone = inflate_all();
	cpu = run(argv, &used);
	printf("read: report on %lu MiB: %.2f s of cpu, %.2f of them are what inflating takes "
	       "alone: "
	       "ratio %.2f; %ld MiB\n",
	       (unsigned long)mib, cpu, alone, cpu / alone, used.ru_maxrss / 1024);
}

static unsigned number(int argc, char **argv, int i, unsigned otherwise)
{
	return argc > i ? (unsigned)strtoul(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "", *tmp = getenv("TMPDIR");

	snprintf(file, sizeof(file), "%.400s/tk-recording-%d.hlog", tmp ? tmp : "/tmp", getpid());
	tk_describe_machine(stdout);
	tk_lognormal(table, TABLE, MEDIAN, 0.5);
	if (!*part || !strcmp(part, "record"))
		record(argv[0], number(argc, argv, 2, 20), number(argc, argv, 3, 1000));
	if (!*part || !strcmp(part, "read"))
		read_back(argv[0], number(argc, argv, 2, 1024));
	unlink(file);
	return 0;
}
