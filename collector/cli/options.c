/* SPDX-License-Identifier: MIT */
#include "collector/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/say.h"
#include "collector/machine/printable.h"
#include "collector/tune/model/sizes.h"

#define BIT(command) (1u << TK_CMD_##command)
#define VIEWING      (BIT(TOP) | BIT(STAT))
#define SEGMENTS     (VIEWING | BIT(LS) | BIT(CLEAN) | BIT(ENABLE) | BIT(DISABLE) | BIT(TUNE))
#define DRAINING     (VIEWING | BIT(TUNE))
#define ALL          ((1u << TK_COMMANDS) - 1)
#define AT(field)    offsetof(struct tk_args, field)

const struct tk_command tk_commands[TK_COMMANDS] = {
	[TK_CMD_TOP] = {
		"top", "", 0, 0, "live display of every timer (the default)",
		"Shows the timers of all running programs, their latency, processing time and rate as "
		"they change. Press ? in it for its keys. Watched programs cannot tell that it runs.",
		{ { "timekeeper", "watch everything" },
		  { "timekeeper top --app gateway", "only this app" } },
	},
	[TK_CMD_STAT] = {
		"stat", "", 0, 0, "statistics per interval, as table, JSON lines or CSV",
		"Prints, for each interval, timer and kind (processing, latency), count, rate, lost "
		"records and percentiles. Percentiles come from histograms of every record. A + after "
		"the PID: that process has ended. Losses and notes go to standard error. On a narrow "
		"terminal, or where COLUMNS says so, the table leaves columns out; the other formats "
		"are always whole, and have set_aside: samples that are in no statistic, because they ended "
		"before they began or the clock changed under them.",
		{ { "timekeeper stat", "a table ten times a second" },
		  { "timekeeper stat --interval 1s --count 5 --format jsonl", "five seconds, for a program to read" },
		  { "timekeeper stat --once --oldest --pid 4242", "the last records of a process that died" } },
	},
	[TK_CMD_LS] = {
		"ls", "", 0, 0, "segments, their lanes and memory, and whether their owners live",
		"Lists the shared memory of each watched process: state of the owner, lanes with the "
		"thread that writes them, slots, the kind of memory they got, and records written. With "
		"--placement instead: the NUMA node that was asked for each lane, where it lies now, its "
		"pages' size, the cpu and node of its producer, and the collectors' threads that drain "
		"it. --json has both.",
		{ { "timekeeper ls", "everything there is" },
		  { "timekeeper ls --placement", "is each lane beside those who write and read it?" },
		  { "timekeeper ls --json", "the same, for a program to read" } },
	},
	[TK_CMD_CLEAN] = {
		"clean", "", 0, 0, "remove the segments of dead processes",
		"Lists what dead processes left behind, and removes it with --force. Segments whose "
		"owner may live are left alone. Whoever still reads a removed one keeps it.",
		{ { "timekeeper clean", "show what would be removed" },
		  { "timekeeper clean --force", "remove it" } },
	},
	[TK_CMD_ENABLE] = {
		"enable", "PATTERN", 1, 1, "record these timers again",
		"Switches timers on in running programs, by name; shell patterns are understood.",
		{ { "timekeeper enable 'Sequencer-*'", "all timers of that prefix" } },
	},
	[TK_CMD_DISABLE] = {
		"disable", "PATTERN", 1, 1, "stop recording these timers",
		"Switches timers off in running programs, by name; shell patterns are understood. A "
		"disabled timer costs about a cycle.",
		{ { "timekeeper disable '*' --app gateway", "everything of one app" } },
	},
	[TK_CMD_TSC] = {
		"tsc", "", 0, 0, "is this machine's time stamp counter worth reading?",
		"Shows every check of the counter with its source, its frequency with bounds, and, if "
		"asked, the offsets between cores.",
		{ { "timekeeper tsc", "checks and frequency" },
		  { "timekeeper tsc --offsets --json", "measure the cores against each other, too" } },
	},
	[TK_CMD_DOCTOR] = {
		"doctor", "", 0, 0, "is this machine, and one cpu of it, fit to measure on?",
		"Checks the counter and what else may disturb one cpu: isolation, ticks, interrupts, other "
		"threads, power, memory, the kernel's housekeeping, load. Each check has a value, a verdict "
		"(ok, warn, fail, unknown), why it matters, and what mends it. With --seconds it also "
		"spins on the cpu and shows what took it away meanwhile; two seconds or more tell ticks "
		"from chance, and without it these two checks are left out. Without --cpu it takes the first "
		"isolated cpu, or else the last one. The exit code is the worst verdict: fail 1, warn 5, "
		"unknown 6, ok 0.",
		{ { "timekeeper doctor", "everything that takes no time" },
		  { "timekeeper doctor --cpu 3 --seconds 5", "measure what interrupts cpu 3, too" },
		  { "timekeeper doctor --cpu 3 --fix-script > fix.sh", "what would mend it, to read and run" } },
	},
	[TK_CMD_TUNE] = {
		"tune", "", 0, 0, "which ring size loses nothing, and which stall a size survives",
		"Answers with the smallest power of two of slots that loses nothing. Of running programs, "
		"it measures how bursty each lane is and how long a reader on this machine is away, and "
		"wants twice that. Of a load that is described by --rate, and stalls by --stall or "
		"--stalls, it simulates every record, and proves a bound beside it. --verify puts the "
		"answer to the test: a producer with that load, a collector that is stopped for that "
		"long, at the size and at half of it. --slots asks the other way round.",
		{ { "timekeeper tune --app gateway", "measure a running program for ten seconds" },
		  { "timekeeper tune --rate 2M --burst 500 --stall 5ms", "a load that does not run yet" },
		  { "timekeeper tune --rate 1M --stall 20ms --verify", "the same with processes, to prove it" },
		  { "timekeeper tune --rate 1M --slots 65536", "which stall does this size survive?" } },
	},
	[TK_CMD_HELP] = {
		"help", "[COMMAND]", 0, 1, "help, the man page, shell completion",
		"Shows help on the program or one of its commands. Man page and completion are made "
		"from the same table.",
		{ { "timekeeper help stat", "help on stat" },
		  { "timekeeper help --completion bash > /etc/bash_completion.d/timekeeper", "install completion" } },
	},
};

