/* SPDX-License-Identifier: MIT */
/* Moments, as --from and --to take them. See report.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/hlog/text.h"
#include "collector/report/report.h"

#define SECOND_NS INT64_C(1000000000)

/* A date and time of day; fractions of a second are left out. */
static int parse_date(const char *text, int64_t *ns)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t seconds;

	if (!end || (*end && strcmp(end, "Z")))
		return -EINVAL;
	seconds = *end ? timegm(&tm) : mktime(&tm);
	if (seconds > INT64_MAX / SECOND_NS || seconds < INT64_MIN / SECOND_NS)
		return -EINVAL;
	*ns = seconds * SECOND_NS;
	return 0;
}

int tk_report_when_parse(struct tk_report_when *w, const char *text)
{
	uint64_t since = 0;

	*w = (struct tk_report_when){ .is_said = text != NULL };
	if (!text)
		return 0;
	if (tk_parse_time(text, &since) == 0 || !strcmp(text, "0s")) {
		w->ns = (int64_t)since;
		return 0;
	}
	w->is_absolute = true;
	if (*text == '@')
		return tk_hlog_parse_seconds(text + 1, NULL, &w->ns) ? -EINVAL : 0;
	return parse_date(text, &w->ns);
}
