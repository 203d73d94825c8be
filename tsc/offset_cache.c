/* SPDX-License-Identifier: MIT */
/*
 * tsc/offset_cache.c - the file that keeps offsets for later in the same boot. Text:
 *
 *	timekeeper-offsets 1 <boot id> <reference cpu> <n>
 *	<cpu> <error> <lo> <hi> <rounds> <narrowest>		n times, ascending by cpu
 */
#include "tsc/offset.h"

#include "tsc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME    "tsc-offsets"
#define FILE_MAX     (512 * 1024)
#define TICKS_MAX    (INT64_C(1) << 60) /* beyond it, differences would overflow */
#define ERRNO_MAX    4095
#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

static int read_boot_id(char id[64])
{
	ssize_t got = tk_tsc_file_read("", BOOT_ID_PATH, id, 64);

	if (got < 0)
		return (int)got;
	return got > 0 && !strpbrk(id, " \n") ? 0 : -ENODATA;
}

static int print_offsets(int fd, const char *boot_id, const struct tk_tsc_offsets *o)
{
	FILE *f = fdopen(fd, "w");
	bool bad;

	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	fprintf(f, "timekeeper-offsets 1 %s %d %" PRIu32 "\n", boot_id, o->ref_cpu, o->n);
	for (uint32_t i = 0; i < o->n; i++) {
		const struct tk_tsc_offset *v = &o->v[i];

		fprintf(f, "%d %d %" PRId64 " %" PRId64 " %" PRIu32 " %" PRIu32 "\n", v->cpu,
			v->error, v->lo, v->hi, v->rounds, v->narrowest);
	}
	bad = ferror(f);
	return fclose(f) || bad ? -EIO : 0;
}

/*
 * Accept only the caller's own directory that nobody else may write into: in another, somebody
 * could plant a file, or a link that leads our file elsewhere.
 */
static int open_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
	if (fstat(fd, &st) || st.st_uid != geteuid() || st.st_mode & 022) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

int tk_tsc_offsets_save(const char *dir, const struct tk_tsc_offsets *o)
{
	char boot_id[64], temp[64];
	int dirfd, fd, err;

	err = read_boot_id(boot_id);
	if (err)
		return err;
	dirfd = open_dir(dir);
	if (dirfd < 0)
		return dirfd;
	snprintf(temp, sizeof(temp), "." FILE_NAME ".%d", (int)getpid());
	unlinkat(dirfd, temp, 0); /* a killed process with our pid may have left one */
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	err = fd < 0 ? -errno : print_offsets(fd, boot_id, o);
	if (!err && renameat(dirfd, temp, dirfd, FILE_NAME))
		err = -errno;
	if (err && fd >= 0)
		unlinkat(dirfd, temp, 0);
	close(dirfd);
	return err;
}

/* Read the whole file, if its owner and mode show that only the caller can have written it. */
static int read_trusted(const char *dir, char **text)
{
	struct stat st;
	ssize_t got = 0;
	size_t size;
	int fd, err, dirfd = open_dir(dir);

	if (dirfd < 0)
		return dirfd;
	fd = openat(dirfd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	err = fd < 0 ? (errno == ELOOP ? -EPERM : -errno) : 0;
	close(dirfd);
	if (err)
		return err;

	if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022)
		err = -EPERM;
	else if (st.st_size <= 0 || st.st_size > FILE_MAX)
		err = -EBADMSG;
	else if (!(*text = malloc((size_t)st.st_size + 1)))
		err = -ENOMEM;
	size = err ? 0 : (size_t)st.st_size;
	if (!err && (got = pread(fd, *text, size, 0)) < 0)
		err = -errno;
	close(fd);
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): errno is not 0 */
	if (!err && ((size_t)got != size || memchr(*text, '\0', size)))
		err = -EBADMSG;
	if (err)
		free(*text);
	else
		(*text)[size] = '\0';
	return err;
}

/* Take one decimal number within limits, and the one separator that must follow it. */
static bool take(char **p, int64_t min, int64_t max, char then, int64_t *out)
{
	char *end;

	if (**p != '-' && (**p < '0' || **p > '9'))
		return false;
	errno = 0;
	*out = strtoll(*p, &end, 10);
	if (errno || end == *p || *end != then || *out < min || *out > max)
		return false;
	*p = end + 1;
	return true;
}

static bool take_offset(char **p, int after, int ref_cpu, struct tk_tsc_offset *o)
{
	int64_t cpu, error, lo, hi, rounds, narrowest;

	if (!take(p, after + 1, TK_TSC_CPUS - 1, ' ', &cpu) || cpu == ref_cpu ||
	    !take(p, -ERRNO_MAX, 0, ' ', &error) || !take(p, -TICKS_MAX, TICKS_MAX, ' ', &lo) ||
	    !take(p, lo, TICKS_MAX, ' ', &hi) || !take(p, 0, UINT32_MAX, ' ', &rounds) ||
	    !take(p, 0, UINT32_MAX, '\n', &narrowest))
		return false;
	*o = (struct tk_tsc_offset){
		.cpu = (int)cpu,
		.error = (int)error,
		.lo = lo,
		.hi = hi,
		.est = lo + (hi - lo) / 2,
		.rounds = (uint32_t)rounds,
		.narrowest = (uint32_t)narrowest,
	};
	return true;
}

static int parse(char *p, const char *boot_id, struct tk_tsc_offsets *out)
{
	static const char magic[] = "timekeeper-offsets 1 ";
	int64_t ref_cpu, n;
	char *space;

	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): errno is not 0 */
	if (strncmp(p, magic, sizeof(magic) - 1) != 0)
		return -EBADMSG;
	p += sizeof(magic) - 1;
	space = strchr(p, ' ');
	if (!space)
		return -EBADMSG;
	*space = '\0';
	if (strcmp(p, boot_id) != 0)
		return -ESTALE;
	p = space + 1;
	if (!take(&p, 0, TK_TSC_CPUS - 1, ' ', &ref_cpu) || !take(&p, 0, TK_TSC_CPUS - 1, '\n', &n))
		return -EBADMSG;

	out->ref_cpu = (int)ref_cpu;
	out->v =
		calloc((size_t)n + 1, sizeof(*out->v)); /* never 0 bytes: NULL would mean failure */
	if (!out->v)
		return -ENOMEM;
	for (; out->n < n; out->n++)
		if (!take_offset(&p, out->n ? out->v[out->n - 1].cpu : -1, out->ref_cpu,
				 &out->v[out->n]))
			return -EBADMSG;
	return *p ? -EBADMSG : 0;
}

int tk_tsc_offsets_load(const char *dir, struct tk_tsc_offsets *out)
{
	char boot_id[64];
	char *text = NULL;
	int err;

	*out = (struct tk_tsc_offsets){ .ref_cpu = -1 };
	err = read_boot_id(boot_id);
	if (!err)
		err = read_trusted(dir, &text);
	if (err)
		return err;
	err = parse(text, boot_id, out);
	free(text);
	if (err)
		tk_tsc_offsets_free(out);
	return err;
}
