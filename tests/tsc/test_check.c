/* SPDX-License-Identifier: MIT */
/*
 * Every verdict, of machines that the tests make up: a CPUID, a prctl, a counter, and a tree of
 * files.
 */
#include "tsc/check.h"
#include "tsc/files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/prctl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/tree.h"

/* A good machine of 2.6 GHz. Each test spoils one thing. */
static struct {
	uint32_t max, max_ext, leaf1_ecx, ext1_edx, ext7_edx;
	uint32_t crystal, numer, denom, base_mhz, hyper_khz;
	const char *hypervisor;
	int tsc_mode;
	double kernel_hz;
	uint64_t tsc, step;
	unsigned int stamps, back_every, move_every;
} fake;

static void fake_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t r[4])
{
	(void)subleaf;
	memset(r, 0, 4 * sizeof(*r));
	switch (leaf) {
	case 0:
		r[TK_EAX] = fake.max;
		break;
	case 1:
		r[TK_ECX] = fake.leaf1_ecx | (fake.hypervisor ? 1u << 31 : 0);
		break;
	case 0x15:
		r[TK_EAX] = fake.denom;
		r[TK_EBX] = fake.numer;
		r[TK_ECX] = fake.crystal;
		break;
	case 0x16:
		r[TK_EAX] = fake.base_mhz;
		break;
	case 0x40000000:
		r[TK_EAX] = fake.hyper_khz ? 0x40000010 : 0x40000001;
		if (fake.hypervisor) {
			memcpy(&r[TK_EBX], fake.hypervisor, 4);
			memcpy(&r[TK_ECX], fake.hypervisor + 4, 4);
			memcpy(&r[TK_EDX], fake.hypervisor + 8, 4);
		}
		break;
	case 0x40000010:
		r[TK_EAX] = fake.hyper_khz;
		break;
	case 0x80000000:
		r[TK_EAX] = fake.max_ext;
		break;
	case 0x80000001:
		r[TK_EDX] = fake.ext1_edx;
		break;
	case 0x80000007:
		r[TK_EDX] = fake.ext7_edx;
		break;
	default: /* an Intel processor answers with rubbish beyond its maximum */
		memset(r, 0xff, 4 * sizeof(*r));
	}
}

static int fake_tsc_mode(void)
{
	return fake.tsc_mode;
}

static uint64_t fake_stamp(uint32_t *cpu)
{
	fake.stamps++;
	*cpu = fake.move_every ? fake.stamps / fake.move_every % 2 : 0;
	if (fake.back_every && fake.stamps % fake.back_every == 0)
		fake.tsc -= 500;
	else
		fake.tsc += fake.step;
	return fake.tsc;
}

static double fake_kernel_hz(void)
{
	return fake.kernel_hz;
}

static const struct tk_tsc_probe machine = {
	.root = tree_root,
	.cpuid = fake_cpuid,
	.tsc_mode = fake_tsc_mode,
	.stamp = fake_stamp,
	.kernel_hz = fake_kernel_hz,
};

static void tsc_adjust(unsigned int cpu, int64_t value)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/cpu/%u/msr", cpu);
	tree_put(path, &value, sizeof(value), 0x3b);
}

static void good_machine(void)
{
	fake.max = 0x16;
	fake.max_ext = 0x80000008;
	fake.leaf1_ecx = 1u << 28;
	fake.ext1_edx = 1u << 27;
	fake.ext7_edx = 1u << 8;
	fake.crystal = 25000000;
	fake.numer = 208;
	fake.denom = 2;
	fake.base_mhz = 2600;
	fake.tsc_mode = PR_TSC_ENABLE;
	fake.kernel_hz = 2.6e9;
	fake.tsc = 1000000;
	fake.step = 25;

	tree_make();
	tree_text(TK_TSC_CLOCKSOURCE "current_clocksource", "tsc\n");
	tree_text(TK_TSC_CLOCKSOURCE "available_clocksource", "tsc hpet acpi_pm \n");
	tree_text("/sys/devices/system/cpu/online", "0-2\n");
	tree_text("/proc/cpuinfo",
		  "processor\t: 0\nflags\t\t: fpu constant_tsc nonstop_tsc tsc_known_freq "
		  "tsc_reliable avx\nbugs\t\t: none\n");
	for (unsigned int cpu = 0; cpu < 3; cpu++)
		tsc_adjust(cpu, -12345);
}