const struct tk_option tk_options[] = {
	{ "dir", 'd', TK_OPTION_TEXT, SEGMENTS, "DIR", NULL,
	  "look for segments here, not in $TIMEKEEPER_DIR or /dev/shm/timekeeper-UID",
	  AT(collector.dir) },
	{ "app", 'a', TK_OPTION_TEXT, SEGMENTS, "NAME", NULL, "only processes of this app",
	  AT(collector.app) },
	{ "pid", 'p', TK_OPTION_PID, SEGMENTS, "PID", NULL, "only this process",
	  AT(collector.pid) },
	{ "timer", 't', TK_OPTION_TEXT, BIT(STAT), "PATTERN", NULL,
	  "only timers whose name matches this shell pattern", AT(timer) },
	{ "format", 'f', TK_OPTION_CHOICE, BIT(STAT), "FORMAT", "table|jsonl|csv",
	  "table for people, jsonl or csv for programs (in ns)", AT(format) },
	{ "count", 'n', TK_OPTION_COUNT, BIT(STAT), "N", NULL, "stop after this many intervals",
	  AT(count) },
	{ "once", '1', TK_OPTION_FLAG, BIT(STAT), NULL, NULL, "one interval; the same as --count 1",
	  AT(once) },
	{ "interval", 'i', TK_OPTION_INTERVAL, VIEWING, "TIME", NULL,
	  "statistics over this long: 10ms to 60s (default 100ms)", AT(collector.interval_ns) },
	{ "oldest", 'o', TK_OPTION_FLAG, VIEWING, NULL, NULL,
	  "begin at the oldest records still there, those of dead processes included",
	  AT(collector.oldest) },
	{ "raw", 'r', TK_OPTION_FLAG, VIEWING, NULL, NULL,
	  "do not subtract what an empty span costs", AT(collector.raw) },
	{ "poll", 0, TK_OPTION_POLL, DRAINING, "TIME", NULL,
	  "drain this often; `spin` never sleeps (default: 50us to 5ms, as the load asks)",
	  AT(collector.poll_ns) },
	{ "cpu", 0, TK_OPTION_CPUS, VIEWING, "LIST", NULL,
	  "drain the lanes on these cpus, e.g. 3 or 3,7-9: a thread pinned to each; the rest keeps "
	  "away "
	  "from them (default: a thread for each NUMA node with lanes, not pinned)",
	  AT(collector.cpus) },
	{ "isolated", 0, TK_OPTION_FLAG, VIEWING, NULL, NULL,
	  "refuse, with the reason, if a cpu of --cpu is not isolated; lock memory",
	  AT(collector.isolated) },
	{ "cpu", 0, TK_OPTION_CPU, BIT(TUNE) | BIT(DOCTOR), "CPU", NULL,
	  "tune: read the lanes on this cpu; doctor: examine it", AT(cpu) },
	{ "history", 0, TK_OPTION_SIZE, BIT(TOP), "SIZE", NULL,
	  "memory for the past (default 256M)", AT(collector.history_bytes) },
	{ "charset", 0, TK_OPTION_CHOICE, BIT(TOP), "SET", "auto|braille|block|ascii",
	  "what graphs are drawn with", AT(charset) },
	{ "no-color", 0, TK_OPTION_FLAG, BIT(TOP), NULL, NULL, "no colours; so does NO_COLOR",
	  AT(no_color) },
	{ "json", 'j', TK_OPTION_FLAG, BIT(LS) | BIT(TSC) | BIT(DOCTOR) | BIT(TUNE), NULL, NULL,
	  "one JSON object", AT(json) },
	{ "placement", 0, TK_OPTION_FLAG, BIT(LS), NULL, NULL,
	  "show on which NUMA node each lane, its producer and its drainers are", AT(placement) },
	{ "force", 0, TK_OPTION_FLAG, BIT(CLEAN), NULL, NULL, "remove them", AT(force) },
	{ "offsets", 0, TK_OPTION_FLAG, BIT(TSC), NULL, NULL,
	  "measure cores against each other; runs a thread on each", AT(offsets) },
	{ "seconds", 0, TK_OPTION_COUNT, BIT(DOCTOR) | BIT(TUNE), "N", NULL,
	  "measure, or simulate, for so long (tune: default 10; doctor: not unless asked)",
	  AT(seconds) },
	{ "fix-script", 0, TK_OPTION_FLAG, BIT(DOCTOR), NULL, NULL,
	  "print a shell script that mends what is not ok; nothing is run", AT(fix_script) },
	{ "root", 0, TK_OPTION_TEXT, BIT(DOCTOR), "DIR", NULL,
	  "examine copies of /sys, /proc and /dev in this directory", AT(root) },
	{ "rate", 0, TK_OPTION_RATE, BIT(TUNE), "N", NULL,
	  "a load to try instead: so many records a second, e.g. 2M", AT(rate) },
	{ "burst", 0, TK_OPTION_RATE, BIT(TUNE), "N", NULL,
	  "which come so many at a time (default 1)", AT(burst) },
	{ "burst-rate", 0, TK_OPTION_RATE, BIT(TUNE), "N", NULL,
	  "and then at so many a second (default 100M: 10 ns apart)", AT(burst_rate) },
	{ "stall", 0, TK_OPTION_TIME, BIT(TUNE), "TIME", NULL,
	  "its reader is away for so long, one poll in a thousand, besides its poll interval",
	  AT(stall_ns) },
	{ "stalls", 0, TK_OPTION_TEXT, BIT(TUNE), "FILE", NULL,
	  "its reader is away as was measured: what tune --json wrote", AT(stalls) },
	{ "drain", 0, TK_OPTION_RATE, BIT(TUNE), "N", NULL,
	  "its reader takes so many records a second (default 50M)", AT(drain) },
	{ "slots", 0, TK_OPTION_SLOTS, BIT(TUNE), "N", NULL,
	  "say what a lane of so many slots survives", AT(slots) },
	{ "verify", 0, TK_OPTION_FLAG, BIT(TUNE), NULL, NULL,
	  "prove the answer: run that load and such stalls, at that size and at half of it",
	  AT(verify) },
	{ "plot", 0, TK_OPTION_TEXT, BIT(TUNE), "FILE", NULL, "draw it, as SVG", AT(plot) },
	{ "man", 0, TK_OPTION_FLAG, BIT(HELP), NULL, NULL, "print the man page, in roff", AT(man) },
	{ "completion", 0, TK_OPTION_TEXT, BIT(HELP), "SHELL", NULL,
	  "print completion for this shell: bash", AT(completion) },
	{ "help", 'h', TK_OPTION_FLAG, ALL, NULL, NULL, "show help and exit", AT(help) },
	{ "version", 'V', TK_OPTION_FLAG, ALL, NULL, NULL, "show the version and exit",
	  AT(version) },
	{ .name = NULL },
};

