/* SPDX-License-Identifier: MIT */
/* An alert from interval to interval. See alert.h. */
#include "collector/alert/alert.h"

const char *const tk_alert_words[TK_ALERT_ENDED + 1] = { "ok", "firing", "unknown", "no-data",
							 "ended" };

static enum tk_alert_status status_after(const struct tk_alert_state *s, enum tk_alert_evidence e)
{
	if (e == TK_ALERT_DOUBT)
		return TK_ALERT_UNKNOWN;
	if (e == TK_ALERT_NOTHING)
		return s->firing ? TK_ALERT_NO_DATA : s->status;
	return s->firing ? TK_ALERT_FIRING : TK_ALERT_OK;
}

bool tk_alert_step(struct tk_alert_state *s, const struct tk_alert_rule *r,
		   enum tk_alert_evidence e, uint64_t interval_ns)
{
	enum tk_alert_status before = s->status;

	s->held_ns = e == TK_ALERT_BEYOND ? s->held_ns + interval_ns : 0;
	if (e == TK_ALERT_BEYOND && s->held_ns + interval_ns / 2 >= r->for_ns)
		s->firing = true;
	if (e == TK_ALERT_WITHIN)
		s->firing = false;
	s->status = status_after(s, e);
	return s->status != before;
}

bool tk_alert_end(struct tk_alert_state *s)
{
	bool was_told = s->status != TK_ALERT_OK;

	*s = (struct tk_alert_state){ .status = was_told ? TK_ALERT_ENDED : TK_ALERT_OK };
	return was_told;
}
