/* SPDX-License-Identifier: MIT */
/* Run each check of doctor on its fixtures; test which cpu it chooses, and hostile files. */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <sched.h>

#include "collector/doctor/checks/noise.h"
#include "collector/doctor/print.h"
#include "collector/machine/isolation.h"
#include "tests/doctor/fixtures.h"

static struct tk_doctor d;
static struct tk_noise noise;
static char why[256];

static void measure(const struct fixture *x)
{
	noise = (struct tk_noise){ .seconds = 2,
				   .hz = 1e9,
				   .threshold = 1000,
				   .elapsed = 2000000000,
				   .timer = x ? x->timer : 0,
				   .error = x ? x->error : 0 };
	if (x && x->gap_ns) {
		noise.count = 1;
		noise.lost = noise.shortest = noise.longest = x->gap_ns;
		noise.p50 = noise.p99 = noise.p999 = (double)x->gap_ns;
	}
	d.subject.noise = &noise;
}

/* Examine cpu 3 of the tree. */
static void examine(const struct fixture *x)
{
	cr_assert_eq(tk_doctor_begin(&d, tree_root, 3, why, sizeof(why)), 0, "%s", why);
	measure(x);
	tk_doctor_run(&d);
}

static const struct tk_finding *find(const char *id)
{
	for (size_t i = 0; i < d.n; i++)
		if (!strcmp(d.findings[i].id, id))
			return &d.findings[i];
	cr_assert_fail("no finding called %s", id);
	return NULL;
}

static char *text_of(void (*print)(const struct tk_doctor *, FILE *))
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	print(&d, f);
	fclose(f);
	return text;
}

TestSuite(doctor, .init = good_machine, .fini = tree_remove);

Test(doctor, a_good_machine_has_nothing_to_mend)
{
	examine(NULL);
	for (size_t i = 0; i < d.n; i++) {
		const struct tk_finding *f = &d.findings[i];

		cr_expect_eq(f->verdict, TK_VERDICT_OK, "%s: %s", f->id, f->value);
		cr_expect_eq(f->fix_kind, TK_FIX_NONE, "%s: %s", f->id, f->fix);
		cr_expect(f->value[0] && f->source[0] && f->reason[0], "%s", f->id);
	}
	cr_expect_eq(tk_doctor_verdict(&d), TK_VERDICT_OK);
}

static void expect(const struct fixture *x)
{
	const struct tk_finding *f = find(x->id);

	cr_expect_eq(f->verdict, x->verdict, "%s %s: %s, %s", x->id, x->value,
		     tk_verdict_name(f->verdict), f->value);
	cr_expect_not_null(strstr(f->value, x->value), "%s: %s", x->id, f->value);
	cr_expect_eq(f->fix_kind != TK_FIX_NONE, x->fix != NULL, "%s: %s", x->id, f->fix);
	if (x->fix)
		cr_expect_not_null(strstr(f->fix, x->fix), "%s: %s", x->id, f->fix);
	/* A check that warns or fails says what to do. */
	cr_expect(f->verdict < TK_VERDICT_WARN || f->fix_kind, "%s", x->id);
}

Test(doctor, every_fixture_has_its_verdict)
{
	for (size_t i = 0; i < N_FIXTURES; i++) {
		fixture_files(fixtures[i].files, 4);
		examine(&fixtures[i]);
		expect(&fixtures[i]);
		tree_remove();
		good_machine();
	}
}

static bool has_fixture(const struct tk_check *c, enum tk_verdict v)
{
	for (size_t i = 0; i < N_FIXTURES; i++)
		if (!strcmp(fixtures[i].id, c->id) && fixtures[i].verdict == v)
			return true;
	return v == TK_VERDICT_OK; /* the good machine is its fixture */
}