#define OPTIONS_MAX 64
#define RATE_MAX    UINT64_C(1000000000)

_Static_assert(sizeof(tk_options) / sizeof(tk_options[0]) < OPTIONS_MAX, "room in parse_options");

/* A number without sign, and the unit that follows it. */
static int parse_number(const char *text, double *number, const char **unit)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtod(text, &end);
	*unit = end;
	return errno || end == text ? -EINVAL : 0;
}

static int parse_scaled(const char *text, const char *const units[], const double scales[],
			uint64_t *value)
{
	const char *unit;
	double number;

	if (parse_number(text, &number, &unit) < 0)
		return -EINVAL;
	for (int i = 0; units[i]; i++) {
		if (strcmp(unit, units[i]))
			continue;
		number *= scales[i];
		if (number < 1 || number > 1e18)
			return -EINVAL;
		*value = (uint64_t)number;
		return 0;
	}
	return -EINVAL;
}

int tk_parse_time(const char *text, uint64_t *ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s", NULL };
	static const double scales[] = { 1, 1e3, 1e6, 1e9 };

	return parse_scaled(text, units, scales, ns);
}

static int parse_size(const char *text, uint64_t *bytes)
{
	static const char *const units[] = { "", "K", "M", "G", NULL };
	static const double scales[] = { 1, 1024, 1048576, 1073741824 };

	return parse_scaled(text, units, scales, bytes);
}

