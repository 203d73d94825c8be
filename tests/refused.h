/* SPDX-License-Identifier: MIT */
/*
 * Memory that is refused: from the allocation of number fails_at on, fails_for of them fail with
 * ENOMEM. One file of a program includes this; it replaces the allocator's entries. A sanitizer's
 * allocator cannot be replaced: then SANITIZED is defined, and nothing is refused.
 */
#ifndef TK_TESTS_REFUSED_H
#define TK_TESTS_REFUSED_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static long fails_at = -1, fails_for; /* -1: none fails, and none is counted */
static long allocations;

#ifndef SANITIZED
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static bool refused(void)
{
	long n = fails_at < 0 ? -1 : allocations++;

	if (fails_at < 0 || n < fails_at || n >= fails_at + fails_for)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return refused() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return refused() ? NULL : __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t n, size_t size)
{
	return refused() ? NULL : __libc_realloc(p, n * size);
}

void *aligned_alloc(size_t align, size_t size)
{
	return refused() ? NULL : __libc_memalign(align, size);
}
#endif

#endif
