/* SPDX-License-Identifier: MIT */
#include "ring/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring/lane.h"
#include "ring/memory.h"
#include "ring/segment.h"

/* Decode one code point; 0 if it is not well-formed UTF-8 (overlong, surrogate, out of range). */
static uint32_t decode(const unsigned char **p)
{
	const unsigned char *s = *p;
	unsigned more = s[0] < 0x80   ? 0
			: s[0] < 0xc2 ? 9
			: s[0] < 0xe0 ? 1
			: s[0] < 0xf0 ? 2
			: s[0] < 0xf5 ? 3
				      : 9;
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t c;

	if (more > 3)
		return 0;
	c = more ? s[0] & (0x3fu >> more) : s[0];
	for (unsigned i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	*p = s + more + 1;
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return c;
}

/* Controls, and what moves, hides or reorders what is printed around it. */
static bool printable(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0xfeff)
		return false;
	if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e))
		return false;
	if ((c >= 0x2060 && c <= 0x206f) || (c >= 0xfff9 && c <= 0xfffb) || c >= 0xe0000)
		return false;
	return true;
}

bool tk_name_valid(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;
	size_t length = strnlen(name, TK_NAME_MAX + 1);

	if (length == 0 || length > TK_NAME_MAX)
		return false;
	while (*p) {
		if (!printable(decode(&p)))
			return false;
	}
	return true;
}

int tk_segments_dir(char *path, size_t size)
{
	const char *dir = secure_getenv("TIMEKEEPER_DIR");
	int n;

	if (dir && *dir)
		n = snprintf(path, size, "%s", dir);
	else
		n = snprintf(path, size, "/dev/shm/timekeeper-%u", geteuid());
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int tk_fail(char why[TK_WHY_MAX], int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, TK_WHY_MAX, format, args);
	va_end(args);
	return -error;
}

void tk_place_lane(char name[TK_PLACE_NAME_MAX], unsigned index)
{
	snprintf(name, TK_PLACE_NAME_MAX, "lane.%u", index);
}

void tk_place_slots(char name[TK_PLACE_NAME_MAX], unsigned index)
{
	snprintf(name, TK_PLACE_NAME_MAX, "slots.%u", index);
}

void tk_place_huge(char name[TK_PLACE_NAME_MAX], const char *segment, unsigned index)
{
	snprintf(name, TK_PLACE_NAME_MAX, "%.*s.slots.%u", (int)TK_SEGMENT_NAME_MAX, segment,
		 index);
}

static size_t whole_pages(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

size_t tk_place_head_size(uint32_t max_timers)
{
	return whole_pages(TK_SEGMENT_TIMERS + max_timers * sizeof(struct tk_segment_timer));
}

size_t tk_place_lane_size(uint32_t max_timers)
{
	return whole_pages(TK_LANE_COUNTS + max_timers * sizeof(uint64_t));
}

/* The index of "prefix.N", or -1. */
static int index_of_name(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);
	char *end;
	long index;

	if (strncmp(name, prefix, length) || name[length] < '0' || name[length] > '9')
		return -1;
	index = strtol(name + length, &end, 10);
	return *end || index >= (long)TK_LANES_MAX ? -1 : (int)index;
}

static void remove_file(int dirfd, const char *segment, uid_t uid, const char *file)
{
	int lane = index_of_name(file, "lane.");

	if (lane >= 0) {
		char huge[TK_PLACE_NAME_MAX];

		tk_place_huge(huge, segment, (unsigned)lane);
		tk_memory_huge_remove(huge, uid);
	}
	if (lane >= 0 || index_of_name(file, "slots.") >= 0 || !strcmp(file, "head") ||
	    !strcmp(file, "control"))
		unlinkat(dirfd, file, 0);
}

int tk_place_remove(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fstat(fd, &st) ? NULL : fdopendir(fd);
	if (!dir) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	while ((entry = readdir(dir)))
		remove_file(fd, name, st.st_uid, entry->d_name);
	closedir(dir);
	return unlinkat(dirfd, name, AT_REMOVEDIR) ? -errno : 0;
}

static ssize_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

void tk_boot_id(char id[40])
{
	if (read_file("/proc/sys/kernel/random/boot_id", id, 40) < 0)
		id[0] = '\0';
	id[strcspn(id, "\n")] = '\0';
}

uint64_t tk_process_start(pid_t pid)
{
	char path[32], text[1024];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file(path, text, sizeof(text)) <= 0)
		return 0;
	/* The second field, in parentheses, may itself hold spaces and parentheses. */
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p ? strtoull(p, NULL, 10) : 0;
}
