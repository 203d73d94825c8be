/* SPDX-License-Identifier: MIT */
/* What tk_open() was asked for: whether there is such a thing, and what differs from the first. */
#include "producer/library.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int tk_options_check(const char *app, const struct tk_options *o)
{
	if (!app || !tk_name_valid(app))
		return tk_library_fail(EINVAL, "an app's name is 1 to %u bytes of printable UTF-8",
				       TK_NAME_MAX);
	if ((unsigned)o->timebase > TK_TIMEBASE_SYSTEM)
		return tk_library_fail(EINVAL, "there is no such timebase");
	if (o->timers > TK_TIMERS_MAX || o->lanes > TK_LANES_MAX)
		return tk_library_fail(EINVAL, "at most %u timers and %u lanes", TK_TIMERS_MAX,
				       TK_LANES_MAX);
	if (o->slots && (o->slots < TK_LANE_SLOTS_MIN || o->slots > TK_LANE_SLOTS_MAX ||
			 (o->slots & (o->slots - 1))))
		return tk_library_fail(EINVAL, "a lane's slots are a power of two from %u to %u",
				       (unsigned)TK_LANE_SLOTS_MIN, (unsigned)TK_LANE_SLOTS_MAX);
	return 0;
}

struct tk_options tk_options_whole(const struct tk_options *o)
{
	struct tk_options whole = { 0 };

	if (o)
		whole = *o;
	whole.timers = whole.timers ? whole.timers : TK_TIMERS_DEFAULT;
	whole.lanes = whole.lanes ? whole.lanes : TK_LANES_DEFAULT;
	whole.slots = whole.slots ? whole.slots : TK_SLOTS_DEFAULT;
	whole.discipline = whole.discipline ? whole.discipline : &tk_broadcast;
	return whole;
}

/* Add to `text`, as much of it as fits, and a comma before all but the first. */
static void __attribute__((format(printf, 2, 3)))
add(char text[TK_WHY_MAX], const char *format, ...)
{
	size_t at = strlen(text);
	va_list args;

	if (at)
		at += (size_t)snprintf(text + at, TK_WHY_MAX - at, ", ");
	if (at >= TK_WHY_MAX)
		return;
	va_start(args, format);
	vsnprintf(text + at, TK_WHY_MAX - at, format, args);
	va_end(args);
}

void tk_options_say_differences(const char *app, const struct tk_options *asked)
{
	const struct tk_options *had = &tk_library.options;
	const struct {
		const char *name;
		uint32_t had, asked;
	} fields[] = {
		{ "timers", had->timers, asked->timers },
		{ "lanes", had->lanes, asked->lanes },
		{ "slots", had->slots, asked->slots },
		{ "timebase", had->timebase, asked->timebase },
		{ "group", had->group, asked->group },
		{ "keep", had->keep, asked->keep },
		{ "discipline", had->discipline->id, asked->discipline->id },
	};
	char text[TK_WHY_MAX] = "";

	if (strcmp(tk_library.app, app) != 0)
		add(text, "app \"%s\" instead of \"%s\"", tk_library.app, app);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].had != fields[i].asked)
			add(text, "%s %u instead of %u", fields[i].name, fields[i].had,
			    fields[i].asked);
	if (text[0])
		(void)tk_library_fail(0, "the first tk_open() of this process stands: %.200s",
				      text);
}
