/* SPDX-License-Identifier: MIT */
#include "bench/measure.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tsc/freq.h"

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double tk_quantile(double *v, unsigned n, double q)
{
	qsort(v, n, sizeof(*v), compare);
	return v[(unsigned)(q * (double)(n - 1) + 0.5)];
}

void tk_rest(unsigned us)
{
	uint64_t began = tk_tsc_fast();

	while (tk_tsc_fast() - began < us * UINT64_C(2600))
		tk_relax();
}

void tk_measure(const tk_variant *variant, unsigned n, unsigned rounds, unsigned rest_us,
		double *median)
{
	double *ticks = calloc((size_t)n * rounds, sizeof(*ticks));

	if (!ticks)
		abort();
	for (unsigned i = 0; i < n; i++)
		variant[i](TK_BATCH); /* warm */
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < n; i++)
			ticks[(size_t)i * rounds + round] =
				(double)variant[i](TK_BATCH) / (double)TK_BATCH;
		tk_rest(rest_us);
	}
	for (unsigned i = 0; i < n; i++)
		median[i] = tk_quantile(&ticks[(size_t)i * rounds], rounds, 0.5);
	free(ticks);
}

void tk_bootstrap(const double *v, unsigned n, double *lo, double *hi)
{
	enum { RESAMPLES = 2000 };
	double medians[RESAMPLES], sample[64];
	unsigned seed = 1;

	if (n > 64)
		n = 64;
	for (unsigned r = 0; r < RESAMPLES; r++) {
		for (unsigned i = 0; i < n; i++)
			sample[i] = v[(unsigned)rand_r(&seed) % n];
		medians[r] = tk_quantile(sample, n, 0.5);
	}
	*lo = tk_quantile(medians, RESAMPLES, 0.025);
	*hi = tk_quantile(medians, RESAMPLES, 0.975);
}

int tk_in_processes(void (*once)(double *row), unsigned n, unsigned processes, double *all)
{
	size_t size = n * sizeof(double);
	double *row = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (row == MAP_FAILED)
		return -errno;
	for (unsigned p = 0; p < processes; p++) {
		pid_t pid;
		int status;

		fflush(NULL);
		pid = fork();
		if (pid == 0) {
			once(row);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return -ECHILD;
		memcpy(&all[(size_t)p * n], row, size);
	}
	munmap(row, size);
	return 0;
}

void tk_pin(unsigned cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	(void)sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void print_first(FILE *out, const char *label, const char *path, const char *key)
{
	char line[1024];
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (key && strncmp(line, key, strlen(key)))
			continue;
		fprintf(out, "# %s: %s", label, key ? strchr(line, ':') + 2 : line);
		break;
	}
	if (f)
		fclose(f);
	else
		fprintf(out, "# %s: unknown (no %s)\n", label, path);
}

void tk_describe_machine(FILE *out)
{
	struct tk_tsc_freq freq;
	struct utsname u;
	time_t now = time(NULL);
	char date[32];

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S %z", localtime(&now));
	uname(&u);
	fprintf(out, "# date: %s\n# commit: %s\n", date, TK_COMMIT);
	print_first(out, "cpu", "/proc/cpuinfo", "model name");
	fprintf(out, "# kernel: %s %s, %ld cpus online\n", u.release, u.machine,
		sysconf(_SC_NPROCESSORS_ONLN));
	print_first(out, "clocksource",
		    "/sys/devices/system/clocksource/clocksource0/current_clocksource", NULL);
	print_first(out, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", NULL);
	print_first(out, "isolated", "/sys/devices/system/cpu/isolated", NULL);
	print_first(out, "hypervisor", "/sys/hypervisor/type", NULL);
	if (!tk_tsc_freq_measure(10000000, &freq))
		fprintf(out, "# tsc: %.6f MHz, 1 tick = %.4f ns\n", freq.hz / 1e6, 1e9 / freq.hz);
}

static double unit(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

/* Box and Muller, 1958. */
void tk_lognormal(uint32_t *v, size_t n, double median, double sigma)
{
	uint64_t state = 88172645463325252;

	for (size_t i = 0; i < n; i++) {
		double radius = sqrt(-2 * log(unit(&state)));

		v[i] = (uint32_t)(median *
				  exp(sigma * radius * cos(6.283185307179586 * unit(&state))));
	}
}

double tk_rss_anon_mb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return (double)kb / 1024;
}

const char *tk_program_beside(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		snprintf(slash, 64, "/../collector/timekeeper");
	return path;
}
