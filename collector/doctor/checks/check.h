/* SPDX-License-Identifier: MIT */
/*
 * collector/doctor/checks/check.h - what a check of doctor is, and what every check needs.
 *
 * A check is a row of its family's table (families.h): an id, the file it reads, why the answer
 * matters, the verdicts it can come to, and a function that finds value, verdict and fix. To add a
 * check, add a row and a function to one file; tests/doctor then asks for a fixture of each of its
 * verdicts.
 *
 * Checks read files below a root, so that tests (and --root) can show them other machines. What
 * these files say is not trusted: doctor makes values printable, and only numbers read from files
 * get into a fix.
 *
 * One thread. No function here fails: what cannot be read becomes a finding "unknown".
 */
#ifndef TK_COLLECTOR_DOCTOR_CHECKS_CHECK_H
#define TK_COLLECTOR_DOCTOR_CHECKS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tsc/files.h"

struct tk_noise;

/** From good to bad; the worst is the verdict on the whole. */
enum tk_verdict {
	TK_VERDICT_OK,
	TK_VERDICT_UNKNOWN, /* could not be read: this never passes for ok */
	TK_VERDICT_WARN,    /* measurements have a limit, which the reason names */
	TK_VERDICT_FAIL,    /* not fit to measure on */
	TK_VERDICTS,
};

/** "ok", "unknown", "warn", "fail". */
const char *tk_verdict_name(enum tk_verdict v);

enum tk_fix_kind {
	TK_FIX_NONE,
	TK_FIX_COMMAND, /* a command of a POSIX shell, as root; running it twice does no harm */
	TK_FIX_BOOT,    /* a kernel parameter */
	TK_FIX_TEXT,    /* what to do where no command can do it */
};

/** What a check came to. */
struct tk_finding {
	char id[40];        /* family.name; stable: scripts match on it */
	const char *reason; /* why it matters, one sentence */
	enum tk_verdict verdict;
	enum tk_fix_kind fix_kind;
	bool replaces;    /* TK_FIX_BOOT: the command line has such a parameter, to be taken out */
	char source[160]; /* the file that was read */
	char value[192];
	char fix[1024];
};

#define TK_CPUS_TEXT 1280 /* a mask of 4,096 cpus, or a list of some hundred pieces */

/** What checks look at: one cpu of a machine. */
struct tk_subject {
	const char *root; /* put before every path; "" on a real machine */
	int cpu;
	/* For fixes: this cpu and the isolated ones, as a list; all others, as a list and as a
	 * mask. No others: empty. */
	struct tk_tsc_cpus isolated; /* before any fix */
	char isolate[TK_CPUS_TEXT], others[TK_CPUS_TEXT], others_mask[TK_CPUS_TEXT];
	const struct tk_noise *noise; /* NULL: not measured */
};

#define TK_CAN(verdict) (1u << TK_VERDICT_##verdict)

struct tk_check {
	const char *id, *source; /* "cpuN" in a source stands for the cpu */
	const char *reason;
	unsigned verdicts; /* that it can come to, TK_CAN() each */
	void (*run)(const struct tk_subject *s, struct tk_finding *f);
	bool moves; /* its fix moves work to other cpus: there must be some */
	bool timed; /* judges s->noise, and is left out where that was not measured */
};

/* --- for checks: saying what was found -------------------------------------------------------- */

void tk_check_found(struct tk_finding *f, enum tk_verdict v, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** A fix that does not fit is left out. */
void tk_check_fix(struct tk_finding *f, enum tk_fix_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/**
 * The fix "boot with NAME=CPUS": for CPUS and this cpu. Says so where the command line has such a
 * parameter: of two nohz_full= or isolcpus= the kernel takes the first.
 */
void tk_check_fix_boot(const struct tk_subject *s, struct tk_finding *f, const char *name,
		       const struct tk_tsc_cpus *cpus);
/** Another source than the table names. */
void tk_check_source(struct tk_finding *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** The fix "echo TO > PATH-OF-THE-SOURCE". */
void tk_check_fix_echo(struct tk_finding *f, const char *to);

/* These read the source. @return false: unreadable or nonsense, and found unknown */
bool tk_check_read_text(const struct tk_subject *s, struct tk_finding *f, char *text, size_t len);
bool tk_check_read_number(const struct tk_subject *s, struct tk_finding *f, int64_t *number);
bool tk_check_read_cpus(const struct tk_subject *s, struct tk_finding *f, struct tk_tsc_cpus *cpus);

/** The number after `key` in a text of lines such as "key value". @return whether there is one */
bool tk_check_number_after(const char *text, const char *key, int64_t *number);

/** Whether a list has the cpu that is examined. */
bool tk_check_has_cpu(const struct tk_subject *s, const struct tk_tsc_cpus *cpus);

/** Whether root + path is there, to be written to by a fix. */
bool tk_check_exists(const struct tk_subject *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Whether the kernel is of that version or newer; false where it does not say. */
bool tk_check_kernel_is(const struct tk_subject *s, int major, int minor);

/** The fix that keeps the tick away: nohz_full=, where it can work. */
void tk_check_fix_tick(const struct tk_subject *s, struct tk_finding *f);

/* --- checks that several families have -------------------------------------------------------- */

/**
 * Of a file that holds 0, or more where it is on: 0 is ok, the rest a warning. A kernel that has
 * /proc/sys and not this file was built without what it switches.
 */
void tk_check_switch(const struct tk_subject *s, struct tk_finding *f);
/** Of a mask of cpus where work goes: without this cpu it is ok, with it a warning. */
void tk_check_mask(const struct tk_subject *s, struct tk_finding *f);

#endif
