/* SPDX-License-Identifier: MIT */
#include "ring/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ring/test_point.h"

/* Older headers lack these. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define MPOL_PREFERRED  1
#define MPOL_BIND       2
#define HUGETLBFS_MAGIC 0x958458f6
#define NODES_MAX       1024

/* The mount that distributions, systemd and DPDK's documentation use: the only one that is
 * trusted. */
#define HUGE_MOUNT "/dev/hugepages"

void tk_memory_here(unsigned *cpu, unsigned *node)
{
	if (syscall(SYS_getcpu, cpu, node, NULL)) {
		*cpu = 0;
		*node = 0;
	}
}

static int fits_limit(size_t size)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    limit.rlim_cur < size)
		return -EFBIG;
	return 0;
}

/* If the size is a multiple of a hugepage, make the address one, too: MADV_COLLAPSE needs that. */
static void *map_aligned(int fd, size_t size)
{
	size_t align = size % TK_HUGEPAGE ? 0 : TK_HUGEPAGE;
	char *area, *at;

	if (!align)
		return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	area = mmap(NULL, size + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		    0);
	if (area == MAP_FAILED)
		return MAP_FAILED;
	at = area + (align - (uintptr_t)area % align) % align;
	if (at > area)
		munmap(area, (size_t)(at - area));
	if (at < area + align)
		munmap(at + size, (size_t)(area + align - at));
	if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
		int error = errno;

		munmap(at, size);
		errno = error;
		return MAP_FAILED;
	}
	return at;
}

static void choose_node(void *addr, size_t size, int node, int policy)
{
	unsigned long mask[NODES_MAX / (8 * sizeof(long))] = { 0 };
	const unsigned bits = 8 * sizeof(long);

	if (node < 0 || node >= NODES_MAX)
		return;
	mask[(unsigned)node / bits] = 1UL << (unsigned)node % bits;
	/* If it is refused (seccomp, no NUMA), the memory is usable anyway, and node_had says
	 * where. */
	(void)syscall(SYS_mbind, addr, size, policy, mask, (unsigned long)NODES_MAX + 1, 0);
}

int tk_memory_nodes(const void *addr, size_t size, int nodes[TK_MEMORY_SAMPLES])
{
	const void *pages[TK_MEMORY_SAMPLES];

	for (size_t i = 0; i < TK_MEMORY_SAMPLES; i++)
		pages[i] = (const char *)addr + size / TK_MEMORY_SAMPLES * i;
	if (syscall(SYS_move_pages, 0, (unsigned long)TK_MEMORY_SAMPLES, pages, NULL, nodes, 0))
		return -errno;
	return 0;
}

/* The node asked for if all samples lie there, else that of the first that does not. */
static int node_had(const struct tk_memory *m)
{
	int nodes[TK_MEMORY_SAMPLES], elsewhere = 0;

	if (tk_memory_nodes(m->addr, m->size, nodes))
		return -1;
	while (elsewhere < TK_MEMORY_SAMPLES - 1 && nodes[elsewhere] == m->node_asked)
		elsewhere++;
	return nodes[elsewhere] < 0 ? -1 : nodes[elsewhere];
}

/*
 * Make hugepages of a file before it has others. MADV_COLLAPSE fills the holes of a file with
 * zeros, so that nothing is zeroed twice or copied: 2 MiB take 0.1 ms, and 1.3 ms if their 512
 * small pages come first (Linux 6.18, KVM). One small page has to be there: an empty range is
 * refused, and the kernel takes the hugepage from the node that the small one lies on. One at a
 * time: where a node has not enough, small pages on it would hide that the rest lies elsewhere.
 */
static bool collapse(char *addr, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (char *at = addr; at < addr + size; at += TK_HUGEPAGE)
		if (madvise(at, page, MADV_POPULATE_WRITE) ||
		    madvise(at, TK_HUGEPAGE, MADV_COLLAPSE))
			return false;
	return true;
}

static int fill(int fd, size_t size, struct tk_memory *m, bool huge)
{
	int ret = fits_limit(size);
	bool collapsed;

	if (ret)
		return ret;
	if (ftruncate(fd, (off_t)size))
		return -errno;
	TK_TEST_POINT("memory.sized");
	m->addr = map_aligned(fd, size);
	if (m->addr == MAP_FAILED)
		return -errno;
	m->size = size;
	choose_node(m->addr, size, m->node_asked, huge ? MPOL_BIND : MPOL_PREFERRED);
	collapsed = !huge && size % TK_HUGEPAGE == 0 && collapse(m->addr, size);
	if (!huge && fallocate(fd, 0, 0, (off_t)size) && errno != EOPNOTSUPP)
		goto undo;
	if (madvise(m->addr, size, MADV_POPULATE_WRITE)) {
		/* Linux before 5.14. fallocate() has reserved the memory, so touching it is safe;
		 * not on hugetlbfs, where it reserves nothing. */
		if (errno != EINVAL || huge)
			goto undo;
		memset(m->addr, 0, size);
	}
	m->pages = huge ? TK_PAGES_HUGETLB : collapsed ? TK_PAGES_COLLAPSED : TK_PAGES_SMALL;
	m->node_had = node_had(m);
	return 0;
undo:
	ret = -errno;
	munmap(m->addr, size);
	return ret;
}

static int make(int dirfd, const char *name, size_t size, int node, mode_t mode,
		struct tk_memory *m, bool huge)
{
	int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int ret;

	if (fd < 0)
		return -errno;
	TK_TEST_POINT("memory.created");
	(void)fchmod(fd, mode); /* whatever the umask */
	m->node_asked = node;
	ret = fill(fd, size, m, huge);
	close(fd);
	if (ret)
		unlinkat(dirfd, name, 0);
	return ret;
}

int tk_memory_file(int dirfd, const char *name, size_t size, int node, mode_t mode,
		   struct tk_memory *m)
{
	return make(dirfd, name, size, node, mode, m, false);
}

/* The user's directory below the mount. It must be hugetlbfs with 2 MiB pages, and `uid`'s
 * alone. */
static int huge_dir(uid_t uid, bool create)
{
	char path[64];
	struct statfs fs;
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), HUGE_MOUNT "/timekeeper-%u", uid);
	if (statfs(HUGE_MOUNT, &fs) || fs.f_type != HUGETLBFS_MAGIC ||
	    (uint64_t)fs.f_bsize != TK_HUGEPAGE)
		return -ENOENT;
	if (create && mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || st.st_uid != uid || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

int tk_memory_huge(const char *name, size_t size, int node, mode_t mode, struct tk_memory *m)
{
	int dirfd, ret;

	if (size == 0 || size % TK_HUGEPAGE)
		return -EINVAL;
	dirfd = huge_dir(geteuid(), true);
	if (dirfd < 0)
		return dirfd;
	ret = make(dirfd, name, size, node, mode, m, true);
	close(dirfd);
	return ret;
}

void tk_memory_huge_remove(const char *name, uid_t uid)
{
	int dirfd = huge_dir(uid, false);

	if (dirfd < 0)
		return;
	unlinkat(dirfd, name, 0);
	close(dirfd);
}

int tk_memory_huge_open(const char *name, uid_t uid, int access)
{
	int dirfd = huge_dir(uid, false);
	int fd;

	if (dirfd < 0)
		return dirfd;
	fd = openat(dirfd, name, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		fd = -errno;
	close(dirfd);
	return fd;
}
