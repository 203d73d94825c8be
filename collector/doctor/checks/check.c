/* SPDX-License-Identifier: MIT */
#include "collector/doctor/checks/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/machine/parameters.h"

const char *tk_verdict_name(enum tk_verdict v)
{
	static const char *const names[] = { "ok", "unknown", "warn", "fail" };

	return names[v];
}

void tk_check_found(struct tk_finding *f, enum tk_verdict v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->value, sizeof(f->value), format, args);
	va_end(args);
	f->verdict = v;
}

void tk_check_fix(struct tk_finding *f, enum tk_fix_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	f->fix_kind = kind;
	if (vsnprintf(f->fix, sizeof(f->fix), format, args) >= (int)sizeof(f->fix))
		f->fix_kind = TK_FIX_NONE;
	va_end(args);
}

bool tk_check_exists(const struct tk_subject *s, const char *format, ...)
{
	char path[512];
	size_t used = (size_t)snprintf(path, sizeof(path), "%s", s->root);
	va_list args;

	if (used >= sizeof(path))
		return false;
	va_start(args, format);
	vsnprintf(path + used, sizeof(path) - used, format, args);
	va_end(args);
	return access(path, F_OK) == 0;
}

void tk_check_fix_boot(const struct tk_subject *s, struct tk_finding *f, const char *name,
		       const struct tk_tsc_cpus *cpus)
{
	struct tk_tsc_cpus all = *cpus;
	char list[TK_CPUS_TEXT], was[8];

	tk_tsc_cpus_add(&all, (unsigned int)s->cpu);
	tk_tsc_cpus_list(&all, list, sizeof(list));
	tk_check_fix(f, TK_FIX_BOOT, "%s=%s%s", name,
		     strcmp(name, "isolcpus") ? "" : "managed_irq,domain,", list);
	f->replaces = tk_parameter_find(s->root, name, was, sizeof(was)) > 0;
}

bool tk_check_kernel_is(const struct tk_subject *s, int major, int minor)
{
	char text[64];
	int64_t has_major, has_minor;

	return tk_tsc_file_read(s->root, "/proc/sys/kernel/osrelease", text, sizeof(text)) > 0 &&
	       tk_check_number_after(text, "", &has_major) &&
	       tk_check_number_after(text, ".", &has_minor) &&
	       (has_major > major || (has_major == major && has_minor >= minor));
}

/* The kernel takes the boot cpu out of nohz_full= again where it can suspend (tick_nohz_init()). */
void tk_check_fix_tick(const struct tk_subject *s, struct tk_finding *f)
{
	static const char path[] = "/sys/devices/system/cpu/nohz_full";
	struct tk_tsc_cpus cpus;
	bool built_in = tk_tsc_cpus_read(s->root, path, &cpus) == 0;

	if (s->cpu == 0)
		tk_check_fix(
			f, TK_FIX_TEXT,
			"choose another cpu: the kernel keeps the time on cpu 0, from which it "
			"boots, and takes it out of nohz_full=");
	else if (!built_in)
		tk_check_fix(f, TK_FIX_TEXT,
			     "boot a kernel that was built with CONFIG_NO_HZ_FULL, and with "
			     "nohz_full=%s",
			     s->isolate);
	else {
		for (size_t i = 0; i < TK_TSC_CPUS / 64; i++)
			cpus.bits[i] |= s->isolated.bits[i];
		cpus.bits[0] &= ~UINT64_C(1);
		tk_check_fix_boot(s, f, "nohz_full", &cpus);
	}
}

void tk_check_source(struct tk_finding *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->source, sizeof(f->source), format, args);
	va_end(args);
}

void tk_check_fix_echo(struct tk_finding *f, const char *to)
{
	tk_check_fix(f, TK_FIX_COMMAND, "echo %s > %s", to, f->source);
}

static bool unreadable(struct tk_finding *f, int err)
{
	tk_check_found(f, TK_VERDICT_UNKNOWN, "not readable: %s", strerror(-err));
	return false;
}

static bool nonsense(struct tk_finding *f, const char *text)
{
	tk_check_found(f, TK_VERDICT_UNKNOWN, "not understood: \"%.100s\"", text);
	return false;
}

bool tk_check_read_text(const struct tk_subject *s, struct tk_finding *f, char *text, size_t len)
{
	ssize_t got = tk_tsc_file_read(s->root, f->source, text, len);

	return got < 0 ? unreadable(f, (int)got) : true;
}

bool tk_check_read_number(const struct tk_subject *s, struct tk_finding *f, int64_t *number)
{
	char text[64];
	char *end;

	if (!tk_check_read_text(s, f, text, sizeof(text)))
		return false;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return errno || end == text || *end ? nonsense(f, text) : true;
}

bool tk_check_read_cpus(const struct tk_subject *s, struct tk_finding *f, struct tk_tsc_cpus *cpus)
{
	int err = tk_tsc_cpus_read(s->root, f->source, cpus);

	return err ? unreadable(f, err) : true;
}

static bool read_mask(const struct tk_subject *s, struct tk_finding *f, struct tk_tsc_cpus *cpus)
{
	char text[2048];

	if (!tk_check_read_text(s, f, text, sizeof(text)))
		return false;
	return tk_tsc_cpus_parse_mask(text, cpus) ? nonsense(f, text) : true;
}

bool tk_check_number_after(const char *text, const char *key, int64_t *number)
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

bool tk_check_has_cpu(const struct tk_subject *s, const struct tk_tsc_cpus *cpus)
{
	return s->cpu >= 0 && s->cpu < TK_TSC_CPUS && tk_tsc_cpus_has(cpus, (unsigned int)s->cpu);
}

void tk_check_switch(const struct tk_subject *s, struct tk_finding *f)
{
	int64_t on;

	if (!tk_check_exists(s, "%s", f->source) &&
	    tk_check_exists(s, "/proc/sys/kernel/osrelease")) {
		tk_check_found(f, TK_VERDICT_OK, "not built into this kernel");
		return;
	}
	if (!tk_check_read_number(s, f, &on))
		return;
	tk_check_found(f, on ? TK_VERDICT_WARN : TK_VERDICT_OK, on ? "on" : "off");
	if (on)
		tk_check_fix_echo(f, "0");
}

void tk_check_mask(const struct tk_subject *s, struct tk_finding *f)
{
	struct tk_tsc_cpus mask;
	bool here;

	if (!read_mask(s, f, &mask))
		return;
	here = tk_check_has_cpu(s, &mask);
	tk_check_found(f, here ? TK_VERDICT_WARN : TK_VERDICT_OK, "cpu %d is %s", s->cpu,
		       here ? "one of them" : "left out");
	if (here)
		tk_check_fix_echo(f, s->others_mask);
}
