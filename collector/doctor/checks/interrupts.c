/* SPDX-License-Identifier: MIT */
#include "collector/doctor/checks/interrupts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/doctor/checks/families.h"
#include "collector/machine/below.h"

#define LINE_MAX_BYTES (64u << 10) /* 4,096 columns of 11, and a name */
#define NAMED          3           /* in a value */
#define MOVED          64          /* in a fix */
#define DIGITS_MAX     6           /* of a number in /proc/irq */

/* A line of /proc/interrupts. */
struct interrupt {
	const char *label; /* "LOC"; a device's is a number */
	const char *name;  /* the last word of the line */
	uint64_t count;
};

/* @return the column of the cpu; -1: it has none, because it is offline */
static int column_of(char *heading, int cpu)
{
	char want[16], *rest = NULL;
	int column = 0;

	snprintf(want, sizeof(want), "CPU%d", cpu);
	for (char *w = strtok_r(heading, " \n", &rest); w; w = strtok_r(NULL, " \n", &rest)) {
		if (!strcmp(w, want))
			return column;
		column++;
	}
	return -1;
}

/* "LOC:  106768  108793  Local timer interrupts". @return false: no such line, or column */
static bool parse_line(char *line, int column, struct interrupt *i)
{
	char *rest = NULL, *word = strtok_r(line, " \n", &rest), *end;
	size_t length = word ? strlen(word) : 0;
	bool found = false;

	if (length < 2 || word[length - 1] != ':')
		return false;
	word[length - 1] = '\0';
	i->label = i->name = word;
	for (int c = 0; (word = strtok_r(NULL, " \n", &rest)); c++) {
		if (c > column)
			i->name = word;
		if (c != column)
			continue;
		i->count = strtoull(word, &end, 10);
		if (!isdigit((unsigned char)*word) || *end)
			return false;
		found = true;
	}
	return found;
}

static int each_line(FILE *f, int cpu, void (*fn)(const struct interrupt *i, void *arg), void *arg)
{
	struct interrupt i;
	char *line = malloc(LINE_MAX_BYTES);
	int column = -1;

	if (!line)
		return -ENOMEM;
	if (fgets(line, LINE_MAX_BYTES, f))
		column = column_of(line, cpu);
	while (column >= 0 && fgets(line, LINE_MAX_BYTES, f))
		if (parse_line(line, column, &i))
			fn(&i, arg);
	free(line);
	return column < 0 ? -ENODATA : 0;
}

/* @return 0, -ENODATA if the file has no column for that cpu, or why it could not be read */
static int each_interrupt(const char *root, int cpu,
			  void (*fn)(const struct interrupt *i, void *arg), void *arg)
{
	FILE *f = tk_open_below(root, "/proc/interrupts");
	int err;

	if (!f)
		return -errno;
	err = each_line(f, cpu, fn, arg);
	fclose(f);
	return err;
}

struct counting {
	struct tk_interrupt_counts *out;
	bool timer_seen;
};

static void add(const struct interrupt *i, void *arg)
{
	struct counting *c = arg;

	/* These two are sums over all cpus, in the first cpu's column. */
	if (!strcmp(i->label, "ERR") || !strcmp(i->label, "MIS"))
		return;
	if (!strcmp(i->label, "LOC")) {
		c->out->timer += i->count;
		c->timer_seen = true;
	} else {
		c->out->others += i->count;
	}
}

int tk_interrupts_count(const char *root, int cpu, struct tk_interrupt_counts *out)
{
	struct counting c = { .out = out };
	int err;

	*out = (struct tk_interrupt_counts){ 0 };
	err = each_interrupt(root, cpu, add, &c);
	return err || c.timer_seen ? err : -ENODATA;
}

/* --- checks ---------------------------------------------------------------------------------- */

/* The interrupts of devices, and those of them that may come to the cpu. */
struct devices {
	const struct tk_subject *s;
	unsigned all, here, fired, unreadable;
	char names[128]; /* of the first */
	char moves[MOVED * (DIGITS_MAX + 1) + 1];
};

