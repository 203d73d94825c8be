/* SPDX-License-Identifier: MIT */
/*
 * Token exchange between real cores with skews that the test injects, and the file that keeps the
 * result, with everything that may be wrong with it.
 */
#include "tsc/check.h"
#include "tsc/offset.h"
#include "tsc/read.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SKEW 1000000 /* ticks: far past any round trip, so that it is seen however noisy we are */

static char dir[64], path[128];
static int cpus[2];

static void make_dir(void)
{
	strcpy(dir, "/tmp/tk-offset-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/tsc-offsets", dir);
}

static int drop(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(name);
}

static void drop_dir(void)
{
	nftw(dir, drop, 4, FTW_DEPTH | FTW_PHYS);
}

TestSuite(offset, .timeout = 40);
TestSuite(cache, .init = make_dir, .fini = drop_dir);

/* Two cpus of ours and a counter that may be read, or skip. */
static void need_two_cpus(void)
{
	char why[256];
	cpu_set_t set;
	int n = 0;

	if (tk_tsc_quick(why, sizeof(why)))
		cr_skip_test("%s", why);
	cr_assert_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++)
		if (CPU_ISSET((size_t)cpu, &set))
			cpus[n++] = cpu;
	if (n < 2)
		cr_skip_test("only one cpu in this cpuset");
}

static uint64_t ahead(void)
{
	return tk_tsc_fenced() + SKEW;
}

static uint64_t behind(void)
{
	return tk_tsc_fenced() - SKEW;
}

/* Measured, or too busy a machine to measure anything: then skip. */
static struct tk_tsc_offset measure(const struct tk_tsc_offset_how *how)
{
	struct tk_tsc_offset o;
	int err = tk_tsc_offset_pair(cpus[0], cpus[1], how, &o);

	if (err == -ETIMEDOUT)
		cr_skip_test("machine too busy for 50 rounds each way in the time allowed");
	cr_assert_eq(err, 0, "%s", strerror(-err));
	cr_assert_eq(o.cpu, cpus[1]);
	return o;
}

Test(offset, an_interval_no_wider_than_the_narrowest_round_trip)
{
	const struct tk_tsc_offset_how how = { .deadline_ns = UINT64_C(10000000000) };
	struct tk_tsc_offset o;

	need_two_cpus();
	o = measure(&how);
	cr_expect(o.lo <= o.est && o.est <= o.hi);
	cr_expect(o.hi - o.lo <= (int64_t)o.narrowest, "[%ld, %ld], round trip %u", o.lo, o.hi,
		  o.narrowest);
	cr_expect(o.narrowest > 0 && o.narrowest < UINT32_MAX);
	cr_expect(o.rounds >= 100 && o.rounds <= TK_TSC_OFFSET_ROUNDS);
}

/*
 * The same pair with and without the skew: both intervals are true, so once the skew is taken off
 * they must overlap, whatever the cores' own difference is and however noisy the machine.
 */
static void expect_skew(const struct tk_tsc_offset_how *how, int64_t skew)
{
	const struct tk_tsc_offset_how plain = { .deadline_ns = how->deadline_ns };
	struct tk_tsc_offset own, o;

	need_two_cpus();
	own = measure(&plain);
	o = measure(how);
	cr_expect(o.lo - skew <= own.hi && own.lo <= o.hi - skew, "[%ld, %ld] against [%ld, %ld]",
		  o.lo, o.hi, own.lo, own.hi);
	cr_expect(llabs(o.est - skew - own.est) <= (o.hi - o.lo + own.hi - own.lo) / 2 + 1);
	/* A round trip on a noisy machine may hide the skew; what it must not do is find another.
	 */
	if (o.narrowest < SKEW / 2 && llabs(own.est) < SKEW / 4) {
		cr_expect(tk_tsc_offset_correctable(&o));
		cr_expect_eq(o.est > 0, skew > 0);
	}
}

Test(offset, a_peer_ahead_is_found)
{
	const struct tk_tsc_offset_how how = { .read_peer = ahead,
					       .deadline_ns = UINT64_C(10000000000) };

	expect_skew(&how, SKEW);
}

Test(offset, a_peer_behind_is_found)
{
	const struct tk_tsc_offset_how how = { .read_peer = behind,
					       .deadline_ns = UINT64_C(10000000000) };

	expect_skew(&how, -SKEW);
}

Test(offset, a_reference_ahead_is_a_peer_behind)
{
	const struct tk_tsc_offset_how how = { .read_ref = ahead,
					       .deadline_ns = UINT64_C(10000000000) };

	expect_skew(&how, -SKEW);
}