/* Whole: half a record is none. */
static int parse_rate(const char *text, uint64_t *rate)
{
	static const char *const units[] = { "", "K", "M", "G", NULL };
	static const double scales[] = { 1, 1e3, 1e6, 1e9 };
	int err = parse_scaled(text, units, scales, rate);

	return err || *rate > RATE_MAX ? -EINVAL : 0;
}

static int parse_whole(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || *end || *value > max ? -EINVAL : 0;
}

static int parse_slots(const char *text, uint64_t *slots)
{
	if (parse_whole(text, TK_SIZE_MAX, slots) < 0 || tk_size_of(*slots) == TK_SIZES)
		return -EINVAL;
	return 0;
}

static int parse_choice(const char *choices, const char *text, int *place)
{
	size_t length = strlen(text);

	for (int i = 0;; i++) {
		size_t n = strcspn(choices, "|");

		if (n == length && !strncmp(choices, text, n)) {
			*place = i;
			return 0;
		}
		if (!choices[n])
			return -EINVAL;
		choices += n + 1;
	}
}

static int store(struct tk_args *a, const struct tk_option *o, const char *text)
{
	void *to = (char *)a + o->offset;
	uint64_t whole = 0;
	int err = 0;

	switch (o->type) {
	case TK_OPTION_FLAG:
		*(bool *)to = true;
		break;
	case TK_OPTION_TEXT:
		*(const char **)to = text;
		return *text ? 0 : -EINVAL;
	case TK_OPTION_COUNT:
		err = parse_whole(text, UINT64_MAX, to);
		return err || *(uint64_t *)to ? err : -EINVAL;
	case TK_OPTION_PID:
		err = parse_whole(text, INT_MAX, &whole);
		*(uint32_t *)to = (uint32_t)whole;
		return err || whole ? err : -EINVAL;
	case TK_OPTION_CPU:
		err = parse_whole(text, 4095, &whole);
		*(int *)to = (int)whole;
		break;
	case TK_OPTION_CPUS:
		return tk_tsc_cpus_parse(text, to) || !*text ? -EINVAL : 0;
	case TK_OPTION_INTERVAL:
		err = tk_parse_time(text, &whole);
		if (whole < TK_INTERVAL_MIN_NS || whole > TK_INTERVAL_MAX_NS)
			err = -EINVAL;
		*(uint64_t *)to = whole;
		break;
	case TK_OPTION_TIME:
		return tk_parse_time(text, to);
	case TK_OPTION_POLL:
		if (strcmp(text, "spin"))
			return tk_parse_time(text, to);
		*(uint64_t *)to = 1;
		break;
	case TK_OPTION_SIZE:
		return parse_size(text, to);
	case TK_OPTION_RATE:
		return parse_rate(text, to);
	case TK_OPTION_SLOTS:
		return parse_slots(text, to);
	case TK_OPTION_CHOICE:
		return parse_choice(o->choices, text, to);
	}
	return err;
}

int tk_command_find(const char *name)
{
	for (int i = 0; i < TK_COMMANDS; i++)
		if (!strcmp(tk_commands[i].name, name))
			return i;
	return -1;
}