/* Every check can warn or fail, and every verdict that it can come to is tested. */
Test(doctor, every_verdict_of_every_check_has_a_fixture)
{
	for (size_t family = 0; tk_doctor_families[family]; family++) {
		for (const struct tk_check *c = tk_doctor_families[family]; c->id; c++) {
			cr_expect_gt(c->verdicts & ~TK_CAN(OK) & ~TK_CAN(UNKNOWN), 0, "%s", c->id);
			for (int v = 0; v < TK_VERDICTS; v++)
				if (c->verdicts >> v & 1)
					cr_expect(has_fixture(c, (enum tk_verdict)v), "%s %s",
						  c->id, tk_verdict_name((enum tk_verdict)v));
		}
	}
	for (size_t i = 0; i < N_FIXTURES; i++)
		for (size_t family = 0; tk_doctor_families[family]; family++)
			for (const struct tk_check *c = tk_doctor_families[family]; c->id; c++)
				if (!strcmp(c->id, fixtures[i].id))
					cr_expect(c->verdicts >> fixtures[i].verdict & 1, "%s",
						  c->id);
}

Test(doctor, the_worst_verdict_is_that_of_all)
{
	d.n = 4;
	for (size_t i = 0; i < 4; i++)
		d.findings[i].verdict = TK_VERDICT_OK;
	cr_expect_eq(tk_doctor_verdict(&d), TK_VERDICT_OK);
	d.findings[1].verdict = TK_VERDICT_UNKNOWN;
	cr_expect_eq(tk_doctor_verdict(&d), TK_VERDICT_UNKNOWN, "never passes for ok");
	d.findings[2].verdict = TK_VERDICT_WARN;
	cr_expect_eq(tk_doctor_verdict(&d), TK_VERDICT_WARN);
	d.findings[3].verdict = TK_VERDICT_FAIL;
	cr_expect_eq(tk_doctor_verdict(&d), TK_VERDICT_FAIL);
}

Test(doctor, which_cpu)
{
	tree_text(CPU "isolated", "1-2\n");
	cr_assert_eq(tk_doctor_begin(&d, tree_root, -1, why, sizeof(why)), 0);
	cr_expect_eq(d.subject.cpu, 1);
	cr_expect_not_null(strstr(d.cpu_why, "isolated"));
	cr_expect_str_eq(d.subject.isolate, "1-2");
	cr_expect_str_eq(d.subject.others, "0,3");
	cr_expect_str_eq(d.subject.others_mask, "9");

	tree_text(CPU "isolated", "\n");
	cr_assert_eq(tk_doctor_begin(&d, tree_root, -1, why, sizeof(why)), 0);
	cr_expect_eq(d.subject.cpu, 3);
	cr_expect_not_null(strstr(d.cpu_why, "the last"));
	tree_text(MADE ".partition", "isolated\n");
	tree_text(MADE ".effective", "2\n");
	cr_assert_eq(tk_doctor_begin(&d, tree_root, -1, why, sizeof(why)), 0);
	cr_expect_eq(d.subject.cpu, 2);

	cr_expect_eq(tk_doctor_begin(&d, tree_root, 4, why, sizeof(why)), -EINVAL);
	cr_expect_str_eq(why, "cpu 4 is not online; these are: 0-3");
	cr_expect_eq(tk_doctor_begin(&d, tree_root, 4096, why, sizeof(why)), -EINVAL);
	tree_text(CPU "online", "\n");
	cr_expect_eq(tk_doctor_begin(&d, tree_root, 0, why, sizeof(why)), -ENODATA);
	tree_gone(CPU "online");
	cr_expect_eq(tk_doctor_begin(&d, tree_root, 0, why, sizeof(why)), -ENOENT);
	cr_expect_not_null(strstr(why, "/sys/devices/system/cpu/online"));
}

Test(doctor, an_only_cpu_cannot_be_isolated)
{
	tree_text(CPU "online", "3\n");
	tree_text(CPU "isolated", "\n");
	tree_text(CPU "nohz_full", "\n");
	tree_text("/proc/sys/kernel/watchdog_cpumask", "0-3\n");
	examine(NULL);
	for (size_t i = 0; i < d.n; i++)
		cr_expect(d.findings[i].verdict != TK_VERDICT_FAIL ||
				  strstr(d.findings[i].fix, "no other cpu"),
			  "%s: %s", d.findings[i].id, d.findings[i].fix);
	cr_expect_not_null(strstr(find("isolation.nohz_full")->fix, "no other cpu"));
	cr_expect_eq(find("kernel.watchdog")->fix_kind, TK_FIX_NONE);
}

