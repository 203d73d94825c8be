/* SPDX-License-Identifier: MIT */
/*
 * ring/memory.h - makes shared memory whose use will not fault, stall or kill the program later.
 *
 * It takes the best pages it can get, in this order: hugetlbfs pages; shared memory collapsed into
 * transparent hugepages (MADV_COLLAPSE, Linux 6.1, works unprivileged); ordinary pages. The order
 * of the steps matters; each reason was measured or met in practice:
 *
 *	RLIMIT_FSIZE first	ftruncate beyond it raises SIGXFSZ, which kills
 *	ftruncate, mmap
 *	mbind			before anything is allocated; preferred, not bound: memory elsewhere
 *				is better than none. On hugetlbfs bound: the next kind, on the node,
 *				is better than hugepages elsewhere
 *	MADV_COLLAPSE		before there are 512 small pages to zero and to copy: 0.1 ms instead
 *				of 1.3 for 2 MiB
 *	fallocate		reserves, so that a full file system says so now. Not on hugetlbfs,
 *				where it ignores the policy
 *	MADV_POPULATE_WRITE	faults everything in, and returns an error where touching would be
 *				SIGBUS
 *	move_pages		asks on which node 16 of the pages really lie
 *
 * Raw system calls instead of libnuma: the library in the watched program needs libc only. No heap
 * is used. 2 MiB cost 0.2 ms where the kernel has a hugepage to give, else 0.8 ms (bench/fork). Not
 * for signal handlers.
 */
#ifndef TK_RING_MEMORY_H
#define TK_RING_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ring/lane.h"

#define TK_HUGEPAGE (UINT64_C(2) << 20)

struct tk_memory {
	void *addr;
	size_t size;
	enum tk_pages pages;
	int node_asked; /* -1: none */
	int node_had;   /* node_asked, or the node of the first page elsewhere; -1: unknown */
};

/**
 * Create the file `name` in the directory `dirfd`, `size` bytes, zeroed, faulted in, mapped for
 * reading and writing, on NUMA node `node` if that is not negative.
 * @return 0, or -EEXIST, -EFBIG (RLIMIT_FSIZE), -ENOSPC, -ENOMEM, -EMFILE, ...; then no file is
 * left.
 */
int tk_memory_file(int dirfd, const char *name, size_t size, int node, mode_t mode,
		   struct tk_memory *m);

/**
 * The same on hugetlbfs: the file `dir/name` below the mount, for sizes that fill 2 MiB pages.
 * @return 0, or -ENOENT (no mount that may be written), -EINVAL (size), -ENOMEM (no free
 * hugepages), ...
 */
int tk_memory_huge(const char *name, size_t size, int node, mode_t mode, struct tk_memory *m);

#define TK_MEMORY_SAMPLES 16

/**
 * Ask the kernel on which nodes pages spread all over the memory lie. A negative node: the kernel
 * does not say, or the page is not mapped in this process, which has to read it first. @return 0 or
 * -errno
 */
int tk_memory_nodes(const void *addr, size_t size, int nodes[TK_MEMORY_SAMPLES]);

/** Remove a file made by tk_memory_huge(). */
void tk_memory_huge_remove(const char *name, uid_t uid);

/** Open one, O_RDONLY or O_RDWR, if `uid` owns it. @return a descriptor, or -ENOENT, -EPERM, ... */
int tk_memory_huge_open(const char *name, uid_t uid, int access);

/** The NUMA node the calling thread runs on, and its cpu; 0 and 0 if the kernel will not say. */
void tk_memory_here(unsigned *cpu, unsigned *node);

#endif
