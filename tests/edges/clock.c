/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a collector: its wall clock alone is moved by the ns that stand in the file
 * $EDGES_CLOCK, as an administrator or a time daemon would move everybody's.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t nowhere, *moved_by = &nowhere;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("EDGES_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p = MAP_FAILED;

	if (fd >= 0) {
		p = mmap(NULL, sizeof(*moved_by), PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (p != MAP_FAILED)
		moved_by = p;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int64_t ns;
	int ret;

	if (!real_clock_gettime)
		*(void **)&real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	ret = real_clock_gettime(clock, t);
	if (ret || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
		return ret;
	ns = t->tv_sec * INT64_C(1000000000) + t->tv_nsec +
	     __atomic_load_n(moved_by, __ATOMIC_RELAXED);
	t->tv_sec = ns / 1000000000;
	t->tv_nsec = ns % 1000000000;
	return 0;
}

time_t time(time_t *to)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (to)
		*to = t.tv_sec;
	return t.tv_sec;
}

int gettimeofday(struct timeval *to, void *zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	to->tv_sec = t.tv_sec;
	to->tv_usec = t.tv_nsec / 1000;
	return 0;
}