/* The counter steps in the middle: rounds before and after exclude each other. */
static uint64_t stepping(void)
{
	static unsigned int reads;

	return tk_tsc_fenced() + (++reads > 500 ? UINT64_C(1) << 40 : 0);
}

Test(offset, a_step_while_measuring_is_an_error)
{
	const struct tk_tsc_offset_how how = { .read_peer = stepping,
					       .deadline_ns = UINT64_C(20000000000) };
	struct tk_tsc_offset o;
	int err;

	need_two_cpus();
	err = tk_tsc_offset_pair(cpus[0], cpus[1], &how, &o);
	if (err == -ETIMEDOUT)
		cr_skip_test("machine too busy");
	cr_expect_eq(err, -EIO);
	cr_expect(o.lo == 0 && o.hi == 0 && !tk_tsc_offset_correctable(&o));
}

/* A peer that hangs on its first stamp until well after the deadline. */
static uint64_t hanging(void)
{
	struct timespec ts = { .tv_nsec = 300000000 };

	nanosleep(&ts, NULL);
	return 0;
}

Test(offset, a_peer_that_does_not_answer_is_given_up)
{
	const struct tk_tsc_offset_how how = { .read_peer = hanging, .deadline_ns = 20000000 };
	struct tk_tsc_offset o;

	need_two_cpus();
	cr_expect_eq(tk_tsc_offset_pair(cpus[0], cpus[1], &how, &o), -ETIMEDOUT);
	cr_expect_eq(o.error, -ETIMEDOUT);
	cr_expect_eq(o.rounds, 0);
}

Test(offset, both_on_one_cpu_ends_too)
{
	const struct tk_tsc_offset_how how = { .deadline_ns = 50000000 };
	struct tk_tsc_offset o;
	int err;

	need_two_cpus();
	err = tk_tsc_offset_pair(cpus[0], cpus[0], &how, &o);
	cr_expect(err == -ETIMEDOUT || err == 0, "%s", strerror(-err));
}

Test(offset, a_cpu_that_cannot_be_pinned_is_reported)
{
	const struct tk_tsc_offset_how how = { 0 };
	struct tk_tsc_offset o;

	need_two_cpus();
	cr_expect_eq(tk_tsc_offset_pair(cpus[0], CPU_SETSIZE - 1, &how, &o), -EINVAL);
	cr_expect_eq(tk_tsc_offset_pair(CPU_SETSIZE - 1, cpus[0], &how, &o), -EINVAL);
	cr_expect_eq(tk_tsc_offset_pair(-1, cpus[0], &how, &o), -EINVAL);
	cr_expect_eq(tk_tsc_offset_pair(cpus[0], CPU_SETSIZE, &how, &o), -EINVAL);
	cr_expect_eq(o.error, -EINVAL);
	cr_expect_eq(o.cpu, CPU_SETSIZE);
}

Test(offset, all_of_the_cpuset)
{
	struct tk_tsc_offsets list;
	cpu_set_t was, is;

	need_two_cpus();
	cr_assert_eq(sched_getaffinity(0, sizeof(was), &was), 0);
	cr_assert_eq(tk_tsc_offsets_measure(&list), 0);
	cr_expect_eq(list.ref_cpu, cpus[0]);
	cr_expect_eq(list.n, (uint32_t)CPU_COUNT(&was) - 1);
	cr_expect_eq(list.v[0].cpu, cpus[1]);
	tk_tsc_offsets_free(&list);
	cr_assert_eq(sched_getaffinity(0, sizeof(is), &is), 0);
	cr_expect(CPU_EQUAL(&was, &is), "the caller's affinity is its own");

	CPU_ZERO(&is);
	CPU_SET((size_t)cpus[1], &is);
	cr_assert_eq(sched_setaffinity(0, sizeof(is), &is), 0);
	cr_assert_eq(tk_tsc_offsets_measure(&list), 0);
	cr_expect_eq(list.ref_cpu, cpus[1]);
	cr_expect_eq(list.n, 0);
	tk_tsc_offsets_free(&list);
}

Test(offset, correctable_only_when_zero_is_excluded)
{
	struct tk_tsc_offset o = { .lo = -5, .hi = 5 };

	cr_expect(!tk_tsc_offset_correctable(&o));
	o.lo = 0;
	cr_expect(!tk_tsc_offset_correctable(&o));
	o.lo = 1;
	cr_expect(tk_tsc_offset_correctable(&o));
	o = (struct tk_tsc_offset){ .lo = -5, .hi = -1 };
	cr_expect(tk_tsc_offset_correctable(&o));
	o.error = -EIO;
	cr_expect(!tk_tsc_offset_correctable(&o));
}

