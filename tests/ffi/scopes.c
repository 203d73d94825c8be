/* SPDX-License-Identifier: MIT */
/*
 * What TK_SCOPE and TK_TIME call, made of functions that libtimekeeper-ffi exports: the test of
 * records uses them, and no other language does. Compiled, as that test is, with a TK_HOT that
 * leaves the header's bodies out.
 */
#include "producer/timekeeper.h"

struct tk_scope begin_plain(tk_timer_t timer) __asm__("tk_scope_begin_plain_");
void end(struct tk_scope *scope) __asm__("tk_scope_end_");

struct tk_scope begin_plain(tk_timer_t timer)
{
	return (struct tk_scope){ .start = tk_start(timer), .timer = timer, .once = true };
}

void end(struct tk_scope *scope)
{
	tk_stop_latency(scope->timer, scope->start, scope->origin);
}
