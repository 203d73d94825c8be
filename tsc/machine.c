/* SPDX-License-Identifier: MIT */
/*
 * tsc/machine.c - this machine, as tsc/check.c sees it, and the frequencies it claims to have.
 */
#include "tsc/check.h"

#include "tsc/files.h"
#include "tsc/read.h"

#include <cpuid.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* NOLINTNEXTLINE(readability-non-const-parameter): the macro writes it */
static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t r[4])
{
	__cpuid_count(leaf, subleaf, r[TK_EAX], r[TK_EBX], r[TK_ECX], r[TK_EDX]);
}

static int tsc_mode(void)
{
	int mode = 0;

	return prctl(PR_GET_TSC, &mode) ? -errno : mode;
}

/*
 * perf tells user space how its scheduler clock follows the counter: ns = ticks * mult >> shift.
 * The event counts nothing, and in user mode only, so that perf_event_paranoid up to 2 allows it.
 */
static double perf_hz(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	size_t len = (size_t)sysconf(_SC_PAGESIZE);
	const struct perf_event_mmap_page *page;
	double hz = 0;
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return 0;
	page = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return 0;
	if (page->cap_user_time && page->time_mult)
		hz = 1e9 * ldexp(1, page->time_shift) / page->time_mult;
	munmap((void *)(uintptr_t)page, len);
	return hz;
}

const struct tk_tsc_probe tk_tsc_this_machine = {
	.root = "",
	.cpuid = cpuid,
	.tsc_mode = tsc_mode,
	.stamp = tk_tsc_fenced_cpu,
	.kernel_hz = perf_hz,
};

void tk_tsc_cpuid(const struct tk_tsc_probe *m, uint32_t leaf, uint32_t r[4])
{
	m->cpuid(leaf & 0xc0000000, 0, r);
	if (leaf > r[TK_EAX])
		r[TK_EAX] = r[TK_EBX] = r[TK_ECX] = r[TK_EDX] = 0;
	else
		m->cpuid(leaf, 0, r);
}

/* Crystal times ratio. CPUID may leave the crystal out: 0, which stands for unknown. */
static double cpuid_15h(const struct tk_tsc_probe *m)
{
	uint32_t r[4];

	tk_tsc_cpuid(m, 0x15, r);
	return r[TK_EAX] ? (double)r[TK_ECX] * r[TK_EBX] / r[TK_EAX] : 0;
}

static double cpuid_16h(const struct tk_tsc_probe *m)
{
	uint32_t r[4];

	tk_tsc_cpuid(m, 0x16, r);
	return (r[TK_EAX] & 0xffff) * 1e6;
}

/* VMware's timing leaf, in kHz; KVM and others have it, too. */
static double hypervisor_hz(const struct tk_tsc_probe *m)
{
	uint32_t r[4];

	tk_tsc_cpuid(m, 1, r);
	if (!(r[TK_ECX] >> 31))
		return 0;
	tk_tsc_cpuid(m, 0x40000010, r);
	return r[TK_EAX] * 1e3;
}

static double perf_page(const struct tk_tsc_probe *m)
{
	return m->kernel_hz();
}

/* Few kernels have this file; it is exact. */
static double sysfs_hz(const struct tk_tsc_probe *m)
{
	char text[32];

	if (tk_tsc_file_read(m->root, "/sys/devices/system/cpu/cpu0/tsc_freq_khz", text,
			     sizeof(text)) <= 0)
		return 0;
	return strtod(text, NULL) * 1e3;
}

static const struct {
	const char *name;
	double (*hz)(const struct tk_tsc_probe *m); /* 0: does not say */
	double tolerance_ppm;
} refs[] = {
	{ "CPUID 15H", cpuid_15h, 500 },
	{ "CPUID 16H", cpuid_16h, 20000 }, /* the nominal clock in MHz: a label */
	{ "CPUID 40000010H", hypervisor_hz, 500 },
	{ "kernel perf page", perf_page, 500 },
	{ "kernel tsc_freq_khz", sysfs_hz, 500 },
};

void tk_tsc_check_freq(const struct tk_tsc_probe *m, double measured_hz, struct tk_tsc_report *out)
{
	struct tk_tsc_check *c = tk_tsc_check_add(out, "freq_agreement", "the references");
	const char *far_off = NULL;
	double worst = 0;

	out->refs[0] = (struct tk_tsc_ref){ "CLOCK_MONOTONIC_RAW", measured_hz, 0 };
	out->n_refs = 1;
	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
		double hz = refs[i].hz(m), ppm = 1e6 * (hz - measured_hz) / measured_hz;

		if (!(hz > 0) || !isfinite(hz))
			continue;
		out->refs[out->n_refs++] = (struct tk_tsc_ref){ refs[i].name, hz, ppm };
		if (fabs(ppm) > refs[i].tolerance_ppm)
			far_off = refs[i].name;
		worst = fmax(worst, refs[i].tolerance_ppm <= 500 ? fabs(ppm) : 0);
	}
	if (!c)
		return;
	if (out->n_refs == 1) {
		c->severity = TK_TSC_UNKNOWN;
		snprintf(c->value, sizeof(c->value), "nothing to compare with");
		c->reason = "Only the kernel's clock tells how fast the counter runs: neither "
			    "hardware nor "
			    "kernel claims a frequency.";
	} else if (far_off) {
		c->severity = TK_TSC_WARN;
		snprintf(c->value, sizeof(c->value), "%s disagrees", far_off);
		c->reason = "The measured rate is not what hardware or kernel claims, so one of "
			    "the two "
			    "clocks is wrong; compare date with another machine over a minute.";
	} else {
		c->severity = TK_TSC_OK;
		snprintf(c->value, sizeof(c->value), "within %.3g ppm", worst);
		c->reason = "Hardware and kernel claim the frequency that was measured.";
	}
}