Test(doctor, isolated_and_why_not)
{
	cr_expect_eq(tk_cpu_isolated(tree_root, 3, why, sizeof(why)), 0);
	cr_expect_eq(tk_cpu_isolated(tree_root, 2, why, sizeof(why)), -EPERM);
	cr_expect_eq(tk_cpu_isolated(tree_root, -1, why, sizeof(why)), -EPERM);
	cr_expect_eq(tk_cpu_isolated(tree_root, 4096, why, sizeof(why)), -EPERM);
	/* A valid partition counts, however many others ask for the cpu; so does one that lies
	 * below a member. */
	tree_text(MADE ".partition", "member\n");
	tree_text(CGROUP "made/below/cpuset.cpus.partition", "isolated\n");
	tree_text(CGROUP "made/below/cpuset.cpus.effective", "2\n");
	tree_text(CGROUP "other/cpuset.cpus.partition", "isolated invalid\n");
	tree_text(CGROUP "other/cpuset.cpus", "2\n");
	cr_expect_eq(tk_cpu_isolated(tree_root, 2, why, sizeof(why)), 0);
	cr_expect_not_null(strstr(why, "/sys/fs/cgroup/made/below"), "%s", why);
	tree_gone(CGROUP "made/below/cpuset.cpus.partition");
	cr_expect_eq(tk_cpu_isolated(tree_root, 2, why, sizeof(why)), -EPERM);
	cr_expect_not_null(strstr(why, "invalid"), "%s", why);
	tree_gone(CPU "isolated");
	cr_expect_eq(tk_cpu_isolated(tree_root, 1, why, sizeof(why)), -ENOENT);
}

/* Of another machine doctor takes over only the checks that read its files. */
Test(doctor, the_counters_checks_are_taken_over)
{
	struct tk_tsc_report r = { .n_checks = 4,
				   .checks = {
					   { "tsc_reliable", "/proc/cpuinfo", "r", TK_TSC_OK, "v" },
					   { "tsc_adjust", "/dev/x", "r", TK_TSC_UNKNOWN, "v" },
					   { "clocksource", "/sys/x", "r", TK_TSC_WARN, "\033v" },
					   { "avx", "CPUID 1", "r", TK_TSC_FATAL, "v" } } };

	d = (struct tk_doctor){ .subject.root = "" };
	tk_doctor_add_tsc(&d, &r);
	cr_assert_eq(d.n, 4);
	cr_expect_eq(find("tsc.tsc_reliable")->verdict, TK_VERDICT_OK);
	cr_expect_eq(find("tsc.tsc_adjust")->verdict, TK_VERDICT_UNKNOWN);
	cr_expect_not_null(strstr(find("tsc.tsc_adjust")->fix, "--offsets"));
	cr_expect_eq(find("tsc.clocksource")->verdict, TK_VERDICT_WARN);
	cr_expect_str_eq(find("tsc.clocksource")->value, "?v");
	cr_expect_eq(find("tsc.avx")->verdict, TK_VERDICT_FAIL);
	cr_expect_eq(find("tsc.avx")->fix_kind, TK_FIX_TEXT);
	d = (struct tk_doctor){ .subject.root = tree_root };
	tk_doctor_add_tsc(&d, &r);
	cr_expect_eq(d.n, 3);
	for (int i = 0; i < TK_FINDINGS_MAX; i++)
		tk_doctor_add_tsc(&d, &r);
	cr_expect_eq(d.n, TK_FINDINGS_MAX);
}