/* The file. */

static struct tk_tsc_offset some[] = {
	{ .cpu = 1, .lo = -130, .hi = 131, .est = 0, .rounds = 3000, .narrowest = 265 },
	{ .cpu = 2, .error = -ETIMEDOUT },
	{ .cpu = 7, .lo = -5000, .hi = -4800, .est = -4900, .rounds = 2999, .narrowest = 300 },
};
static const struct tk_tsc_offsets some_list = { .ref_cpu = 0, .n = 3, .v = some };

Test(cache, round_trip)
{
	struct tk_tsc_offsets list;

	cr_expect_eq(tk_tsc_offsets_load(dir, &list), -ENOENT);
	cr_assert_eq(tk_tsc_offsets_save(dir, &some_list), 0);
	cr_assert_eq(tk_tsc_offsets_save(dir, &some_list), 0, "over the old one");
	cr_assert_eq(tk_tsc_offsets_load(dir, &list), 0);
	cr_expect_eq(list.ref_cpu, 0);
	cr_assert_eq(list.n, 3);
	cr_expect_arr_eq(list.v, some, sizeof(some));
	tk_tsc_offsets_free(&list);
	cr_expect_eq(unlink(path), 0);
	cr_expect_eq(rmdir(dir), 0, "nothing else may be left behind");
}

Test(cache, an_empty_list_too)
{
	const struct tk_tsc_offsets none = { .ref_cpu = 3 };
	struct tk_tsc_offsets list;

	cr_assert_eq(tk_tsc_offsets_save(dir, &none), 0);
	cr_assert_eq(tk_tsc_offsets_load(dir, &list), 0);
	cr_expect_eq(list.ref_cpu, 3);
	cr_expect_eq(list.n, 0);
	tk_tsc_offsets_free(&list);
}

Test(cache, no_directory)
{
	struct tk_tsc_offsets list;

	cr_expect_eq(tk_tsc_offsets_save("/nonexistent", &some_list), -ENOENT);
	cr_expect_eq(tk_tsc_offsets_load("/nonexistent", &list), -ENOENT);
}

static void write_file(const char *bytes, size_t len)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	cr_assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

static size_t good_file(char *text, size_t size)
{
	FILE *f;
	size_t len;

	cr_assert_eq(tk_tsc_offsets_save(dir, &some_list), 0);
	f = fopen(path, "r");
	cr_assert_not_null(f);
	len = fread(text, 1, size, f);
	fclose(f);
	return len;
}

Test(cache, another_boot)
{
	struct tk_tsc_offsets list;
	char text[512], *id;
	size_t len = good_file(text, sizeof(text));

	id = text + strlen("timekeeper-offsets 1 ");
	*id = *id == '0' ? '1' : '0';
	write_file(text, len);
	cr_expect_eq(tk_tsc_offsets_load(dir, &list), -ESTALE);
}

Test(cache, every_truncation_is_refused)
{
	struct tk_tsc_offsets list;
	char text[512];
	size_t len = good_file(text, sizeof(text));

	for (size_t cut = 0; cut < len; cut++) {
		int err;

		write_file(text, cut);
		err = tk_tsc_offsets_load(dir, &list);
		cr_expect(err == -EBADMSG || err == -ESTALE, "cut at %zu: %d", cut, err);
		cr_expect(list.v == NULL && list.n == 0);
	}
}