static struct tk_tsc_report report;

static const struct tk_tsc_check *find(const char *id)
{
	for (size_t i = 0; i < report.n_checks; i++)
		if (strcmp(report.checks[i].id, id) == 0)
			return &report.checks[i];
	cr_assert_fail("no check called %s", id);
	return NULL;
}

/* Run everything; this one has that verdict, and only a fatal one makes the counter unusable. */
static void verdict(const char *id, enum tk_tsc_severity want)
{
	const struct tk_tsc_check *c;

	tk_tsc_check_all(&machine, &report);
	tk_tsc_check_freq(&machine, 2.6e9, &report);
	c = find(id);
	cr_expect_eq(c->severity, want, "%s: %s, %s", id, tk_tsc_severity_name(c->severity),
		     c->value);
	cr_expect_eq(tk_tsc_usable(&report), want != TK_TSC_FATAL);
}

/* And the quick sets agree, with the check's name in the reason: it is the counter's, or the
 * stores'. */
static void refused(const char *id, bool counter)
{
	char why[256] = "";
	int quick, atomic;

	verdict(id, TK_TSC_FATAL);
	quick = tk_tsc_quick_of(&machine, why, sizeof(why));
	atomic = tk_tsc_atomic_of(&machine, false, why, sizeof(why));
	cr_expect_eq(quick, counter ? -ENOTSUP : 0);
	cr_expect_eq(atomic, counter ? 0 : -ENOTSUP);
	cr_expect(strstr(why, id) == why, "%s", why);
	cr_expect_eq(tk_tsc_quick_of(&machine, NULL, 0), quick);
	cr_expect_eq(tk_tsc_atomic_of(&machine, false, NULL, 0), atomic);
}

TestSuite(check, .init = good_machine, .fini = tree_remove);

Test(check, a_good_machine_has_nothing_to_say)
{
	char why[256] = "untouched";

	verdict("backward_step", TK_TSC_OK);
	for (size_t i = 0; i < report.n_checks; i++) {
		const struct tk_tsc_check *c = &report.checks[i];

		cr_expect_eq(c->severity, TK_TSC_OK, "%s", c->id);
		cr_expect(c->value[0] && c->source[0] && c->reason[0], "%s", c->id);
	}
	cr_expect_eq(tk_tsc_quick_of(&machine, why, sizeof(why)), 0);
	cr_expect_eq(tk_tsc_atomic_of(&machine, false, why, sizeof(why)), 0);
	cr_expect_str_eq(why, "untouched");
}

Test(check, no_invariant_tsc)
{
	fake.ext7_edx = 0;
	refused("invariant_tsc", true);
	cr_expect_eq(fake.stamps, 0, "the counter must not be read after a fatal finding");
	cr_expect_eq(find("backward_step")->severity, TK_TSC_UNKNOWN);
}

Test(check, leaves_beyond_the_maximum_are_not_believed)
{
	fake.max_ext = 0x80000004;
	refused("invariant_tsc", true);
	cr_expect_eq(find("rdtscp")->severity, TK_TSC_OK, "80000001H is within");
	fake.max = 0;
	verdict("avx", TK_TSC_FATAL);
}

Test(check, no_rdtscp)
{
	fake.ext1_edx = 0;
	refused("rdtscp", true);
}

Test(check, no_avx)
{
	fake.leaf1_ecx = 0;
	refused("avx", false);
	cr_expect_eq(tk_tsc_atomic_of(&machine, true, NULL, 0), -ENOTSUP, "nothing forces that");
}

Test(check, emulated_by_tcg)
{
	fake.hypervisor = "TCGTCGTCGTCG";
	refused("tcg", false);
	cr_expect_eq(tk_tsc_atomic_of(&machine, true, NULL, 0), 0, "forced");
}

Test(check, forbidden_by_prctl)
{
	fake.tsc_mode = PR_TSC_SIGSEGV;
	refused("prctl_tsc", true);
	cr_expect_eq(fake.stamps, 0, "reading would have killed us");
}