/* [f06] "modprobe msr" only where nothing shows the registers, there is one, and a module. */
Test(doctor, the_register_that_a_processor_lacks)
{
	static const char built_in[] = "/lib/modules/6.1.0/kernel/arch/x86/kernel/msr.ko.xz";
	static const char flags[] = "flags\t\t: fpu tsc_adjust\n";

	tree_text("/proc/cpuinfo", "\nflags\t\t: fpu constant_tsc\n");
	tree_text("/proc/sys/kernel/osrelease", "6.1.0\n");
	tree_text(built_in, "");
	d = (struct tk_doctor){ .subject.root = tree_root };
	tk_doctor_tsc(&d);
	cr_expect_eq(find("tsc.tsc_adjust")->verdict, TK_VERDICT_UNKNOWN);
	cr_expect_str_eq(find("tsc.tsc_adjust")->value, "no such register");
	cr_expect_not_null(strstr(find("tsc.tsc_adjust")->fix, "--offsets"));

	tree_text("/proc/cpuinfo", flags);
	d.n = 0;
	tk_doctor_tsc(&d);
	cr_expect_str_eq(find("tsc.tsc_adjust")->fix, "modprobe msr");

	tree_gone(built_in);
	d.n = 0;
	tk_doctor_tsc(&d);
	cr_expect_eq(find("tsc.tsc_adjust")->fix_kind, TK_FIX_TEXT, "no such module");

	tree_text(built_in, "");
	tree_text("/dev/cpu/0/msr", ""); /* there, and reading it fails */
	d.n = 0;
	tk_doctor_tsc(&d);
	cr_expect_str_eq(find("tsc.tsc_adjust")->value, "not given");
	cr_expect_eq(find("tsc.tsc_adjust")->fix_kind, TK_FIX_TEXT);
}

Test(doctor, clocksource_is_chosen_only_where_there_is_one)
{
	tree_text(TK_TSC_CLOCKSOURCE "current_clocksource", "hpet\n");
	tree_text(TK_TSC_CLOCKSOURCE "available_clocksource", "hpet acpi_pm\n");
	d = (struct tk_doctor){ .subject.root = tree_root };
	tk_doctor_tsc(&d);
	cr_expect_eq(find("tsc.clocksource")->verdict, TK_VERDICT_WARN);
	cr_expect_eq(find("tsc.clocksource")->fix_kind, TK_FIX_TEXT);
	tree_text(TK_TSC_CLOCKSOURCE "available_clocksource", "hpet tsc acpi_pm\n");
	d.n = 0;
	tk_doctor_tsc(&d);
	cr_expect_eq(find("tsc.clocksource")->fix_kind, TK_FIX_COMMAND);
	cr_expect_not_null(strstr(find("tsc.clocksource")->fix, "echo tsc > "));
}

/* [f04] The kernel takes the boot cpu out of nohz_full= again. */
Test(doctor, the_boot_cpu_keeps_the_time)
{
	cr_assert_eq(tk_doctor_begin(&d, tree_root, 0, why, sizeof(why)), 0);
	measure(&(struct fixture){ .timer = 500 });
	tk_doctor_run(&d);
	cr_expect_eq(find("isolation.nohz_full")->fix_kind, TK_FIX_TEXT);
	cr_expect_not_null(strstr(find("isolation.nohz_full")->fix, "another cpu"));
	cr_expect_str_eq(find("noise.ticks")->fix, find("isolation.nohz_full")->fix);
}

/* [f01] Of two nohz_full= or isolcpus= the kernel takes the first. */
Test(doctor, a_parameter_behind_another_is_no_fix)
{
	char *text;

	tree_text(CPU "nohz_full", "1\n");
	tree_text(CPU "isolated", "1\n");
	tree_text("/proc/cmdline", "isolcpus=1 nohz-full=1\n");
	tree_gone(CGROUP "cgroup.controllers");
	examine(NULL);
	cr_expect_str_eq(find("isolation.nohz_full")->fix, "nohz_full=1,3");
	cr_expect(find("isolation.nohz_full")->replaces);
	cr_expect_str_eq(find("isolation.domain")->fix, "isolcpus=managed_irq,domain,1,3");
	cr_expect(find("isolation.domain")->replaces);
	cr_expect_not(find("isolation.rcu_nocbs")->replaces);
	text = text_of(tk_doctor_table);
	cr_expect_not_null(strstr(text, "nohz_full=1,3, in place of the one there is"));
	free(text);
	text = text_of(tk_doctor_script);
	cr_expect_not_null(strstr(text, "\n# Take the isolcpus= out that"));
	free(text);
}

