/* SPDX-License-Identifier: MIT */
#include "tsc/check.h"

#include "tsc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MSR_TSC_ADJUST 0x3b
#define STEP_READS     20000

static void found(struct tk_tsc_check *c, enum tk_tsc_severity severity, const char *value,
		  const char *reason)
{
	snprintf(c->value, sizeof(c->value), "%s", value);
	c->severity = severity;
	c->reason = reason;
}

static bool cpuid_bit(const struct tk_tsc_probe *m, uint32_t leaf, enum tk_tsc_reg reg,
		      unsigned bit)
{
	uint32_t r[4];

	tk_tsc_cpuid(m, leaf, r);
	return r[reg] >> bit & 1;
}

/* The hypervisor's signature, unprintable bytes as '?'; empty on bare metal. */
static void hypervisor_name(const struct tk_tsc_probe *m, char name[13])
{
	uint32_t r[4] = { 0 };

	memset(name, 0, 13);
	if (!cpuid_bit(m, 1, TK_ECX, 31))
		return;
	m->cpuid(0x40000000, 0, r);
	memcpy(name, &r[TK_EBX], 4);
	memcpy(name + 4, &r[TK_ECX], 4);
	memcpy(name + 8, &r[TK_EDX], 4);
	for (int i = 0; i < 12; i++)
		if (name[i] && (name[i] < ' ' || name[i] > '~'))
			name[i] = '?';
	if (!name[0])
		memcpy(name, "unnamed", sizeof("unnamed"));
}

static void check_prctl(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	int mode = m->tsc_mode();

	if (mode == PR_TSC_ENABLE)
		found(c, TK_TSC_OK, "enabled", "This process may read the counter.");
	else if (mode == PR_TSC_SIGSEGV)
		found(c, TK_TSC_FATAL, "SIGSEGV",
		      "Reading the counter would kill this process, because a parent or a sandbox "
		      "called prctl(PR_SET_TSC); start the program without that.");
	else
		found(c, TK_TSC_UNKNOWN, strerrordesc_np(-mode),
		      "The kernel does not say whether this process may read the counter.");
}

static void check_invariant(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	if (cpuid_bit(m, 0x80000007, TK_EDX, 8))
		found(c, TK_TSC_OK, "yes",
		      "The counter runs at one rate through frequency changes and sleep states.");
	else
		found(c, TK_TSC_FATAL, "no",
		      "The counter may change its rate or stop when the core does, so ticks do not "
		      "measure time.");
}

static void check_rdtscp(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	if (cpuid_bit(m, 0x80000001, TK_EDX, 27))
		found(c, TK_TSC_OK, "yes", "Stop stamps wait for the work before them.");
	else
		found(c, TK_TSC_FATAL, "no",
		      "RDTSCP would fault: the processor, or the CPU model of the virtual machine, "
		      "lacks it; choose another CPU model, else use TIMEKEEPER_CLOCK=monotonic.");
}

static void check_avx(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	if (cpuid_bit(m, 1, TK_ECX, 28))
		found(c, TK_TSC_OK, "yes",
		      "Aligned 16-byte accesses are atomic: the ring needs that.");
	else
		found(c, TK_TSC_FATAL, "no",
		      "No manual promises that a 16-byte store is atomic without AVX, so readers "
		      "could see torn records; choose a CPU model with AVX.");
}

static void check_tcg(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	char name[13];

	hypervisor_name(m, name);
	if (strcmp(name, "TCGTCGTCGTCG") != 0)
		found(c, TK_TSC_OK, "no", "The processor executes instructions: no QEMU TCG.");
	else
		found(c, TK_TSC_FATAL, "yes",
		      "Refused under QEMU TCG with either clock: stores of 16 bytes may tear "
		      "(measured), and the counter is not a processor's; run under KVM or on "
		      "hardware (TIMEKEEPER_FORCE=tcg records all the same).");
}

static void check_hypervisor(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	char name[13];

	hypervisor_name(m, name);
	if (!name[0])
		found(c, TK_TSC_OK, "none", "No hypervisor between this program and the counter.");
	else
		found(c, TK_TSC_WARN, name,
		      "In a virtual machine the host may preempt a cpu inside a span, and a live "
		      "migration may change the counter unseen; for exact work use a host that "
		      "does neither.");
}

static void check_clocksource(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	char name[64];
	ssize_t got = tk_tsc_file_read(m->root, TK_TSC_CLOCKSOURCE "current_clocksource", name,
				       sizeof(name));

	if (got <= 0)
		found(c, TK_TSC_UNKNOWN, "not readable",
		      "Whether the kernel itself trusts the counter is not known; mount /sys.");
	else if (strcmp(name, "tsc") == 0)
		found(c, TK_TSC_OK, name, "The kernel keeps its own time by this counter.");
	else
		found(c, TK_TSC_WARN, name,
		      "The kernel keeps time by another clock, so frequency and epochs are judged "
		      "against that one, and reading it is slower; see available_clocksource.");
}

