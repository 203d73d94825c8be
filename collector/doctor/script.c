/* SPDX-License-Identifier: MIT */
/*
 * The fixes as a script. Commands hold nothing of what was read from files but numbers (check.h);
 * what was read stands in comments only, on one line, because control characters were removed.
 */
#include <string.h>

#include "collector/doctor/print.h"

static const char heading[] = "#!/bin/sh\n"
			      "# What `timekeeper doctor` would change for cpu %d. Read it, then "
			      "run it as root. It may be run\n"
			      "# again; what it changes lasts until the machine is booted.\n"
			      "failed=0\n";

static void explain(const struct tk_finding *f, FILE *out)
{
	fprintf(out, "\n# %s: %s: %s\n# %s\n# (%s)\n", f->id, tk_verdict_name(f->verdict), f->value,
		f->reason, f->source);
}

/* A step that fails is named, and the others are still tried. */
static void print_command(const struct tk_finding *f, FILE *out)
{
	explain(f, out);
	fprintf(out, "if ! { %s; }; then\n\techo 'not done: %s' >&2\n\tfailed=1\nfi\n", f->fix,
		f->id);
}

static void print_text(const struct tk_finding *f, FILE *out)
{
	explain(f, out);
	fprintf(out, "# To do by hand: %s\n", f->fix);
}

/* Two checks may want the same. */
static bool said_before(const struct tk_doctor *d, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (d->findings[k].fix_kind == TK_FIX_BOOT &&
		    !strcmp(d->findings[k].fix, d->findings[i].fix))
			return true;
	return false;
}

/* All parameters are of one line, that of the boot loader. */
static void print_parameters(const struct tk_doctor *d, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < d->n; i++) {
		const struct tk_finding *f = &d->findings[i];

		if (f->fix_kind != TK_FIX_BOOT || said_before(d, i))
			continue;
		explain(f, out);
		fprintf(out, "parameters=\"%s%s\"\n", any ? "$parameters " : "", f->fix);
		any = true;
	}
	if (any)
		fprintf(out, "\n# For these the machine has to be booted. With GRUB: add them to "
			     "GRUB_CMDLINE_LINUX in\n# /etc/default/grub, and run update-grub.\n"
			     "echo \"kernel parameters to add: $parameters\"\n");
}

void tk_doctor_script(const struct tk_doctor *d, FILE *out)
{
	fprintf(out, heading, d->subject.cpu);
	for (size_t i = 0; i < d->n; i++)
		if (d->findings[i].fix_kind == TK_FIX_COMMAND)
			print_command(&d->findings[i], out);
	for (size_t i = 0; i < d->n; i++)
		if (d->findings[i].fix_kind == TK_FIX_TEXT)
			print_text(&d->findings[i], out);
	print_parameters(d, out);
	fprintf(out, "\nexit \"$failed\"\n");
}