/* [f33] A quota's gaps are not the hypervisor's. */
Test(doctor, a_quota_makes_gaps)
{
	cr_assert_eq(tk_doctor_begin(&d, tree_root, 3, why, sizeof(why)), 0);
	measure(&(struct fixture){ .gap_ns = 2000000 });
	noise.throttled = 29;
	tk_doctor_run(&d);
	cr_expect_not_null(strstr(find("noise.gaps")->fix, "quota"));
	cr_expect_not_null(strstr(find("noise.gaps")->fix, "29 times"));
	cr_expect_null(strstr(find("noise.gaps")->fix, "hypervisor"));
}

/* The kernel's counters of interrupts have 32 bits each, and go when their interrupt does. */
Test(doctor, counters_wrap_and_go_backwards)
{
	uint64_t n;

	cr_expect(tk_noise_count(&n, 5, 9) == 0 && n == 4);
	cr_expect(tk_noise_count(&n, UINT32_MAX, 1) == 0 && n == 2);
	cr_expect(tk_noise_count(&n, UINT64_C(5) << 32, (UINT64_C(4) << 32) + 7) == 0 && n == 7);
	cr_expect_eq(tk_noise_count(&n, 9, 5), -ESTALE);
}

Test(doctor, the_script_says_a_parameter_once)
{
	int said = 0;
	char *script;

	tree_text(CPU "nohz_full", "\n");
	examine(&(struct fixture){ .timer = 500 });
	cr_expect_str_eq(find("noise.ticks")->fix, find("isolation.nohz_full")->fix);
	script = text_of(tk_doctor_script);
	for (char *l = strtok(script, "\n"); l; l = strtok(NULL, "\n"))
		said += !strncmp(l, "parameters=", 11) && strstr(l, "nohz_full=3\"");
	cr_expect_eq(said, 1);
	free(script);
}

Test(doctor, hostile_files_are_tamed)
{
	char *text;
	json_t *json;

	tree_text(CPU "cpu3/cpufreq/scaling_governor", "\033[31m\n'; reboot #\x9b");
	tree_text(CGROUP "$(reboot)`\n/cpuset.cpus.partition", "isolated invalid\n");
	tree_text(CGROUP "$(reboot)`\n/cpuset.cpus", "3\n");
	examine(NULL);
	cr_expect_str_eq(find("power.governor")->value, "?[31m?'; reboot #?");
	text = text_of(tk_doctor_script);
	for (char *l = strtok(text, "\n"); l; l = strtok(NULL, "\n"))
		cr_expect(!strstr(l, "reboot") || l[0] == '#', "%s", l);
	free(text);
	text = text_of(tk_doctor_table);
	cr_expect_null(strchr(text, '\033'));
	free(text);
	text = NULL;
	FILE *f = open_memstream(&text, &(size_t){ 0 });
	cr_expect_eq(tk_doctor_json(&d, f), 0);
	fclose(f);
	json = json_loads(text, 0, NULL);
	cr_expect_str_eq(json_string_value(json_object_get(json, "verdict")), "fail");
	json_decref(json);
	free(text);
}

Test(doctor, a_spin_adds_up)
{
	static struct tk_noise n;
	cpu_set_t mine;
	uint64_t binned = 0;
	int cpu = 0;

	cr_assert_eq(sched_getaffinity(0, sizeof(mine), &mine), 0);
	while (!CPU_ISSET((size_t)cpu, &mine))
		cpu++;
	tk_noise_measure(&n, cpu, 1, 0);
	cr_assert_eq(n.error, 0);
	for (int i = 0; i < TK_NOISE_BINS; i++)
		binned += n.bins[i];
	cr_expect_eq(binned, n.count);
	cr_expect(n.lost <= n.elapsed && n.elapsed >= 1000000000 && n.threshold >= 1000);
	cr_expect(n.lost >= n.count * n.shortest && n.lost <= n.count * n.longest);
	cr_expect(n.count == 0 || (n.shortest >= n.threshold && n.shortest <= n.longest));
	cr_expect(n.p50 <= n.p99 && n.p99 <= n.p999 && n.p999 <= (double)n.longest);
	tk_noise_measure(&n, 4095, 1, 0);
	cr_expect_eq(n.error, -EINVAL);
}
