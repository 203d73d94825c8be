/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/options.h - the command line, as one table.
 *
 * Sub-commands, their options, arguments, help and examples are said once, in options.c. Parsing,
 * --help, the man page and the shell completion are all made from it.
 */
#ifndef TK_COLLECTOR_CLI_OPTIONS_H
#define TK_COLLECTOR_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "collector/engine/collector.h"

/** What the program exits with. */
enum tk_exit {
	TK_EXIT_OK = 0,
	TK_EXIT_FAILED = 1,
	TK_EXIT_USAGE = 2,
	TK_EXIT_NOTHING = 3, /* nothing to show: says where it looked */
	TK_EXIT_VERSION = 4, /* only segments of another format */
	/* doctor, whose worst verdict is its exit code; fail is TK_EXIT_FAILED */
	TK_EXIT_WARN = 5,
	TK_EXIT_UNKNOWN = 6,
};

enum tk_command_id {
	TK_CMD_TOP,
	TK_CMD_STAT,
	TK_CMD_LS,
	TK_CMD_CLEAN,
	TK_CMD_ENABLE,
	TK_CMD_DISABLE,
	TK_CMD_TSC,
	TK_CMD_DOCTOR,
	TK_CMD_TUNE,
	TK_CMD_HELP,
	TK_COMMANDS,
};

enum tk_format { TK_FORMAT_TABLE, TK_FORMAT_JSONL, TK_FORMAT_CSV };

/** Everything that can be said on a command line. */
struct tk_args {
	enum tk_command_id command;
	struct tk_collector_options collector;
	const char *timer; /* shell pattern; NULL: all */
	int format;        /* enum tk_format */
	uint64_t count;    /* intervals; 0: until told to stop */
	bool once, json, placement, force, offsets, no_color;
	int charset; /* 0 auto, 1 braille, 2 block, 3 ascii */
	bool help, version, man;
	const char *completion; /* shell */
	int cpu;                /* tune and doctor; -1: not said */
	/* tune; 0 and NULL: not said */
	uint64_t rate, burst, burst_rate, drain; /* records (a second) */
	uint64_t stall_ns, slots, seconds;
	const char *stalls, *plot; /* files */
	bool verify;
	/* doctor */
	const char *root; /* NULL: this machine */
	bool fix_script;
	char **operands;
	int n_operands;
};

enum tk_option_type {
	TK_OPTION_FLAG,     /* bool */
	TK_OPTION_TEXT,     /* const char * */
	TK_OPTION_COUNT,    /* uint64_t, at least 1 */
	TK_OPTION_PID,      /* uint32_t */
	TK_OPTION_CPU,      /* int */
	TK_OPTION_CPUS,     /* struct tk_tsc_cpus */
	TK_OPTION_INTERVAL, /* uint64_t ns, from a number with ns, us, ms or s; 10 ms to 60 s */
	TK_OPTION_TIME,     /* the same, of any length */
	TK_OPTION_POLL,     /* the same, or "spin" for 1 */
	TK_OPTION_SIZE,     /* uint64_t bytes, from a number with K, M or G */
	TK_OPTION_RATE,     /* uint64_t, from a number with K, M or G: thousands of thousands */
	TK_OPTION_SLOTS,    /* uint64_t, a power of two that a lane can have */
	TK_OPTION_CHOICE,   /* int: the place in `choices` */
};

struct tk_option {
	const char *name;
	char letter; /* 0: none */
	enum tk_option_type type;
	unsigned commands;    /* bits, 1 << enum tk_command_id */
	const char *argument; /* its name in help; NULL: none */
	const char *choices;  /* of a choice: words separated by '|' */
	const char *help;
	size_t offset; /* in struct tk_args */
};

struct tk_command {
	const char *name;
	const char *operands; /* as in the usage line; "" none */
	int min_operands, max_operands;
	const char *summary;
	const char *text;           /* a paragraph */
	const char *examples[4][2]; /* command line, what it does */
};

extern const struct tk_command tk_commands[TK_COMMANDS];
extern const struct tk_option tk_options[]; /* ends with name NULL */

/**
 * Parse. Without a sub-command it is `top`. May permute argv.
 * @return 0; -EINVAL and one line that says what is wrong and where help is.
 */
int tk_args_parse(struct tk_args *a, int argc, char **argv, char why[256]);

/** @return an enum tk_command_id, or -1. */
int tk_command_find(const char *name);

/** "100ms" and the like, in ns. @return 0 or -EINVAL */
int tk_parse_time(const char *text, uint64_t *ns);

/**
 * For what is wrong with a command line that no option can tell by itself: say it on standard
 * error, as tk_args_parse() would.
 * @return TK_EXIT_USAGE
 */
enum tk_exit tk_usage(enum tk_command_id command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void tk_help_program(FILE *out);
void tk_help_command(FILE *out, enum tk_command_id command);
/** The man page, in roff. */
void tk_help_man(FILE *out);
/** Completion for bash. */
void tk_help_bash(FILE *out);

#endif