Test(cache, lies_are_refused)
{
	static const char *const bodies[] = {
		"0 1\n0 0 -1 1 3000 2\n",                  /* the reference against itself */
		"0 2\n2 0 -1 1 3000 2\n1 0 -1 1 3000 2\n", /* not ascending */
		"0 2\n1 0 -1 1 3000 2\n1 0 -1 1 3000 2\n", /* twice */
		"0 1\n4096 0 -1 1 3000 2\n",
		"0 1\n-1 0 -1 1 3000 2\n",
		"0 1\n1 0 5 -5 3000 2\n", /* lo above hi */
		"0 1\n1 0 -9223372036854775808 9223372036854775807 3000 2\n",
		"0 1\n1 0 -99999999999999999999 1 3000 2\n",
		"0 1\n1 7 -1 1 3000 2\n", /* a positive errno */
		"0 1\n1 0 -1 1 4294967296 2\n",
		"0 1\n1 0 -1 1 3000\n",       /* a number short */
		"0 1\n1 0 -1 1 3000 2 \n",    /* something after */
		"0 1\n1 0 -1 1 3000 2\nmore", /* a line more */
		"0 1\n1  0 -1 1 3000 2\n",
		"0 1\n1 0 0x1 2 3000 2\n",
		"0 4294967297\n",
		"0 -1\n",
		"0 4000\n1 0 -1 1 3000 2\n",
		"4096 0\n",
		"\n",
		"",
	};
	struct tk_tsc_offsets list;
	char text[512], head[128], *end;

	text[good_file(text, sizeof(text) - 1)] = '\0';
	end = strchr(text + strlen("timekeeper-offsets 1 "), ' ');
	snprintf(head, sizeof(head), "%.*s ", (int)(end - text), text);
	/* The control: with a true body the same head is accepted. */
	snprintf(text, sizeof(text), "%s%s", head, "0 1\n1 0 -1 1 3000 2\n");
	write_file(text, strlen(text));
	cr_assert_eq(tk_tsc_offsets_load(dir, &list), 0);
	tk_tsc_offsets_free(&list);

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", head, bodies[i]);
		write_file(text, strlen(text));
		cr_expect_eq(tk_tsc_offsets_load(dir, &list), -EBADMSG, "accepted: %s", bodies[i]);
	}
	snprintf(text, sizeof(text), "%s%s", head, "0 1\n1 0 -1 1 3000 2\n");
	write_file(text, strlen(text) + 1); /* a NUL in it */
	cr_expect_eq(tk_tsc_offsets_load(dir, &list), -EBADMSG);
}

Test(cache, every_changed_byte_is_refused_or_harmless)
{
	struct tk_tsc_offsets list;
	char text[512];
	size_t len = good_file(text, sizeof(text));

	for (size_t i = 0; i < len; i++) {
		for (int byte = 0; byte < 256; byte += 5) {
			char was = text[i];

			text[i] = (char)byte;
			write_file(text, len);
			text[i] = was;
			if (tk_tsc_offsets_load(dir, &list))
				continue;
			for (uint32_t k = 0; k < list.n; k++)
				cr_expect(list.v[k].lo <= list.v[k].est &&
					  list.v[k].est <= list.v[k].hi && list.v[k].cpu >= 0 &&
					  list.v[k].cpu < 4096);
			tk_tsc_offsets_free(&list);
		}
	}
}

Test(cache, what_others_could_have_written_is_not_read)
{
	struct tk_tsc_offsets list;
	char other[160];

	cr_assert_eq(tk_tsc_offsets_save(dir, &some_list), 0);
	cr_assert_eq(chmod(path, 0620), 0);
	cr_expect_eq(tk_tsc_offsets_load(dir, &list), -EPERM);
	cr_assert_eq(chmod(path, 0602), 0);
	cr_expect_eq(tk_tsc_offsets_load(dir, &list), -EPERM);
	cr_assert_eq(chmod(path, 0644), 0);
	cr_assert_eq(tk_tsc_offsets_load(dir, &list), 0);
	tk_tsc_offsets_free(&list);

	snprintf(other, sizeof(other), "%s/elsewhere", dir);
	cr_assert_eq(rename(path, other), 0);
	cr_assert_eq(symlink(other, path), 0);
	cr_expect_eq(tk_tsc_offsets_load(dir, &list), -EPERM);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect_eq(tk_tsc_offsets_load(dir, &list), -EPERM, "and it must not wait for a writer");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_expect_eq(tk_tsc_offsets_load(dir, &list), -EPERM);
}

Test(cache, of_another_owner_is_not_read)
{
	struct tk_tsc_offsets list;

	if (geteuid() != 0)
		cr_skip_test("needs root to give a file away");
	cr_assert_eq(tk_tsc_offsets_save(dir, &some_list), 0);
	cr_assert_eq(chown(path, 12345, 12345), 0);
	cr_expect_eq(tk_tsc_offsets_load(dir, &list), -EPERM);
}

Test(cache, too_large_is_not_read)
{
	struct tk_tsc_offsets list;

	cr_assert_eq(tk_tsc_offsets_save(dir, &some_list), 0);
	cr_assert_eq(truncate(path, INT64_C(1) << 40), 0);
	cr_expect_eq(tk_tsc_offsets_load(dir, &list), -EBADMSG);
}
