/* SPDX-License-Identifier: MIT */
#include "collector/doctor/check.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/isolation.h"
#include "collector/machine/printable.h"

const struct tk_check *const tk_families[] = {
	tk_isolation_checks, tk_task_checks,   tk_interrupt_checks,
	tk_power_checks,     tk_memory_checks, tk_kernel_checks,
	tk_load_checks,      tk_noise_checks,  NULL,
};

/* --- which cpu ------------------------------------------------------------------------------- */

static int last_of(const struct tk_tsc_cpus *cpus)
{
	int cpu = TK_TSC_CPUS;

	while (cpu-- > 0)
		if (tk_tsc_cpus_has(cpus, (unsigned int)cpu))
			break;
	return cpu;
}

/* Those that this process may run on; all of them of another machine, or if that is not known. */
static struct tk_tsc_cpus allowed(const char *root, const struct tk_tsc_cpus *online)
{
	struct tk_tsc_cpus both = *online;
	cpu_set_t mine;

	if (root[0] || sched_getaffinity(0, sizeof(mine), &mine))
		return both;
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (!CPU_ISSET(cpu, &mine))
			both.bits[cpu / 64] &= ~(UINT64_C(1) << (cpu % 64));
	return both;
}

static void choose(struct tk_doctor *d, const struct tk_tsc_cpus *online,
		   const struct tk_tsc_cpus *isolated)
{
	struct tk_tsc_cpus may = allowed(d->root, online);

	snprintf(d->cpu_why, sizeof(d->cpu_why), "the first that is isolated");
	for (d->cpu = 0; d->cpu < TK_TSC_CPUS; d->cpu++)
		if (tk_has_cpu(d, isolated) && tk_has_cpu(d, online))
			return;
	snprintf(d->cpu_why, sizeof(d->cpu_why), "the last: none is isolated");
	d->cpu = last_of(&may);
}

/* What is isolated, and is to be; and what is left for everything else. */
static void divide(struct tk_doctor *d, const struct tk_tsc_cpus *online,
		   const struct tk_tsc_cpus *isolated)
{
	struct tk_tsc_cpus isolate = *isolated, others = *online;

	isolate.bits[d->cpu / 64] |= UINT64_C(1) << (d->cpu % 64);
	for (size_t i = 0; i < TK_TSC_CPUS / 64; i++)
		others.bits[i] &= ~isolate.bits[i];
	tk_tsc_cpus_list(&isolate, d->isolate, sizeof(d->isolate));
	tk_tsc_cpus_list(&others, d->others, sizeof(d->others));
	tk_tsc_cpus_mask(&others, d->others_mask, sizeof(d->others_mask));
}

int tk_doctor_begin(struct tk_doctor *d, const char *root, int cpu, char why[], size_t len)
{
	struct tk_tsc_cpus online, isolated;
	char list[TK_CPUS_TEXT];
	int err = tk_tsc_cpus_online(root, &online);

	*d = (struct tk_doctor){ .root = root, .cpu = cpu, .cpu_why = "as asked for" };
	if (err || last_of(&online) < 0) {
		snprintf(why, len, "which cpus there are is not known: %s%s: %s", root,
			 "/sys/devices/system/cpu/online", strerror(err ? -err : ENODATA));
		return err ? err : -ENODATA;
	}
	tk_cpus_isolated(root, &isolated);
	if (cpu < 0)
		choose(d, &online, &isolated);
	if (!tk_has_cpu(d, &online)) {
		tk_tsc_cpus_list(&online, list, sizeof(list));
		snprintf(why, len, "cpu %d is not online; these are: %s", d->cpu, list);
		return -EINVAL;
	}
	divide(d, &online, &isolated);
	return 0;
}

bool tk_has_cpu(const struct tk_doctor *d, const struct tk_tsc_cpus *cpus)
{
	return d->cpu >= 0 && d->cpu < TK_TSC_CPUS && tk_tsc_cpus_has(cpus, (unsigned int)d->cpu);
}

/* --- running --------------------------------------------------------------------------------- */

/* The table's source, with the cpu's number for N in "cpuN". */
static void expand(const struct tk_doctor *d, struct tk_finding *f, const char *source)
{
	const char *n = strstr(source, "cpuN");

	if (n)
		tk_source(f, "%.*scpu%d%s", (int)(n - source), source, d->cpu, n + 4);
	else
		tk_source(f, "%s", source);
}

