/* SPDX-License-Identifier: MIT */
#include "ring/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring/lane.h"
#include "ring/memory.h"
#include "ring/segment.h"
#include "ring/test_point.h"

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

/* Not control characters, nor those that move, hide or reorder the text around them. */
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

bool tk_unit_valid(const char *unit)
{
	size_t length = strnlen(unit, TK_UNIT_MAX + 1);

	return length <= TK_UNIT_MAX && strspn(unit, "abcdefghijklmnopqrstuvwxyz_") == length;
}

int tk_segments_dir(char *path, size_t size)
{
	const char *dir = secure_getenv("TIMEKEEPER_DIR");
	int n;

	if (dir && *dir)
		n = snprintf(path, size, "%s", dir);
	else
		n = snprintf(path, size, TK_SHARED_PLACE "/" TK_PLACE_PREFIX "%u", geteuid());
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

pid_t tk_place_pid(const char *name)
{
	const char *dot = strrchr(name, '.');
	long pid;

	if (!dot || strlen(name) > TK_SEGMENT_NAME_MAX)
		return 0;
	while (dot > name && dot[-1] != '.')
		dot--;
	pid = dot > name ? strtol(dot, NULL, 10) : 0;
	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

void tk_place_safe(char name[TK_PLACE_NAME_MAX], const char *app, const char *end)
{
	snprintf(name, TK_PLACE_NAME_MAX, "%s%s", app, end);
	if (name[0] == '.')
		name[0] = '_';
	for (char *p = name; *p; p++) {
		if (*p == '/')
			*p = '_';
	}
}

bool tk_place_is_shared(const char *name)
{
	const char *dot = strrchr(name, '.');

	return !strcmp(name, TK_PLACE_COLLECTORS) || (dot && !strcmp(dot, TK_PLACE_UNREAD));
}

int tk_place_open(int dirfd, const char *name, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, dirfd, name, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM)) /* an old kernel, a filter */
		fd = openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC);
	return (int)fd;
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

/* No heap: the program may close its segment because it is out of memory. */
int tk_place_each(int dirfd, bool (*each)(void *arg, int dirfd, const char *name), void *arg)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	alignas(struct dirent64) char entries[4096];
	bool go_on = true;
	ssize_t n = 0;
	int ret;

	if (fd < 0)
		return -errno;
	while (go_on && (n = getdents64(fd, (void *)entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < n && go_on;) {
			const struct dirent64 *entry = (const struct dirent64 *)(entries + at);

			go_on = each(arg, dirfd, entry->d_name);
			at += entry->d_reclen;
		}
	}
	ret = n < 0 ? -errno : 0;
	close(fd);
	return ret;
}

struct removal {
	const char *segment;
	uid_t uid;
};

static bool remove_file(void *arg, int dirfd, const char *file)
{
	const struct removal *r = arg;
	int lane = index_of_name(file, "lane.");

	if (lane >= 0) {
		char huge[TK_PLACE_NAME_MAX];

		tk_place_huge(huge, r->segment, (unsigned)lane);
		tk_memory_huge_remove(huge, r->uid);
	}
	if (lane >= 0 || index_of_name(file, "slots.") >= 0 || !strcmp(file, "head") ||
	    !strcmp(file, "control"))
		unlinkat(dirfd, file, 0);
	TK_TEST_POINT("remove.file");
	return true;
}

int tk_place_remove_open(int place, int dirfd, const char *name)
{
	struct removal r = { .segment = name };
	struct stat st;
	int ret;

	if (fstat(dirfd, &st))
		return -errno;
	r.uid = st.st_uid;
	ret = tk_place_each(dirfd, remove_file, &r);
	TK_TEST_POINT("remove.emptied");
	/* An empty directory can be removed even without a descriptor to list it with. ENOENT:
	 * somebody else has removed it meanwhile. */
	if (unlinkat(place, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return ret ? ret : -errno;
}

int tk_place_remove(int place, const char *name)
{
	int fd = tk_place_open(place, name, O_RDONLY | O_DIRECTORY);
	int ret;

	if (fd < 0)
		return unlinkat(place, name, AT_REMOVEDIR) ? -errno : 0;
	ret = tk_place_remove_open(place, fd, name);
	close(fd);
	return ret;
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

	/* /proc may belong to another pid namespace, in which our pid is another process's. */
	if (pid == getpid())
		snprintf(path, sizeof(path), "/proc/self/stat");
	else
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file(path, text, sizeof(text)) <= 0)
		return 0;
	/* The second field is in parentheses, and may contain spaces and parentheses. */
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p ? strtoull(p, NULL, 10) : 0;
}
