/* SPDX-License-Identifier: MIT */
/* The checks of the counter (tsc/check.h), as findings, with a fix for each. */
#include <stdio.h>
#include <string.h>

#include "collector/doctor/doctor.h"
#include "collector/machine/printable.h"
#include "tsc/clock.h"

static const struct {
	const char *id;
	enum tk_tsc_severity severity;
	enum tk_fix_kind kind;
	const char *fix;
} fixes[] = {
	{ "prctl_tsc", TK_TSC_FATAL, TK_FIX_TEXT,
	  "start timekeeper from a process without prctl(PR_SET_TSC, PR_TSC_SIGSEGV)" },
	{ "invariant_tsc", TK_TSC_FATAL, TK_FIX_TEXT,
	  "set TIMEKEEPER_CLOCK=monotonic: a stamp then costs some 25 ns" },
	{ "rdtscp", TK_TSC_FATAL, TK_FIX_TEXT, "choose a CPU model for this guest that has it" },
	{ "avx", TK_TSC_FATAL, TK_FIX_TEXT, "choose a CPU model for this guest that has it" },
	{ "tcg", TK_TSC_FATAL, TK_FIX_TEXT, "run under KVM (qemu -accel kvm), or on hardware" },
	{ "hypervisor", TK_TSC_WARN, TK_FIX_TEXT, "measure on hardware" },
	{ "clocksource", TK_TSC_WARN, TK_FIX_COMMAND,
	  "echo tsc > " TK_TSC_CLOCKSOURCE "current_clocksource" },
	{ "clocksource_available", TK_TSC_WARN, TK_FIX_TEXT,
	  "dmesg | grep -i tsc shows the kernel's reason; check with timekeeper tsc --offsets" },
	{ "nonstop_tsc", TK_TSC_WARN, TK_FIX_BOOT, "cpuidle.off=1" },
	{ "tsc_adjust", TK_TSC_UNKNOWN, TK_FIX_TEXT,
	  "measure whether the cores agree: timekeeper tsc --offsets" },
	{ "tsc_adjust", TK_TSC_WARN, TK_FIX_TEXT,
	  "measure whether the cores agree: timekeeper tsc --offsets" },
	{ "backward_step", TK_TSC_FATAL, TK_FIX_TEXT,
	  "set TIMEKEEPER_CLOCK=monotonic: a stamp then costs some 25 ns" },
};

static enum tk_verdict verdict_of(enum tk_tsc_severity s)
{
	static const enum tk_verdict verdicts[] = {
		[TK_TSC_OK] = TK_VERDICT_OK,
		[TK_TSC_UNKNOWN] = TK_VERDICT_UNKNOWN,
		[TK_TSC_WARN] = TK_VERDICT_WARN,
		[TK_TSC_FATAL] = TK_VERDICT_FAIL,
	};

	return verdicts[s];
}

/* The module that shows the registers; it may be part of the kernel, or of no package here. */
static bool has_msr_module(const struct tk_subject *s)
{
	static const char *const endings[] = { "", ".xz", ".zst", ".gz" };
	char release[64];

	if (tk_tsc_file_read(s->root, "/proc/sys/kernel/osrelease", release, sizeof(release)) <= 0)
		return false;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (tk_check_exists(s, "/lib/modules/%s/kernel/arch/x86/kernel/msr.ko%s", release,
				    endings[i]))
			return true;
	return false;
}

/* Nothing shows the registers yet, and a module can. */
static void fix_tsc_adjust(const struct tk_subject *s, struct tk_finding *f)
{
	if (!strcmp(f->value, "not permitted"))
		tk_check_fix(f, TK_FIX_TEXT, "run this as root");
	else if (!strcmp(f->value, "not readable") && has_msr_module(s))
		tk_check_fix(f, TK_FIX_COMMAND, "modprobe msr");
}

/* The kernel takes only a name that it offers. */
static void fix_clocksource(const struct tk_subject *s, struct tk_finding *f)
{
	char names[128];

	if (tk_tsc_file_read(s->root, TK_TSC_CLOCKSOURCE "available_clocksource", names,
			     sizeof(names)) <= 0 ||
	    !tk_tsc_has_word(names, "tsc"))
		tk_check_fix(f, TK_FIX_TEXT,
			     "the kernel does not offer tsc: see tsc.clocksource_available");
}

static void add(struct tk_doctor *d, const struct tk_tsc_check *c)
{
	struct tk_finding *f = &d->findings[d->n];

	if (d->n == TK_FINDINGS_MAX)
		return;
	*f = (struct tk_finding){ .reason = c->reason, .verdict = verdict_of(c->severity) };
	snprintf(f->id, sizeof(f->id), "tsc.%s", c->id);
	tk_check_source(f, "%s", c->source);
	tk_printable(f->value, sizeof(f->value), c->value);
	for (size_t i = 0; i < sizeof(fixes) / sizeof(fixes[0]); i++)
		if (!strcmp(fixes[i].id, c->id) && fixes[i].severity == c->severity)
			tk_check_fix(f, fixes[i].kind, "%s", fixes[i].fix);
	if (!strcmp(c->id, "tsc_adjust") && c->severity == TK_TSC_UNKNOWN)
		fix_tsc_adjust(&d->subject, f);
	if (!strcmp(c->id, "clocksource") && c->severity == TK_TSC_WARN)
		fix_clocksource(&d->subject, f);
	d->n++;
}

/* A source with a slash is a file, which a root can have; the others, such as CPUID, have none. */
void tk_doctor_add_tsc(struct tk_doctor *d, const struct tk_tsc_report *r)
{
	for (size_t i = 0; i < r->n_checks; i++)
		if (!d->subject.root[0] || strchr(r->checks[i].source, '/'))
			add(d, &r->checks[i]);
}

double tk_doctor_tsc(struct tk_doctor *d)
{
	struct tk_tsc_probe machine = tk_tsc_this_machine;
	struct tk_tsc_report report;
	struct tk_clock clock = { 0 };

	machine.root = d->subject.root;
	tk_tsc_check_all(&machine, &report);
	if (!d->subject.root[0] && tk_tsc_usable(&report) && tk_clock_open(&clock, NULL) == 0)
		tk_tsc_check_freq(&machine, clock.hz, &report);
	tk_doctor_add_tsc(d, &report);
	return clock.hz;
}
