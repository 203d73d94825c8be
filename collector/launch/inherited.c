/* SPDX-License-Identifier: MIT */
#include "collector/launch/inherited.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

static struct {
	bool known, raised;
	struct rlimit descriptors;
	bool ignored[NSIG];
} before;

static bool is_ignored(int sig)
{
	struct sigaction now;

	return sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void tk_inherited_remember(void)
{
	before.known = true;
	for (int sig = 1; sig < NSIG; sig++)
		before.ignored[sig] = is_ignored(sig);
}

void tk_inherited_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	before.descriptors = limit;
	limit.rlim_cur = limit.rlim_max;
	before.raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

void tk_inherited_restore_descriptors_of(pid_t pid)
{
	if (before.raised)
		(void)prlimit(pid, RLIMIT_NOFILE, &before.descriptors, NULL);
}

/* What is handled becomes the default with exec; what is ignored stays ignored. */
void tk_inherited_restore(void)
{
	if (before.raised)
		(void)setrlimit(RLIMIT_NOFILE, &before.descriptors);
	for (int sig = 1; sig < NSIG && before.known; sig++)
		if (is_ignored(sig) != before.ignored[sig])
			(void)signal(sig, before.ignored[sig] ? SIG_IGN : SIG_DFL);
}
