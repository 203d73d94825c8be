/* SPDX-License-Identifier: MIT */
/*
 * tsc/check.h - is this counter a clock?
 *
 * Each check has a value, the place where it was read, a severity, and one sentence that says what
 * that means and what to do. One fatal check makes the counter unusable. A value that could not be
 * read is shown as unknown, not as good.
 *
 * The checks read the machine through struct tk_tsc_probe, so that tests can present other
 * machines.
 */
#ifndef TK_TSC_CHECK_H
#define TK_TSC_CHECK_H

#include "tsc/freq.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tk_tsc_severity {
	TK_TSC_OK,
	TK_TSC_UNKNOWN, /* could not be read; the reason says why that matters */
	TK_TSC_WARN,    /* usable, with a limit that the reason names */
	TK_TSC_FATAL,   /* stamps of this counter mean nothing, or the ring would tear */
};

struct tk_tsc_check {
	const char *id;     /* stable: scripts match on it */
	const char *source; /* the register, call or file that was read */
	const char *reason; /* one sentence */
	enum tk_tsc_severity severity;
	char value[128];
};

/** A frequency that hardware or kernel claims, and how far it is from the measured one. */
struct tk_tsc_ref {
	const char *name;
	double hz;
	double ppm; /* (hz - measured) / measured */
};

#define TK_TSC_CHECKS_MAX 20
#define TK_TSC_REFS_MAX   8

struct tk_tsc_report {
	size_t n_checks, n_refs;
	struct tk_tsc_check checks[TK_TSC_CHECKS_MAX];
	struct tk_tsc_ref refs[TK_TSC_REFS_MAX];
};

enum tk_tsc_reg { TK_EAX, TK_EBX, TK_ECX, TK_EDX };

struct tk_tsc_probe {
	const char *root; /* put before every path; "" on a real machine */
	void (*cpuid)(uint32_t leaf, uint32_t subleaf, uint32_t reg[4]);
	int (*tsc_mode)(void);            /* PR_TSC_ENABLE, PR_TSC_SIGSEGV or negative errno */
	uint64_t (*stamp)(uint32_t *cpu); /* fenced */
	double (*kernel_hz)(void);        /* from the perf mmap page; 0 where it does not say */
};

extern const struct tk_tsc_probe tk_tsc_this_machine;

/**
 * The library calls this before it takes a stamp: CPUID (invariant TSC, RDTSCP) and prctl. It reads
 * no file or environment, allocates nothing, starts no thread, and is safe in a signal handler. It
 * takes some tens of us on a virtual machine, where every CPUID is an exit to the hypervisor.
 *
 * @return 0, or -ENOTSUP with the reason in @why (NULL allowed when @len is 0)
 */
int tk_tsc_quick(char *why, size_t len);

/** The same, of any machine. */
int tk_tsc_quick_of(const struct tk_tsc_probe *m, char *why, size_t len);

/**
 * The library calls this before it records with either clock: are the ring's 16-byte stores whole?
 * Without AVX no manual says so; QEMU TCG with several threads tears them. `emulated` accepts TCG
 * all the same. As quick, and as safe.
 */
int tk_tsc_atomic(bool emulated, char *why, size_t len);

/** The same, of any machine. */
int tk_tsc_atomic_of(const struct tk_tsc_probe *m, bool emulated, char *why, size_t len);

/**
 * Run every check that needs no measurement and no other cpu: about 1 ms; reads files. Reads the
 * counter only if no check before was fatal. Never fails: failures are findings.
 */
void tk_tsc_check_all(const struct tk_tsc_probe *m, struct tk_tsc_report *out);

/** Append the frequency references and the check that they agree with what was measured. */
void tk_tsc_check_freq(const struct tk_tsc_probe *m, double measured_hz, struct tk_tsc_report *out);

/** No fatal check. */
bool tk_tsc_usable(const struct tk_tsc_report *r);

/** "ok", "unknown", "warn", "fatal". */
const char *tk_tsc_severity_name(enum tk_tsc_severity s);

/** CPUID of a leaf, all zero if the machine's maximum in that range is below it. */
void tk_tsc_cpuid(const struct tk_tsc_probe *m, uint32_t leaf, uint32_t reg[4]);

/** Add a check from another file (offsets). @return it, zeroed, or NULL if the report is full. */
struct tk_tsc_check *tk_tsc_check_add(struct tk_tsc_report *r, const char *id, const char *source);

#endif
