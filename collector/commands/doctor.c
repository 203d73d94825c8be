/* SPDX-License-Identifier: MIT */
/* `timekeeper doctor`: is this machine, and one cpu of it, fit to measure on? */
#include <errno.h>
#include <locale.h>
#include <string.h>

#include "collector/cli/say.h"
#include "collector/commands/commands.h"
#include "collector/doctor/checks/noise.h"
#include "collector/doctor/print.h"

#define SECONDS_MAX 3600u

static const enum tk_exit exits[TK_VERDICTS] = {
	[TK_VERDICT_OK] = TK_EXIT_OK,
	[TK_VERDICT_UNKNOWN] = TK_EXIT_UNKNOWN,
	[TK_VERDICT_WARN] = TK_EXIT_WARN,
	[TK_VERDICT_FAIL] = TK_EXIT_FAILED,
};

/* What no option can tell by itself. */
static enum tk_exit check(const struct tk_args *a)
{
	if (a->seconds > SECONDS_MAX)
		return tk_usage(a->command, "--seconds takes 1 to %u", SECONDS_MAX);
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

enum tk_exit tk_cmd_doctor(const struct tk_args *a, FILE *out)
{
	enum tk_exit code = check(a);
	struct tk_doctor d;
	struct tk_noise noise;
	char why[256];
	int err;

	if (code != TK_EXIT_OK)
		return code;
	err = tk_doctor_begin(&d, a->root ? a->root : "", a->cpu, why, sizeof(why));
	if (err == -EINVAL)
		return tk_usage(a->command, "%s", why);
	if (err) {
		tk_say("%s", why);
		return TK_EXIT_FAILED;
	}
	setlocale(LC_CTYPE, "");
	examine(&d, &noise, a);
	if (a->fix_script)
		tk_doctor_script(&d, out);
	else if (!a->json)
		tk_doctor_table(&d, out);
	else if (tk_doctor_json(&d, out) < 0)
		return TK_EXIT_FAILED;
	return exits[tk_doctor_verdict(&d)];
}
