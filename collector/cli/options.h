/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/options.h - the command line, described by tables.
 *
 * A program is a table of commands. A command's row holds its function, its help and the options
 * that it takes. Parsing, --help, the man page and the shell completion are all made from these
 * rows, so that they cannot differ. The rows themselves are in commands/table.c; nothing in cli/
 * knows a command by name. Main thread.
 */
#ifndef TK_COLLECTOR_CLI_OPTIONS_H
#define TK_COLLECTOR_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "collector/cli/lists/stats_list.h"
#include "collector/engine/collector.h"

/** What the program exits with. */
enum tk_exit {
	TK_EXIT_OK = 0,
	TK_EXIT_FAILED = 1,
	TK_EXIT_USAGE = 2,
	TK_EXIT_NOTHING =
		3, /* there is nothing to show; a sentence says where the command looked */
	TK_EXIT_VERSION = 4, /* there are only segments of another format version */
	/* A worst verdict is an exit code, too: "fail" is TK_EXIT_FAILED. */
	TK_EXIT_WARN = 5,
	TK_EXIT_UNKNOWN = 6,
	TK_EXIT_RULE = 7,  /* what --fail-if says holds */
	TK_EXIT_ALERT = 8, /* an alert fired */
};

/** What a report draws. */
enum tk_svg { TK_SVG_NONE, TK_SVG_CURVE, TK_SVG_TIME };

enum tk_format { TK_FORMAT_TABLE, TK_FORMAT_JSONL, TK_FORMAT_CSV };

#define TK_TEXTS_MAX 16u

/** The values of an option that may be repeated. */
struct tk_texts {
	const char *text[TK_TEXTS_MAX];
	size_t n;
};

/** @return whether a name matches any of these shell patterns; of none, every name does */
bool tk_texts_match(const struct tk_texts *patterns, const char *name);

/** A percentage. */
struct tk_percent {
	double fraction; /* 0.02 is 2 % */
	bool said;
};

/** Everything that can be said on a command line. */
struct tk_args {
	const struct tk_command *command;
	struct tk_collector_options collector;
	struct tk_texts timers;     /* shell patterns, any of which may match; none: all */
	int format;                 /* enum tk_format */
	uint64_t count;             /* intervals; 0: until told to stop */
	const char *output;         /* file for what the command prints; NULL: none was named */
	struct tk_stats_list stats; /* n 0: the usual ones */
	bool until_exit;            /* end when the watched processes have ended */
	/* stat */
	const char *sort; /* a word; NULL: by name */
	uint64_t window_ns;
	int by; /* 0: a timer of a process, 1: of an app */
	bool total, idle, overhead;
	struct tk_texts alerts;
	const char *on_alert; /* a path; NULL: not said, as the times below with 0 */
	struct tk_texts alert_args;
	uint64_t alert_timeout_ns, alert_cooldown_ns;
	bool alert_exit, alert_as_root;
	bool once, json, placement, force, offsets, no_color;
	int charset; /* enum tk_charset */
	/* top */
	struct tk_texts replay; /* files */
	double speed;           /* of it; 0: not said */
	/* record; 0: not said */
	uint64_t duration_ns, rotate_bytes, rotate_ns;
	struct tk_texts labels; /* NAME=VALUE */
	bool fsync;
	uint64_t runs; /* of a command; 0: one, to FILE itself */
	/* report */
	const char *from, *to; /* NULL: not said */
	uint64_t unit_ns;      /* 0: not said; of top, too */
	bool csv, hgrm;
	int svg; /* enum tk_svg */
	bool help, version, man;
	int completion;         /* enum tk_shell (shells/shells.h) */
	int cpu;                /* tune and doctor; -1: not said */
	/* serve */
	const char *listen; /* NULL: not said */
	struct tk_texts buckets;
	uint64_t max_series; /* 0: not said */
	bool per_process;
	/* tune; 0 and NULL: not said */
	uint64_t rate, burst, burst_rate, drain; /* records (a second) */
	uint64_t stall_ns, slots, seconds;
	const char *stalls, *plot; /* files */
	bool verify;
	/* doctor */
	const char *root; /* NULL: this machine */
	bool fix_script;
	/* diff */
	const char *base, *new; /* lists of files; NULL: not said */
	struct tk_texts fail_if;
	struct tk_percent min_effect;
	uint64_t min_runs; /* 0: not said */
	int diff_format;
	char **operands;
	int n_operands;
};

