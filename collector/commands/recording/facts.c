/* SPDX-License-Identifier: MIT */
#include "collector/commands/recording/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void put_log(struct tk_hlog_writer *w, const struct tk_args *a)
{
	tk_hlog_put_comment(w, "log");
	tk_hlog_put_number(w, "version", 1);
	tk_hlog_put_number(w, "unit_ps", TK_HLOG_UNIT_PS);
	tk_hlog_put_number(w, "error_ppm", TK_HLOG_ERROR_PPM);
	tk_hlog_put_time(w, "interval", (int64_t)a->collector.interval_ns);
	tk_hlog_put_fact(w, "timekeeper", TK_PROGRAM_VERSION);
	tk_hlog_put_fact(w, "floor", a->collector.raw ? "included" : "subtracted");
	tk_hlog_put_end(w);
}

/* The name of the first processor, as the kernel tells it. */
static void put_model(struct tk_hlog_writer *w)
{
	static const char key[] = "model name";
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, key, sizeof(key) - 1) || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		tk_hlog_put_fact(w, "cpu", colon + 1 + strspn(colon + 1, " "));
		break;
	}
	if (f)
		fclose(f);
}

static void put_machine(struct tk_hlog_writer *w)
{
	struct utsname u;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	tk_hlog_put_comment(w, "machine");
	if (uname(&u) == 0) {
		tk_hlog_put_fact(w, "host", u.nodename);
		tk_hlog_put_fact(w, "kernel", u.release);
		tk_hlog_put_fact(w, "arch", u.machine);
	}
	put_model(w);
	tk_hlog_put_number(w, "cpus", cpus > 0 ? (uint64_t)cpus : 1);
	tk_hlog_put_end(w);
}

/* NAME=VALUE was checked by the command. */
static void put_labels(struct tk_hlog_writer *w, const struct tk_texts *labels)
{
	for (size_t i = 0; i < labels->n; i++) {
		const char *value = strchr(labels->text[i], '=');
		char *name = strndup(labels->text[i], (size_t)(value - labels->text[i]));

		if (!name) {
			w->err = -ENOMEM;
			return;
		}
		tk_hlog_put_comment(w, "label");
		tk_hlog_put_fact(w, name, value + 1);
		tk_hlog_put_end(w);
		free(name);
	}
}

static void put_command(struct tk_hlog_writer *w, const struct tk_args *a)
{
	char name[16];

	if (!a->n_operands)
		return;
	tk_hlog_put_comment(w, "command");
	for (int i = 0; i < a->n_operands; i++) {
		snprintf(name, sizeof(name), "%d", i);
		tk_hlog_put_fact(w, name, a->operands[i]);
	}
	tk_hlog_put_end(w);
}

void tk_recording_put_facts(struct tk_hlog_writer *w, const struct tk_args *a)
{
	put_log(w, a);
	put_machine(w);
	put_command(w, a);
	put_labels(w, &a->labels);
}

void tk_recording_put_clock(struct tk_hlog_writer *w, uint32_t clock, double ns_per_tick)
{
	char hz[40];

	snprintf(hz, sizeof(hz), "%.0f", 1e9 / ns_per_tick);
	tk_hlog_put_comment(w, "clock");
	tk_hlog_put_number(w, "number", clock);
	tk_hlog_put_fact(w, "ticks_per_s", hz);
	tk_hlog_put_end(w);
}
