/* SPDX-License-Identifier: MIT */
/*
 * The fixes as a script. Of what was read from files, commands hold only numbers (checks/check.h).
 * Values that were read stand in comments only, and cannot leave them: doctor removed control
 * characters, so that each is one line.
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

/* The script names a step that fails, and still tries the others. */
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

/* Two checks may ask for the same kernel parameter. */
static bool said_before(const struct tk_doctor *d, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (d->findings[k].fix_kind == TK_FIX_BOOT &&
		    !strcmp(d->findings[k].fix, d->findings[i].fix))
			return true;
	return false;
}

/* The script collects all kernel parameters in one line, for the boot loader. */
static void print_parameters(const struct tk_doctor *d, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < d->n; i++) {
		const struct tk_finding *f = &d->findings[i];

		if (f->fix_kind != TK_FIX_BOOT || said_before(d, i))
			continue;
		explain(f, out);
		fprintf(out, "parameters=\"%s%s\"\n", any ? "$parameters " : "", f->fix);
		if (f->replaces)
			fprintf(out, "# Take the %.*s= out that the command line has now.\n",
				(int)strcspn(f->fix, "="), f->fix);
		any = true;
	}
	if (any)
		fprintf(out,
			"\n# Kernel parameters take effect at the next boot. With GRUB: add them "
			"to GRUB_CMDLINE_LINUX in\n# /etc/default/grub, and run update-grub.\n"
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
