/* SPDX-License-Identifier: MIT */
#include "tsc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t tk_tsc_file_read(const char *root, const char *path, char *buf, size_t len)
{
	char name[512];
	size_t have = 0;
	int fd;

	if ((size_t)snprintf(name, sizeof(name), "%s%s", root, path) >= sizeof(name))
		return -ENAMETOOLONG;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	while (have < len - 1) {
		ssize_t got = read(fd, buf + have, len - 1 - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int err = errno;

			close(fd);
			return -err;
		}
		if (got == 0)
			break;
		have += (size_t)got;
	}
	close(fd);
	while (have > 0 && (buf[have - 1] == '\n' || buf[have - 1] == ' '))
		have--;
	buf[have] = '\0';
	return (ssize_t)have;
}

bool tk_tsc_has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(text, word); p; p = strstr(p + len, word)) {
		bool begins = p == text || strchr(" \t\n", p[-1]);

		if (begins && (p[len] == '\0' || strchr(" \t\n", p[len])))
			return true;
	}
	return false;
}

/* Enough for the flags line; the whole file may be megabytes. */
int tk_tsc_cpu_flag(const char *root, const char *flag)
{
	char text[8192];
	ssize_t got = tk_tsc_file_read(root, "/proc/cpuinfo", text, sizeof(text));
	char *line, *end;

	if (got < 0)
		return (int)got;
	line = strstr(text, "\nflags");
	if (!line)
		return -ENODATA;
	end = strchr(line + 1, '\n');
	if (end)
		*end = '\0';
	return tk_tsc_has_word(line, flag);
}

/* Take digits only: strtoul alone would accept signs and spaces. */
static int parse_cpu(const char **p, unsigned long *cpu)
{
	char *end;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): errno is not 0 */
	if (**p < '0' || **p > '9')
		return -EINVAL;
	*cpu = strtoul(*p, &end, 10);
	*p = end;
	return *cpu < TK_TSC_CPUS ? 0 : -EINVAL;
}

static int parse_list(const char *p, struct tk_tsc_cpus *out)
{
	for (;;) {
		unsigned long first, last;

		if (parse_cpu(&p, &first))
			return -EINVAL;
		last = first;
		if (*p == '-') {
			p++;
			if (parse_cpu(&p, &last) || last < first)
				return -EINVAL;
		}
		for (; first <= last; first++)
			out->bits[first / 64] |= 1ull << (first % 64);
		if (*p == '\0')
			return 0;
		if (*p++ != ',')
			return -EINVAL;
	}
}

int tk_tsc_cpus_parse(const char *list, struct tk_tsc_cpus *out)
{
	int err;

	memset(out, 0, sizeof(*out));
	err = parse_list(list, out);
	if (err)
		memset(out, 0, sizeof(*out));
	return err;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Parse from the end, which is cpu 0. */
int tk_tsc_cpus_parse_mask(const char *mask, struct tk_tsc_cpus *out)
{
	size_t left = strlen(mask), cpu = 0;
	int digit = -1;

	memset(out, 0, sizeof(*out));
	while (left-- > 0) {
		if (digit >= 0 && cpu % 32 == 0) { /* eight digits: a comma is due, and more */
			digit = -1;
			if (mask[left] != ',')
				break;
			continue;
		}
		digit = hex_digit(mask[left]);
		if (digit < 0 || cpu >= TK_TSC_CPUS) {
			digit = -1;
			break;
		}
		out->bits[cpu / 64] |= (uint64_t)digit << (cpu % 64);
		cpu += 4;
	}
	if (digit >= 0)
		return 0;
	memset(out, 0, sizeof(*out));
	return -EINVAL;
}

void tk_tsc_cpus_list(const struct tk_tsc_cpus *s, char *buf, size_t len)
{
	size_t used = 0;
	unsigned int last;

	buf[0] = '\0';
	for (unsigned int cpu = 0; cpu < TK_TSC_CPUS && used < len; cpu = last + 1) {
		last = cpu;
		if (!tk_tsc_cpus_has(s, cpu))
			continue;
		while (last + 1 < TK_TSC_CPUS && tk_tsc_cpus_has(s, last + 1))
			last++;
		used += (size_t)snprintf(buf + used, len - used, last > cpu ? "%s%u-%u" : "%s%u",
					 used ? "," : "", cpu, last);
	}
}

/* Groups of eight digits, the highest first. */
void tk_tsc_cpus_mask(const struct tk_tsc_cpus *s, char *buf, size_t len)
{
	unsigned int group = TK_TSC_CPUS / 32;
	size_t used = 0;

	while (group-- > 0 && used < len) {
		uint32_t bits = (uint32_t)(s->bits[group / 2] >> (group % 2 * 32));

		if (used == 0 && bits == 0 && group > 0)
			continue;
		used += (size_t)snprintf(buf + used, len - used, used ? ",%08x" : "%x", bits);
	}
}

int tk_tsc_cpus_read(const char *root, const char *path, struct tk_tsc_cpus *out)
{
	char list[4096];
	ssize_t got = tk_tsc_file_read(root, path, list, sizeof(list));

	memset(out, 0, sizeof(*out));
	if (got <= 0 || strstr(list, "(null)"))
		return got < 0 ? (int)got : 0;
	return tk_tsc_cpus_parse(list, out);
}

int tk_tsc_cpus_online(const char *root, struct tk_tsc_cpus *out)
{
	return tk_tsc_cpus_read(root, "/sys/devices/system/cpu/online", out);
}