static void check_available(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	char names[128];
	ssize_t got = tk_tsc_file_read(m->root, TK_TSC_CLOCKSOURCE "available_clocksource", names,
				       sizeof(names));

	if (got <= 0)
		found(c, TK_TSC_UNKNOWN, "not readable",
		      "Whether the kernel has stopped using the counter is not known; mount /sys.");
	else if (tk_tsc_has_word(names, "tsc"))
		found(c, TK_TSC_OK, names, "The kernel has not found fault with the counter.");
	else
		found(c, TK_TSC_WARN, names,
		      "The kernel does not offer the counter as a clock, in most cases because it "
		      "found it unstable or unsynchronised; see dmesg for tsc, and measure with "
		      "--offsets.");
}

static void check_flag(const struct tk_tsc_probe *m, struct tk_tsc_check *c, const char *flag,
		       enum tk_tsc_severity without, const char *yes, const char *no)
{
	int has = tk_tsc_cpu_flag(m->root, flag);

	if (has > 0)
		found(c, TK_TSC_OK, "yes", yes);
	else if (has == 0)
		found(c, without, "no", no);
	else
		found(c, TK_TSC_UNKNOWN, "not readable",
		      "What the kernel thinks of the counter is not known; mount /proc.");
}

static void check_constant(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	check_flag(m, c, "constant_tsc", TK_TSC_WARN,
		   "The kernel agrees that the rate does not follow the core's frequency.",
		   "The kernel does not rely on a constant rate; watch the epochs.");
}

static void check_nonstop(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	check_flag(m, c, "nonstop_tsc", TK_TSC_WARN,
		   "The kernel agrees that the counter runs on in sleep states.",
		   "The kernel expects the counter to stop in deep sleep; keep cores out of it "
		   "(cpuidle.off=1 or /dev/cpu_dma_latency).");
}

static void check_known_freq(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	check_flag(m, c, "tsc_known_freq", TK_TSC_OK,
		   "The kernel was told the frequency by hardware or hypervisor.",
		   "The kernel calibrated the frequency at boot, so its seconds may be off by tens "
		   "of ppm; that changes all timers alike.");
}

static void check_reliable(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	check_flag(m, c, "tsc_reliable", TK_TSC_OK,
		   "The kernel was told not to watch the counter for faults.",
		   "The kernel keeps comparing the counter with another clock, if it has one.");
}

static int read_tsc_adjust(const char *root, unsigned int cpu, int64_t *adjust)
{
	char path[512];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/dev/cpu/%u/msr", root, cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	got = pread(fd, adjust, sizeof(*adjust), MSR_TSC_ADJUST);
	close(fd);
	return got == sizeof(*adjust) ? 0 : -EIO;
}

/* The register may not exist (most AMD processors), or reading it is left to root and a module. */
static void tsc_adjust_unknown(const struct tk_tsc_probe *m, struct tk_tsc_check *c, int err)
{
	if (tk_tsc_cpu_flag(m->root, "tsc_adjust") == 0)
		found(c, TK_TSC_UNKNOWN, "no such register",
		      "The processor keeps no record of whether firmware set the cores' counters "
		      "apart; measure with --offsets.");
	else if (err == -EIO)
		found(c, TK_TSC_UNKNOWN, "not given",
		      "The register cannot be read, in most cases because a hypervisor hides it; "
		      "whether the cores' counters agree, --offsets measures.");
	else if (err == -EACCES || err == -EPERM)
		found(c, TK_TSC_UNKNOWN, "not permitted",
		      "Whether firmware set the cores' counters apart is not known; run this again "
		      "as root (with CAP_SYS_RAWIO), or measure with --offsets.");
	else
		found(c, TK_TSC_UNKNOWN, "not readable",
		      "Whether firmware set the cores' counters apart is not known; run modprobe "
		      "msr "
		      "and this again as root, or measure with --offsets.");
}

static void check_tsc_adjust(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	int64_t first = 0, lowest = 0, highest = 0, adjust = 0;
	struct tk_tsc_cpus online;
	unsigned int seen = 0;
	int err = tk_tsc_cpus_online(m->root, &online);

	for (unsigned int cpu = 0; !err && cpu < TK_TSC_CPUS; cpu++) {
		if (!tk_tsc_cpus_has(&online, cpu))
			continue;
		err = read_tsc_adjust(m->root, cpu, &adjust);
		if (err)
			break;
		if (!seen++)
			first = lowest = highest = adjust;
		lowest = adjust < lowest ? adjust : lowest;
		highest = adjust > highest ? adjust : highest;
	}
	if (err || !seen) {
		tsc_adjust_unknown(m, c, err);
	} else if (lowest == highest) {
		found(c, TK_TSC_OK, "", "Firmware moved no core's counter against the others.");
		snprintf(c->value, sizeof(c->value), "%lld on all %u cpus", (long long)first, seen);
	} else {
		found(c, TK_TSC_WARN, "",
		      "Firmware or a tool moved the counters of some cores, so stamps of different "
		      "cores cannot be compared until --offsets has measured by how much.");
		snprintf(c->value, sizeof(c->value), "%lld to %lld ticks", (long long)lowest,
			 (long long)highest);
	}
}

