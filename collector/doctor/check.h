/* SPDX-License-Identifier: MIT */
/*
 * collector/doctor/check.h - is this machine, and one cpu of it, fit to measure on?
 *
 * A check is a row of its family's table: an id, the file it reads, why it matters, the verdicts it
 * can come to, and a function that finds value, verdict and fix. To add one is to add a row and a
 * function in one file; tests/doctor then asks for a fixture of each of its verdicts.
 *
 * Checks read files below a root, so that tests (and --root) can show them other machines. What is
 * in these files is not trusted: values are made printable, and nothing from them gets into a fix
 * but numbers. The checks of the counter are tsc/check.h's, taken over by tsc.c.
 *
 * One thread; a few ms, and some 30 us for each thread of the system (tasks.c).
 */
#ifndef TK_COLLECTOR_DOCTOR_CHECK_H
#define TK_COLLECTOR_DOCTOR_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/doctor/noise.h"
#include "tsc/check.h"
#include "tsc/files.h"

/** From good to bad; the worst is the verdict on the whole. */
enum tk_verdict {
	TK_VERDICT_OK,
	TK_VERDICT_UNKNOWN, /* could not be read: not taken for good */
	TK_VERDICT_WARN,    /* measurements have a limit that the reason names */
	TK_VERDICT_FAIL,    /* not fit to measure on */
	TK_VERDICTS,
};

enum tk_fix_kind {
	TK_FIX_NONE,
	TK_FIX_COMMAND, /* of a POSIX shell, as root; doing it twice does no harm */
	TK_FIX_BOOT,    /* a kernel parameter */
	TK_FIX_TEXT,    /* what to do where no command can */
};

/** What a check came to. */
struct tk_finding {
	char id[40];        /* family.name; stable: scripts match on it */
	const char *reason; /* why it matters, one sentence */
	enum tk_verdict verdict;
	enum tk_fix_kind fix_kind;
	char source[160]; /* the file that was read */
	char value[192];
	char fix[1024];
};

#define TK_FINDINGS_MAX 64
#define TK_CPUS_TEXT    1280 /* a mask of 4,096 cpus, or a list of some hundred pieces */

struct tk_doctor {
	const char *root; /* put before every path; "" on a real machine */
	int cpu;
	char cpu_why[96]; /* why this one */
	/* For fixes: the isolated cpus with this one, the others (empty: there are none), both as
	 * lists, the latter as a mask, too. */
	char isolate[TK_CPUS_TEXT], others[TK_CPUS_TEXT], others_mask[TK_CPUS_TEXT];
	struct tk_noise noise; /* seconds 0: not asked for */
	size_t n;
	struct tk_finding findings[TK_FINDINGS_MAX];
};

#define TK_CAN(verdict) (1u << TK_VERDICT_##verdict)

struct tk_check {
	const char *id, *source; /* "cpuN" in a source is the cpu */
	const char *reason;
	unsigned verdicts; /* that it can come to, TK_CAN() each */
	bool moves;        /* its fix moves work to other cpus: there must be some */
	bool timed;        /* judges d->noise, and is left out where that was not measured */
	void (*run)(const struct tk_doctor *d, struct tk_finding *f);
};

/** Every family, a table that ends with id NULL; then NULL. */
extern const struct tk_check *const tk_families[];
extern const struct tk_check tk_isolation_checks[], tk_task_checks[], tk_interrupt_checks[],
	tk_power_checks[], tk_memory_checks[], tk_kernel_checks[], tk_load_checks[],
	tk_noise_checks[];

/**
 * Choose the cpu: `cpu`, or for -1 the first that is isolated, else the last one online (of the
 * real machine: that this process may run on).
 * @why: a sentence
 * @return 0; -EINVAL: it is not online; or what kept the list of cpus from being read
 */
int tk_doctor_begin(struct tk_doctor *d, const char *root, int cpu, char why[], size_t len);

/** Every check of the families. */
void tk_doctor_run(struct tk_doctor *d);

/** One check. Adds a finding; if there is no room, does nothing. */
void tk_doctor_check(struct tk_doctor *d, const struct tk_check *c);

/** What tsc/check.h found, as "tsc.…"; of another machine (a root) only what its files say. */
void tk_doctor_add_tsc(struct tk_doctor *d, const struct tk_tsc_report *r);
/**
 * Check the counter, and add that. 20 ms: the frequency is measured.
 * @return it in Hz; 0 if this counter is no clock, or another machine's
 */
double tk_doctor_tsc(struct tk_doctor *d);

/** The worst: fail, warn, unknown, ok. */
enum tk_verdict tk_doctor_verdict(const struct tk_doctor *d);
/** "ok", "unknown", "warn", "fail". */
const char *tk_verdict_name(enum tk_verdict v);

/* --- for checks: saying what was found -------------------------------------------------------- */

void tk_find(struct tk_finding *f, enum tk_verdict v, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** A fix that does not fit is none. */
void tk_fix(struct tk_finding *f, enum tk_fix_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** Read from here, not from what the table says. */
void tk_source(struct tk_finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* These read the source. @return false: unreadable or nonsense, and found unknown */
bool tk_read_text(const struct tk_doctor *d, struct tk_finding *f, char *text, size_t len);
bool tk_read_number(const struct tk_doctor *d, struct tk_finding *f, int64_t *number);
bool tk_read_cpus(const struct tk_doctor *d, struct tk_finding *f, struct tk_tsc_cpus *cpus);
bool tk_read_mask(const struct tk_doctor *d, struct tk_finding *f, struct tk_tsc_cpus *cpus);

/** Whether a list has the cpu that is examined. */
bool tk_has_cpu(const struct tk_doctor *d, const struct tk_tsc_cpus *cpus);

/** "echo TO > PATH-OF-THE-SOURCE". */
void tk_fix_echo(struct tk_finding *f, const char *to);

/* Checks that several families have. */

/** Of a file that holds 0 or 1: 0 is ok, 1 a warning. */
void tk_check_switch(const struct tk_doctor *d, struct tk_finding *f);
/** Of a mask of cpus where work goes: without this cpu it is ok, with it a warning. */
void tk_check_mask(const struct tk_doctor *d, struct tk_finding *f);

/** The number after `key` in a text of lines such as "key value". @return whether there is one */
bool tk_number_after(const char *text, const char *key, int64_t *number);

#endif