static int complain(const struct tk_args *a, char why[256], const char *what, const char *word)
{
	const char *command = tk_commands[a->command].name;
	const char *operands = tk_commands[a->command].operands;

	snprintf(why, 256,
		 "usage: timekeeper %s [options]%s%s: %s %.80s; see `timekeeper %s --help`",
		 command, operands[0] ? " " : "", operands, what, word, command);
	tk_printable(why, 256, why);
	return -EINVAL;
}

/* No usage line of a command can be shown where there is no such command. */
static int complain_of_command(char why[256], const char *word)
{
	snprintf(why, 256,
		 "usage: timekeeper [command] [options]: unknown command %.80s; see `timekeeper "
		 "--help`",
		 word);
	tk_printable(why, 256, why);
	return -EINVAL;
}

static int complain_of_value(const struct tk_args *a, char why[256], const struct tk_option *o,
			     const char *value)
{
	static const char *const wants[] = {
		[TK_OPTION_TEXT] = "a word",
		[TK_OPTION_COUNT] = "a whole number from 1 on",
		[TK_OPTION_PID] = "a process's number",
		[TK_OPTION_CPU] = "a cpu's number",
		[TK_OPTION_CPUS] = "cpus' numbers, such as 3 or 3,7-9",
		[TK_OPTION_INTERVAL] = "10ms to 60s",
		[TK_OPTION_TIME] = "a time such as 5ms",
		[TK_OPTION_POLL] = "a time such as 100us, or spin",
		[TK_OPTION_SIZE] = "bytes, or a number with K, M or G",
		[TK_OPTION_RATE] = "a number from 1 to 1G, such as 2M",
		[TK_OPTION_SLOTS] = "a power of two from 256 to 16777216",
	};
	char what[96];

	snprintf(what, sizeof(what), "--%s takes %s, not", o->name,
		 o->type == TK_OPTION_CHOICE ? o->choices : wants[o->type]);
	return complain(a, why, what, *value ? value : "nothing");
}

static int parse_options(struct tk_args *a, int argc, char **argv, char why[256])
{
	const struct tk_option *by_place[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX] = { 0 };
	char shorts[3 * OPTIONS_MAX] = ":";
	int n = 0, place, got;
	size_t used = 1;

	for (const struct tk_option *o = tk_options; o->name; o++) {
		if (!(o->commands >> a->command & 1))
			continue;
		longs[n] = (struct option){ o->name, o->argument ? 1 : 0, NULL, 0x100 + n };
		by_place[n++] = o;
		if (!o->letter)
			continue;
		shorts[used++] = o->letter;
		if (o->argument)
			shorts[used++] = ':';
	}
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((got = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const char *word = optind > 0 ? argv[optind - 1] : "";
		const char letter[] = { '-', (char)optopt, '\0' };

		if (got == '?')
			return complain(a, why, "unknown option", optopt ? letter : word);
		if (got == ':')
			return complain(a, why, "a value is missing after", word);
		for (place = 0; place < n; place++)
			if (got == 0x100 + place || got == by_place[place]->letter)
				break;
		/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getopt knows no others */
		if (store(a, by_place[place], optarg) < 0)
			return complain_of_value(a, why, by_place[place], optarg);
	}
	return 0;
}

int tk_args_parse(struct tk_args *a, int argc, char **argv, char why[256])
{
	const struct tk_command *c;
	int command;

	memset(a, 0, sizeof(*a));
	a->cpu = -1;
	a->command = TK_CMD_TOP;
	if (argc > 1 && argv[1][0] != '-') {
		command = tk_command_find(argv[1]);
		if (command < 0)
			return complain_of_command(why, argv[1]);
		a->command = (enum tk_command_id)command;
		argc--;
		argv++;
	}
	if (parse_options(a, argc, argv, why) < 0)
		return -EINVAL;
	a->operands = argv + optind;
	a->n_operands = argc - optind;
	c = &tk_commands[a->command];
	if (a->help || a->version)
		return 0;
	if (a->n_operands < c->min_operands)
		return complain(a, why, "missing", c->operands);
	if (a->n_operands > c->max_operands)
		return complain(a, why, "too much:", a->operands[c->max_operands]);
	if (a->command == TK_CMD_HELP && a->n_operands && tk_command_find(a->operands[0]) < 0)
		return complain_of_command(why, a->operands[0]);
	if (a->completion && strcmp(a->completion, "bash"))
		return complain(a, why, "no completion for", a->completion);
	if (a->collector.isolated && tk_tsc_cpus_empty(&a->collector.cpus))
		return complain(a, why, "--isolated needs to know which:", "--cpu LIST");
	if (a->once)
		a->count = 1;
	return 0;
}