enum tk_option_type {
	TK_OPTION_FLAG,     /* bool */
	TK_OPTION_TEXT,     /* const char * */
	TK_OPTION_TEXTS,    /* struct tk_texts: may be repeated */
	TK_OPTION_COUNT,    /* uint64_t, at least 1 */
	TK_OPTION_PID,      /* uint32_t */
	TK_OPTION_CPU,      /* int */
	TK_OPTION_CPUS,     /* struct tk_tsc_cpus */
	TK_OPTION_INTERVAL, /* uint64_t ns, from a number with ns, us, µs, ms or s; 10 ms to 60 s */
	TK_OPTION_TIME,     /* the same, of any length */
	TK_OPTION_POLL,     /* the same, or "spin" for 1 */
	TK_OPTION_SIZE,     /* uint64_t bytes, from a number with K, M or G: 1,024 each */
	TK_OPTION_RATE,     /* uint64_t, from a number with K, M or G: 1,000 each */
	TK_OPTION_SLOTS,    /* uint64_t, a power of two that a lane can have */
	TK_OPTION_STATS,    /* struct tk_stats_list */
	TK_OPTION_FACTOR,   /* double, 0.01 to 1,000,000, with or without an x */
	TK_OPTION_PERCENT,  /* struct tk_percent, 0 to 100 %, with or without the sign */
	TK_OPTION_CHOICE,   /* int: the place in `choices` */
};

struct tk_option {
	const char *name;
	char letter; /* 0: none */
	enum tk_option_type type;
	const char *argument; /* its name in help; NULL: none. "DIR" and "FILE" are completed */
	const char *choices;  /* of a choice: words separated by '|' */
	const char *help;
	size_t offset; /* in struct tk_args */
	uint64_t max;  /* of a count and of slots; 0: what the type allows */
};

/**
 * A command: write results to `out` and everything else to standard error.
 * @return the exit code of the program, an enum tk_exit
 */
typedef int tk_command_run(const struct tk_args *a, FILE *out);

/** A fact for the help: a name, and what it means. */
struct tk_fact {
	const char *name, *text;
};

#define TK_EXAMPLES_MAX 5

struct tk_command {
	const char *name;
	tk_command_run *run;
	const char *operands; /* as in the usage line; "" none */
	bool runs;            /* its operands are a program to run, and stand behind `--` */
	int min_operands, max_operands;
	const char *summary;
	const char *text;                         /* a paragraph */
	const struct tk_fact *columns;            /* of its rows; ends with name NULL; or NULL */
	const char *examples[TK_EXAMPLES_MAX][2]; /* command line, what it does */
	const struct tk_option *const *options;   /* ends with NULL; tk_option_of() has all */
};

struct tk_program {
	const char *about;                 /* a paragraph */
	const struct tk_command *commands; /* ends with name NULL; the first is the default */
	const struct tk_fact *words;       /* that it uses; ends with name NULL, as do the others */
	const struct tk_fact *(*keys)(void); /* of the first command */
	const struct tk_fact *files;
	const struct tk_fact *environment; /* variables */
	const struct tk_fact *exit_codes;
};

/**
 * Parse. May permute argv. Without the name of a command, the program's first command is meant.
 * @return 0; -EINVAL and one line that says what is wrong and where help is.
 */
int tk_args_parse(struct tk_args *a, const struct tk_program *p, int argc, char **argv,
		  char why[256]);

/**
 * For a command line that asks for what cannot be done. Say a usage line on standard error: how the
 * command is called, the sentence, where its help is. command NULL: the program is meant.
 * @return TK_EXIT_USAGE. For other failures there is tk_failed() (say.h).
 */
int tk_usage(const struct tk_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** @return the command of that name, or NULL */
const struct tk_command *tk_command_find(const struct tk_program *p, const char *name);

/** @return the i-th option of a command, --help and --version last; NULL: there are no more */
const struct tk_option *tk_option_of(const struct tk_command *c, size_t i);

/* --- values of options: values.c -------------------------------------------------------------- */

/** Read the value of an option and store it in `a`. @return 0 or -EINVAL */
int tk_option_store(struct tk_args *a, const struct tk_option *o, const char *text);

/** What an option takes, in words, such as "10ms to 60s". @return text, or a constant */
const char *tk_option_takes(const struct tk_option *o, char text[64]);

/** "100ms", "1.5 s" and the like, in ns; all that the program prints. @return 0 or -EINVAL */
int tk_parse_time(const char *text, uint64_t *ns);

/** Digits, up to max. @return 0 or -EINVAL */
int tk_parse_whole(const char *text, uint64_t max, uint64_t *value);

/* --- help: help.c ----------------------------------------------------------------------------- */

void tk_help_program(FILE *out, const struct tk_program *p);
void tk_help_command(FILE *out, const struct tk_command *c);
/** The man page, in roff. */
void tk_help_man(FILE *out, const struct tk_program *p);

#endif