static void check_backward(const struct tk_tsc_probe *m, struct tk_tsc_check *c)
{
	uint32_t cpu, last_cpu;
	uint64_t last = m->stamp(&last_cpu);
	unsigned int steps = 0;

	for (int i = 0; i < STEP_READS; i++) {
		uint64_t now = m->stamp(&cpu);

		steps += cpu == last_cpu && now < last;
		last = now;
		last_cpu = cpu;
	}
	if (steps == 0)
		found(c, TK_TSC_OK, "", "On one core the counter only went forward.");
	else
		found(c, TK_TSC_FATAL, "",
		      "The counter went backward on one core, so it is not a clock; look for a "
		      "tool "
		      "or hypervisor that writes it, and use TIMEKEEPER_CLOCK=monotonic.");
	snprintf(c->value, sizeof(c->value), "%u in %d readings", steps, STEP_READS);
}

static const struct {
	const char *id, *source;
	void (*run)(const struct tk_tsc_probe *m, struct tk_tsc_check *c);
} checks[] = {
	/* tk_tsc_quick() runs the first COUNTER of these, tk_tsc_atomic() the next, to ATOMIC. */
	{ "prctl_tsc", "prctl(PR_GET_TSC)", check_prctl },
	{ "invariant_tsc", "CPUID 80000007H EDX[8]", check_invariant },
	{ "rdtscp", "CPUID 80000001H EDX[27]", check_rdtscp },
	{ "avx", "CPUID 1 ECX[28]", check_avx },
	{ "tcg", "CPUID 40000000H", check_tcg },
	{ "hypervisor", "CPUID 1 ECX[31], 40000000H", check_hypervisor },
	{ "clocksource", TK_TSC_CLOCKSOURCE "current_clocksource", check_clocksource },
	{ "clocksource_available", TK_TSC_CLOCKSOURCE "available_clocksource", check_available },
	{ "constant_tsc", "/proc/cpuinfo", check_constant },
	{ "nonstop_tsc", "/proc/cpuinfo", check_nonstop },
	{ "tsc_known_freq", "/proc/cpuinfo", check_known_freq },
	{ "tsc_reliable", "/proc/cpuinfo", check_reliable },
	{ "tsc_adjust", "MSR 3BH, /dev/cpu/*/msr", check_tsc_adjust },
};

#define COUNTER 3
#define ATOMIC  5

static int ask(const struct tk_tsc_probe *m, size_t from, size_t to, char *why, size_t len)
{
	for (size_t i = from; i < to; i++) {
		struct tk_tsc_check c;

		checks[i].run(m, &c);
		if (c.severity == TK_TSC_FATAL) {
			snprintf(why, len, "%s: %s: %s", checks[i].id, c.value, c.reason);
			return -ENOTSUP;
		}
	}
	return 0;
}

int tk_tsc_quick_of(const struct tk_tsc_probe *m, char *why, size_t len)
{
	return ask(m, 0, COUNTER, why, len);
}

int tk_tsc_quick(char *why, size_t len)
{
	return tk_tsc_quick_of(&tk_tsc_this_machine, why, len);
}

int tk_tsc_atomic_of(const struct tk_tsc_probe *m, bool emulated, char *why, size_t len)
{
	return ask(m, COUNTER, emulated ? ATOMIC - 1 : ATOMIC, why, len);
}

int tk_tsc_atomic(bool emulated, char *why, size_t len)
{
	return tk_tsc_atomic_of(&tk_tsc_this_machine, emulated, why, len);
}

struct tk_tsc_check *tk_tsc_check_add(struct tk_tsc_report *r, const char *id, const char *source)
{
	struct tk_tsc_check *c;

	if (r->n_checks == TK_TSC_CHECKS_MAX)
		return NULL;
	c = &r->checks[r->n_checks++];
	*c = (struct tk_tsc_check){ .id = id, .source = source };
	return c;
}

void tk_tsc_check_all(const struct tk_tsc_probe *m, struct tk_tsc_report *out)
{
	struct tk_tsc_check *c;

	_Static_assert(sizeof(checks) / sizeof(checks[0]) + 3 <= TK_TSC_CHECKS_MAX,
		       "room for backward_step, freq_agreement and cross_core");
	out->n_checks = out->n_refs = 0;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i].run(m, tk_tsc_check_add(out, checks[i].id, checks[i].source));

	c = tk_tsc_check_add(out, "backward_step", "rdtscp; lfence");
	if (tk_tsc_usable(out))
		check_backward(m, c);
	else
		found(c, TK_TSC_UNKNOWN, "not tried",
		      "The counter was not read, because a finding above is fatal.");
}

bool tk_tsc_usable(const struct tk_tsc_report *r)
{
	for (size_t i = 0; i < r->n_checks; i++)
		if (r->checks[i].severity == TK_TSC_FATAL)
			return false;
	return true;
}

const char *tk_tsc_severity_name(enum tk_tsc_severity s)
{
	static const char *const names[] = { "ok", "unknown", "warn", "fatal" };

	return names[s];
}
