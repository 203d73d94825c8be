/* SPDX-License-Identifier: MIT */
#include "collector/doctor/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/doctor/checks/families.h"
#include "collector/machine/isolation.h"
#include "collector/machine/printable.h"
#include "tsc/affinity.h"

const struct tk_check *const tk_doctor_families[] = {
	tk_isolation_checks, tk_task_checks, tk_interrupt_checks, tk_power_checks, tk_memory_checks,
	tk_kernel_checks,    tk_load_checks, tk_quota_checks,     tk_noise_checks, NULL,
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

/* The cpus this process may run on; of another machine, or if that is not known, all online. */
static struct tk_tsc_cpus allowed(const char *root, const struct tk_tsc_cpus *online)
{
	struct tk_tsc_cpus both = *online;
	struct tk_tsc_cpus mine;

	if (root[0] || tk_tsc_affinity(0, &mine))
		return both;
	for (unsigned int i = 0; i < TK_TSC_CPUS / 64; i++)
		both.bits[i] &= mine.bits[i];
	return both;
}

static void choose(struct tk_doctor *d, const struct tk_tsc_cpus *online,
		   const struct tk_tsc_cpus *isolated)
{
	struct tk_subject *s = &d->subject;
	struct tk_tsc_cpus may = allowed(s->root, online);

	snprintf(d->cpu_why, sizeof(d->cpu_why), "the first that is isolated");
	for (s->cpu = 0; s->cpu < TK_TSC_CPUS; s->cpu++)
		if (tk_check_has_cpu(s, isolated) && tk_check_has_cpu(s, online))
			return;
	snprintf(d->cpu_why, sizeof(d->cpu_why), "the last: none is isolated");
	s->cpu = last_of(&may);
}

/* For fixes: the cpus to isolate, which are this one and the isolated ones; and all others. */
static void divide(struct tk_subject *s, const struct tk_tsc_cpus *online,
		   const struct tk_tsc_cpus *isolated)
{
	struct tk_tsc_cpus isolate = *isolated, others = *online;

	s->isolated = *isolated;
	isolate.bits[s->cpu / 64] |= UINT64_C(1) << (s->cpu % 64);
	for (size_t i = 0; i < TK_TSC_CPUS / 64; i++)
		others.bits[i] &= ~isolate.bits[i];
	tk_tsc_cpus_list(&isolate, s->isolate, sizeof(s->isolate));
	tk_tsc_cpus_list(&others, s->others, sizeof(s->others));
	tk_tsc_cpus_mask(&others, s->others_mask, sizeof(s->others_mask));
}

int tk_doctor_begin(struct tk_doctor *d, const char *root, int cpu, char why[], size_t len)
{
	struct tk_tsc_cpus online, isolated;
	char list[TK_CPUS_TEXT];
	int err = tk_tsc_cpus_online(root, &online);

	*d = (struct tk_doctor){ .subject = { .root = root, .cpu = cpu },
				 .cpu_why = "as asked for" };
	if (err || last_of(&online) < 0) {
		snprintf(why, len, "cannot read which cpus are online: %s%s: %s", root,
			 "/sys/devices/system/cpu/online", strerror(err ? -err : ENODATA));
		return err ? err : -ENODATA;
	}
	tk_cpus_isolated(root, &isolated);
	if (cpu < 0)
		choose(d, &online, &isolated);
	if (!tk_check_has_cpu(&d->subject, &online)) {
		tk_tsc_cpus_list(&online, list, sizeof(list));
		snprintf(why, len, "cpu %d is not online; these are: %s", d->subject.cpu, list);
		return -EINVAL;
	}
	divide(&d->subject, &online, &isolated);
	return 0;
}

/* --- running --------------------------------------------------------------------------------- */

/* The table's source, with the cpu's number for N in "cpuN". */
static void expand(const struct tk_subject *s, struct tk_finding *f, const char *source)
{
	const char *n = strstr(source, "cpuN");

	if (n)
		tk_check_source(f, "%.*scpu%d%s", (int)(n - source), source, s->cpu, n + 4);
	else
		tk_check_source(f, "%s", source);
}

/* Adds a finding, while there is room for one. */
static void run_check(struct tk_doctor *d, const struct tk_check *c)
{
	struct tk_finding *f = &d->findings[d->n];

	if (d->n == TK_FINDINGS_MAX)
		return;
	*f = (struct tk_finding){ .reason = c->reason };
	snprintf(f->id, sizeof(f->id), "%s", c->id);
	expand(&d->subject, f, c->source);
	c->run(&d->subject, f);
	if (!f->value[0])
		tk_check_found(f, TK_VERDICT_UNKNOWN, "empty");
	if (c->moves && f->fix_kind && !d->subject.others[0])
		tk_check_fix(f, TK_FIX_TEXT,
			     "nothing to do here: this machine has no other cpu to take the work");
	tk_printable(f->value, sizeof(f->value), f->value);
	tk_printable(f->source, sizeof(f->source), f->source);
	d->n++;
}

void tk_doctor_run(struct tk_doctor *d)
{
	for (size_t i = 0; tk_doctor_families[i]; i++)
		for (const struct tk_check *c = tk_doctor_families[i]; c->id; c++)
			if (!c->timed || d->subject.noise)
				run_check(d, c);
}

enum tk_verdict tk_doctor_verdict(const struct tk_doctor *d)
{
	enum tk_verdict worst = TK_VERDICT_OK;

	for (size_t i = 0; i < d->n; i++)
		if (d->findings[i].verdict > worst)
			worst = d->findings[i].verdict;
	return worst;
}