/*
 * The cpus that get the interrupt. Where the kernel does not know them (the interrupt's controller
 * never told: the list is empty) or does not say so, the cpus that may get it.
 */
static int read_affinity(const struct tk_subject *s, const char *number, struct tk_tsc_cpus *cpus)
{
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/irq/%s/effective_affinity_list", number);
	err = tk_tsc_cpus_read(s->root, path, cpus);
	if (!err && !tk_tsc_cpus_empty(cpus))
		return 0;
	snprintf(path, sizeof(path), "/proc/irq/%s/smp_affinity_list", number);
	return tk_tsc_cpus_read(s->root, path, cpus);
}

/* By Linux 6.12 the file of an interrupt that its driver manages cannot be written. */
static bool movable(const struct tk_subject *s, const char *number)
{
	struct stat st;
	char path[512];

	snprintf(path, sizeof(path), "%s/proc/irq/%s/smp_affinity_list", s->root, number);
	return stat(path, &st) == 0 && st.st_mode & S_IWUSR;
}

static void look_at(const struct interrupt *i, void *arg)
{
	struct devices *v = arg;
	size_t digits = strspn(i->label, "0123456789"), used = strlen(v->names);
	struct tk_tsc_cpus cpus;

	if (digits == 0 || digits > DIGITS_MAX || i->label[digits])
		return;
	v->all++;
	if (read_affinity(v->s, i->label, &cpus)) {
		v->unreadable++;
		return;
	}
	if (!tk_check_has_cpu(v->s, &cpus))
		return;
	v->fired += i->count > 0;
	if (v->here++ < NAMED)
		snprintf(v->names + used, sizeof(v->names) - used, "%s%s %.20s %ju times",
			 used ? ", " : ": ", i->label, i->name, (uintmax_t)i->count);
	used = strlen(v->moves);
	if (v->here <= MOVED && movable(v->s, i->label))
		snprintf(v->moves + used, sizeof(v->moves) - used, " %s", i->label);
}

static void check_affinity(const struct tk_subject *s, struct tk_finding *f)
{
	struct devices v = { .s = s };
	int err = each_interrupt(s->root, s->cpu, look_at, &v);

	if (err || (v.unreadable && !v.here)) {
		tk_check_found(f, TK_VERDICT_UNKNOWN, "not readable: %s",
			       err ? strerror(-err) : "where some interrupts go");
		return;
	}
	tk_check_found(f,
		       v.fired  ? TK_VERDICT_FAIL
		       : v.here ? TK_VERDICT_WARN
				: TK_VERDICT_OK,
		       "%u of %u come to cpu %d%s%s", v.here, v.all, s->cpu, v.names,
		       v.here > NAMED ? ", ..." : "");
	if (v.here && !v.moves[0])
		tk_check_fix(f, TK_FIX_TEXT,
			     "the kernel lets nobody move %s: the driver manages it, and "
			     "isolcpus=managed_irq,... or fewer queues keep it away",
			     v.here > 1 ? "these" : "this one");
	else if (v.here)
		tk_check_fix(f, TK_FIX_COMMAND,
			     "for i in%s; do echo %s > \"/proc/irq/$i/smp_affinity_list\"; done",
			     v.moves, s->others);
}

const struct tk_check tk_interrupt_checks[] = {
	{ "irq.default", "/proc/irq/default_smp_affinity",
	  "A driver that is loaded later sends its interrupts to the cpus of this mask (at boot: "
	  "irqaffinity=).",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(UNKNOWN), .run = tk_check_mask, .moves = true },
	{ "irq.devices", "/proc/irq/*/effective_affinity_list, /proc/interrupts",
	  "A device's interrupt adds microseconds to the span it falls into. An interrupt that "
	  "its driver manages cannot be moved; isolcpus=managed_irq,... keeps it away.",
	  TK_CAN(OK) | TK_CAN(WARN) | TK_CAN(FAIL) | TK_CAN(UNKNOWN), .run = check_affinity,
	  .moves = true },
	{ .id = NULL },
};
