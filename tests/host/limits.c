/* SPDX-License-Identifier: MIT */
/* Resource limits, each raised from nothing to enough. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/host/host.h"

#ifdef __SANITIZE_ADDRESS__
#define WITHOUT_ALLOCATOR() host_skip("the sanitizer's allocator needs what is refused")
#else
#define WITHOUT_ALLOCATOR() ((void)0)
#endif

static void limit(__rlimit_resource_t what, uint64_t to)
{
	struct rlimit limit;

	must(!getrlimit(what, &limit), "no such limit");
	limit.rlim_cur = to;
	must(!setrlimit(what, &limit), "cannot set the limit");
}

/* What the process has, in bytes: a field of /proc/self/statm. */
static uint64_t pages_of(unsigned field)
{
	unsigned long pages[7] = { 0 };
	FILE *f = fopen("/proc/self/statm", "r");

	must(f && fscanf(f, "%lu%lu%lu%lu%lu%lu%lu", &pages[0], &pages[1], &pages[2], &pages[3],
			 &pages[4], &pages[5], &pages[6]) == 7,
	     "no statm");
	fclose(f);
	return pages[field] * 4096;
}

static void address_space(unsigned step)
{
	WITHOUT_ALLOCATOR();
	host_start();
	limit(RLIMIT_AS, pages_of(0) + step * 4096);
	host_goes_on(NULL);
}

static const struct tk_options large = { .slots = 65536, .lanes = 8 };

/* Lanes that fill hugepages are mapped in more steps. */
static void address_space_large(unsigned step)
{
	WITHOUT_ALLOCATOR();
	host_start();
	limit(RLIMIT_AS, pages_of(0) + step * 128 * 1024);
	host_goes_on(&large);
}

/* Private memory: the table of lanes, and timers' names. */
static void data(unsigned step)
{
	WITHOUT_ALLOCATOR();
	host_start();
	limit(RLIMIT_DATA, pages_of(5) - 256 * 1024 + step * 8192);
	host_goes_on(NULL);
}

static void descriptors(unsigned step)
{
	int lowest = dup(0);

	host_start();
	close(lowest);
	limit(RLIMIT_NOFILE, (unsigned)lowest + step);
	host_goes_on(NULL);
	limit(RLIMIT_NOFILE, 256);
}

/* Beyond it, the kernel would kill with SIGXFSZ. */
static void file_size(unsigned step)
{
	host_start();
	limit(RLIMIT_FSIZE, step * 1024);
	host_goes_on(NULL);
}

static void locked_memory(unsigned step)
{
	(void)step;
	host_start();
	limit(RLIMIT_MEMLOCK, 0);
	host_goes_on(NULL);
}

/* Every page that is mapped from now on is to be locked, and none may be. */
static void everything_locked(unsigned step)
{
	(void)step;
	host_start();
	if (mlockall(MCL_FUTURE))
		host_skip("mlockall() is refused");
	host_goes_on(NULL);
	munlockall();
}

static void processes(unsigned step)
{
	(void)step;
	host_start();
	limit(RLIMIT_NPROC, 0);
	host_goes_on(NULL);
}

static void stack(unsigned step)
{
	(void)step;
	limit(RLIMIT_STACK, 64 * 1024); /* what threads get from now on, too */
	host_start();
	host_goes_on(NULL);
}

const struct scenario scenarios[] = {
	{ "RLIMIT_AS", address_space, 256, OPEN_REFUSED | JOIN_REFUSED | WORKS },
	{ "RLIMIT_AS, lanes of 2 MiB", address_space_large, 96,
	  OPEN_REFUSED | JOIN_REFUSED | WORKS },
	{ "RLIMIT_DATA", data, 64, OPEN_REFUSED | WORKS },
	{ "RLIMIT_NOFILE", descriptors, 20, OPEN_REFUSED | WORKS },
	{ "RLIMIT_FSIZE", file_size, 96, OPEN_REFUSED | JOIN_REFUSED | WORKS },
	{ "RLIMIT_MEMLOCK 0", locked_memory, 0, WORKS },
	{ "mlockall", everything_locked, 0, WORKS },
	{ "RLIMIT_NPROC 0", processes, 0, WORKS },
	{ "RLIMIT_STACK 64 KiB", stack, 0, WORKS },
	{ 0 },
};