void tk_doctor_check(struct tk_doctor *d, const struct tk_check *c)
{
	struct tk_finding *f = &d->findings[d->n];

	if (d->n == TK_FINDINGS_MAX)
		return;
	*f = (struct tk_finding){ .reason = c->reason };
	snprintf(f->id, sizeof(f->id), "%s", c->id);
	expand(d, f, c->source);
	c->run(d, f);
	if (!f->value[0])
		tk_find(f, TK_VERDICT_UNKNOWN, "empty");
	if (c->moves && f->fix_kind && !d->others[0])
		tk_fix(f, TK_FIX_TEXT, "this machine has no other cpu for everything else");
	tk_printable(f->value, sizeof(f->value), f->value);
	tk_printable(f->source, sizeof(f->source), f->source);
	d->n++;
}

void tk_doctor_run(struct tk_doctor *d)
{
	for (size_t i = 0; tk_families[i]; i++)
		for (const struct tk_check *c = tk_families[i]; c->id; c++)
			if (!c->timed || d->noise.seconds)
				tk_doctor_check(d, c);
}

enum tk_verdict tk_doctor_verdict(const struct tk_doctor *d)
{
	enum tk_verdict worst = TK_VERDICT_OK;

	for (size_t i = 0; i < d->n; i++)
		if (d->findings[i].verdict > worst)
			worst = d->findings[i].verdict;
	return worst;
}

const char *tk_verdict_name(enum tk_verdict v)
{
	static const char *const names[] = { "ok", "unknown", "warn", "fail" };

	return names[v];
}

/* --- saying what was found ------------------------------------------------------------------- */

void tk_find(struct tk_finding *f, enum tk_verdict v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->value, sizeof(f->value), format, args);
	va_end(args);
	f->verdict = v;
}

void tk_fix(struct tk_finding *f, enum tk_fix_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	f->fix_kind = kind;
	if (vsnprintf(f->fix, sizeof(f->fix), format, args) >= (int)sizeof(f->fix))
		f->fix_kind = TK_FIX_NONE;
	va_end(args);
}

void tk_source(struct tk_finding *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->source, sizeof(f->source), format, args);
	va_end(args);
}

void tk_fix_echo(struct tk_finding *f, const char *to)
{
	tk_fix(f, TK_FIX_COMMAND, "echo %s > %s", to, f->source);
}

static bool unreadable(struct tk_finding *f, int err)
{
	tk_find(f, TK_VERDICT_UNKNOWN, "not readable: %s", strerror(-err));
	return false;
}

static bool nonsense(struct tk_finding *f, const char *text)
{
	tk_find(f, TK_VERDICT_UNKNOWN, "not understood: \"%.100s\"", text);
	return false;
}

bool tk_read_text(const struct tk_doctor *d, struct tk_finding *f, char *text, size_t len)
{
	ssize_t got = tk_tsc_file_read(d->root, f->source, text, len);

	return got < 0 ? unreadable(f, (int)got) : true;
}

bool tk_read_number(const struct tk_doctor *d, struct tk_finding *f, int64_t *number)
{
	char text[64];
	char *end;

	if (!tk_read_text(d, f, text, sizeof(text)))
		return false;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return errno || end == text || *end ? nonsense(f, text) : true;
}

bool tk_read_cpus(const struct tk_doctor *d, struct tk_finding *f, struct tk_tsc_cpus *cpus)
{
	int err = tk_tsc_cpus_read(d->root, f->source, cpus);

	return err ? unreadable(f, err) : true;
}

bool tk_read_mask(const struct tk_doctor *d, struct tk_finding *f, struct tk_tsc_cpus *cpus)
{
	char text[2048];

	if (!tk_read_text(d, f, text, sizeof(text)))
		return false;
	return tk_tsc_cpus_parse_mask(text, cpus) ? nonsense(f, text) : true;
}

bool tk_number_after(const char *text, const char *key, int64_t *number)
{
	const char *at = strstr(text, key);
	char *end;

	if (!at)
		return false;
	at += strlen(key);
	errno = 0;
	*number = strtoll(at, &end, 10);
	return !errno && end != at;
}

void tk_check_switch(const struct tk_doctor *d, struct tk_finding *f)
{
	int64_t on;

	if (!tk_read_number(d, f, &on))
		return;
	tk_find(f, on ? TK_VERDICT_WARN : TK_VERDICT_OK, on ? "on" : "off");
	if (on)
		tk_fix_echo(f, "0");
}

void tk_check_mask(const struct tk_doctor *d, struct tk_finding *f)
{
	struct tk_tsc_cpus mask;
	bool here;

	if (!tk_read_mask(d, f, &mask))
		return;
	here = tk_has_cpu(d, &mask);
	tk_find(f, here ? TK_VERDICT_WARN : TK_VERDICT_OK, "cpu %d is %s", d->cpu,
		here ? "one of them" : "left out");
	if (here)
		tk_fix_echo(f, d->others_mask);
}