Test(check, prctl_does_not_say)
{
	fake.tsc_mode = -EINVAL;
	verdict("prctl_tsc", TK_TSC_UNKNOWN);
}

Test(check, a_hypervisor_is_named_and_tamed)
{
	fake.hypervisor = "KVMKVMKVM\0\0\0";
	verdict("hypervisor", TK_TSC_WARN);
	cr_expect_str_eq(find("hypervisor")->value, "KVMKVMKVM");
	cr_expect_eq(find("tcg")->severity, TK_TSC_OK);
	fake.hypervisor = "\033[31mEvilHyp";
	verdict("hypervisor", TK_TSC_WARN);
	cr_expect_str_eq(find("hypervisor")->value, "?[31mEvilHyp");
}

Test(check, clocksource)
{
	tree_text(TK_TSC_CLOCKSOURCE "current_clocksource", "hpet\n");
	verdict("clocksource", TK_TSC_WARN);
	cr_expect_str_eq(find("clocksource")->value, "hpet");
	tree_gone(TK_TSC_CLOCKSOURCE "current_clocksource");
	verdict("clocksource", TK_TSC_UNKNOWN);
}

Test(check, available_clocksource)
{
	/* "tsc" must be a word: Xen and Hyper-V have names with it inside. */
	tree_text(TK_TSC_CLOCKSOURCE "available_clocksource", "hyperv_tsc_page tsc-early hpet\n");
	verdict("clocksource_available", TK_TSC_WARN);
	tree_text(TK_TSC_CLOCKSOURCE "available_clocksource", "hpet tsc\n");
	verdict("clocksource_available", TK_TSC_OK);
	tree_gone(TK_TSC_CLOCKSOURCE "available_clocksource");
	verdict("clocksource_available", TK_TSC_UNKNOWN);
}

Test(check, kernel_flags)
{
	tree_text("/proc/cpuinfo",
		  "processor\t: 0\nflags\t\t: fpu xnonstop_tsc\nbugs\t: constant_tsc\n");
	verdict("constant_tsc", TK_TSC_WARN);
	verdict("nonstop_tsc", TK_TSC_WARN);
	verdict("tsc_known_freq", TK_TSC_OK);
	cr_expect_str_eq(find("tsc_known_freq")->value, "no");
	tree_gone("/proc/cpuinfo");
	verdict("constant_tsc", TK_TSC_UNKNOWN);
	verdict("tsc_reliable", TK_TSC_UNKNOWN);
}

Test(check, tsc_adjust)
{
	verdict("tsc_adjust", TK_TSC_OK);
	cr_expect_str_eq(find("tsc_adjust")->value, "-12345 on all 3 cpus");
	tsc_adjust(1, -12000);
	verdict("tsc_adjust", TK_TSC_WARN);
	cr_expect_str_eq(find("tsc_adjust")->value, "-12345 to -12000 ticks");
	tree_gone("/dev/cpu/2/msr");
	verdict("tsc_adjust", TK_TSC_UNKNOWN);
	tsc_adjust(2, -12345);
	tree_text("/sys/devices/system/cpu/online", "nonsense\n");
	verdict("tsc_adjust", TK_TSC_UNKNOWN);
}

Test(check, backward_step)
{
	fake.back_every = 1000;
	verdict("backward_step", TK_TSC_FATAL);
}

Test(check, backward_only_between_cores_is_not_a_backward_step)
{
	fake.back_every = 1000;
	fake.move_every = 1000;
	verdict("backward_step", TK_TSC_OK);
}

Test(check, frequencies_agree_and_disagree)
{
	verdict("freq_agreement", TK_TSC_OK);
	cr_assert_eq(report.n_refs, 4); /* RAW, 15H, 16H, perf */
	cr_expect_str_eq(report.refs[0].name, "CLOCK_MONOTONIC_RAW");
	cr_expect_eq(report.refs[1].hz, 2.6e9);

	fake.base_mhz = 2590; /* a label: 0.4 % off is as usual */
	verdict("freq_agreement", TK_TSC_OK);
	fake.kernel_hz = 2.6e9 * (1 + 1e-3);
	verdict("freq_agreement", TK_TSC_WARN);
	cr_expect(strstr(find("freq_agreement")->value, "perf") != NULL);
	cr_expect_float_eq(report.refs[3].ppm, 1000, 1e-3);
}

