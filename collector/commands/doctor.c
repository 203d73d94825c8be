/* SPDX-License-Identifier: MIT */
/* `timekeeper doctor`: whether this machine, and one cpu of it, is fit to measure on. */
#include <errno.h>
#include <locale.h>
#include <string.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/doctor/checks/noise.h"
#include "collector/doctor/print.h"

static const int exits[TK_VERDICTS] = {
	[TK_VERDICT_OK] = TK_EXIT_OK,
	[TK_VERDICT_UNKNOWN] = TK_EXIT_UNKNOWN,
	[TK_VERDICT_WARN] = TK_EXIT_WARN,
	[TK_VERDICT_FAIL] = TK_EXIT_FAILED,
};

/* Refuse what each option by itself allows, and all together do not. */
static int check(const struct tk_args *a)
{
	if (a->seconds && a->root)
		return tk_usage(a->command, "--seconds measures this machine, and --root shows "
					    "another: not both");
	if (a->json && a->fix_script)
		return tk_usage(a->command, "--json or --fix-script, not both");
	return TK_EXIT_OK;
}

static void examine(struct tk_doctor *d, struct tk_noise *noise, const struct tk_args *a)
{
	double hz = tk_doctor_tsc(d);

	if (a->seconds) {
		tk_say("spinning on cpu %d for %ju s", d->subject.cpu, (uintmax_t)a->seconds);
		tk_noise_measure(noise, d->subject.cpu, a->seconds, hz);
		d->subject.noise = noise;
	}
	tk_doctor_run(d);
}

tk_command_run tk_cmd_doctor;

int tk_cmd_doctor(const struct tk_args *a, FILE *out)
{
	int code = check(a);
	struct tk_doctor d;
	struct tk_noise noise;
	char why[256];
	int err;

	if (code != TK_EXIT_OK)
		return code;
	err = tk_doctor_begin(&d, a->root ? a->root : "", a->cpu, why, sizeof(why));
	if (err == -EINVAL)
		return tk_usage(a->command, "%s", why);
	if (err)
		return tk_failed("%s", why);
	setlocale(LC_CTYPE, "");
	examine(&d, &noise, a);
	if (a->fix_script)
		tk_doctor_script(&d, out);
	else if (!a->json)
		tk_doctor_table(&d, out);
	else
		err = tk_doctor_json(&d, out);
	if (err == -ENOMEM)
		return tk_failed("out of memory for JSON");
	return err ? TK_EXIT_FAILED : exits[tk_doctor_verdict(&d)];
}