Test(check, nobody_claims_a_frequency)
{
	fake.crystal = 0;
	fake.base_mhz = 0;
	fake.kernel_hz = 0;
	verdict("freq_agreement", TK_TSC_UNKNOWN);
}

Test(check, the_other_references)
{
	fake.hypervisor = "VMwareVMware";
	fake.hyper_khz = 2600000;
	tree_text("/sys/devices/system/cpu/cpu0/tsc_freq_khz", "2600001\n");
	verdict("freq_agreement", TK_TSC_OK);
	cr_expect_eq(report.n_refs, 6);
	tree_text("/sys/devices/system/cpu/cpu0/tsc_freq_khz", "nan\n");
	verdict("freq_agreement", TK_TSC_OK);
	cr_expect_eq(report.n_refs, 5);
}

Test(check, cpu_masks)
{
	const char *const bad[] = { "",    ",",   "f,",  ",f",         "F",
				    "0x3", "1,f", "f f", "ff,fffffff", "fffffffff" };
	struct tk_tsc_cpus s;
	char text[1280];

	cr_assert_eq(tk_tsc_cpus_parse_mask("9,00000007", &s), 0);
	cr_expect_eq(s.bits[0], UINT64_C(0x900000007));
	tk_tsc_cpus_mask(&s, text, sizeof(text));
	cr_expect_str_eq(text, "9,00000007");
	tk_tsc_cpus_list(&s, text, sizeof(text));
	cr_expect_str_eq(text, "0-2,32,35");
	memset(&s, 0xff, sizeof(s));
	tk_tsc_cpus_mask(&s, text, sizeof(text));
	cr_expect_eq(tk_tsc_cpus_parse_mask(text, &s), 0);
	tk_tsc_cpus_list(&s, text, sizeof(text));
	cr_expect_str_eq(text, "0-4095");
	memset(&s, 0, sizeof(s));
	tk_tsc_cpus_mask(&s, text, sizeof(text));
	cr_expect_str_eq(text, "0");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(tk_tsc_cpus_parse_mask(bad[i], &s), -EINVAL, "'%s'", bad[i]);
		cr_expect_eq(s.bits[0], 0);
	}
}

Test(check, cpu_lists_of_files)
{
	struct tk_tsc_cpus s;

	tree_text("/list", "0,2\n");
	cr_expect_eq(tk_tsc_cpus_read(tree_root, "/list", &s), 0);
	cr_expect_eq(s.bits[0], 5);
	tree_text("/list", "\n");
	cr_expect_eq(tk_tsc_cpus_read(tree_root, "/list", &s), 0);
	cr_expect_eq(s.bits[0], 0);
	tree_text("/list", " (null)\n");
	cr_expect_eq(tk_tsc_cpus_read(tree_root, "/list", &s), 0);
	tree_text("/list", "all\n");
	cr_expect_eq(tk_tsc_cpus_read(tree_root, "/list", &s), -EINVAL);
	cr_expect_eq(tk_tsc_cpus_read(tree_root, "/none", &s), -ENOENT);
}

Test(check, cpu_lists)
{
	const char *const bad[] = { "",
				    ",",
				    "1,",
				    "3-1",
				    "-1",
				    " 1",
				    "1 ",
				    "4096",
				    "1-",
				    "0-3;5",
				    "99999999999999999999" };
	struct tk_tsc_cpus s;

	cr_assert_eq(tk_tsc_cpus_parse("0-2,64,4095", &s), 0);
	cr_expect_eq(s.bits[0], 7);
	cr_expect_eq(s.bits[1], 1);
	cr_expect_eq(s.bits[63], UINT64_C(1) << 63);
	cr_expect(tk_tsc_cpus_has(&s, 64) && !tk_tsc_cpus_has(&s, 65));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(tk_tsc_cpus_parse(bad[i], &s), -EINVAL, "'%s'", bad[i]);
		cr_expect_eq(s.bits[0], 0);
	}
}
