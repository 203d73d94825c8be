/* SPDX-License-Identifier: MIT */
#include "collector/alert/command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/cli/say.h"
#include "collector/hlog/text.h"
#include "collector/launch/inherited.h"
#include "collector/machine/now.h"

/* ---- its environment ---- */

static void add(struct tk_alert_env *e, char *variable)
{
	if (variable && e->n < TK_ALERT_ENV_MAX)
		e->list[e->n++] = variable;
	else
		e->cut = true;
}

void tk_alert_env_add(struct tk_alert_env *e, const char *name, const char *format, ...)
{
	char *variable = NULL, *value;
	va_list args;

	va_start(args, format);
	if (vasprintf(&value, format, args) < 0)
		value = NULL;
	va_end(args);
	if (value && asprintf(&variable, "%s=%s", name, value) < 0)
		variable = NULL;
	free(value);
	add(e, variable);
}

/* A name that begins with '-' would be an option, one that begins with '.' perhaps "..". */
void tk_alert_env_add_name(struct tk_alert_env *e, const char *name, const char *text)
{
	char *encoded = malloc(TK_HLOG_ENCODED_MAX(strlen(text)));

	if (!encoded) {
		e->cut = true;
		return;
	}
	tk_hlog_encode_text(encoded, text);
	if (encoded[0] == '-' || encoded[0] == '.')
		tk_alert_env_add(e, name, "%%%02X%s", (unsigned char)encoded[0], encoded + 1);
	else
		tk_alert_env_add(e, name, "%s", encoded);
	free(encoded);
}

void tk_alert_env_begin(struct tk_alert_env *e)
{
	static const char *const kept[] = { "PATH", "HOME",   "USER", "LOGNAME",
					    "LANG", "LC_ALL", "TZ",   "TMPDIR" };

	*e = (struct tk_alert_env){ .n = 0 };
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *value = getenv(kept[i]);

		if (value)
			tk_alert_env_add(e, kept[i], "%s", value);
	}
}

void tk_alert_env_free(struct tk_alert_env *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->list[i]);
	*e = (struct tk_alert_env){ .n = 0 };
}

/* ---- the program ---- */

const char *tk_alert_command_check(const char *path)
{
	struct stat st;

	if (!strchr(path, '/'))
		return "is looked for nowhere: say its path, such as ./page or /usr/local/bin/page";
	if (stat(path, &st))
		return strerror(errno);
	if (!S_ISREG(st.st_mode) || access(path, X_OK))
		return "is no program that may be run";
	return NULL;
}

/* A parent may have had SIGCHLD ignored: then nobody could ask how the program ended. */
void tk_alert_command_open(struct tk_alert_command *c, char *const *argv, uint64_t timeout_ns)
{
	struct sigaction now;

	*c = (struct tk_alert_command){ .argv = argv, .timeout_ns = timeout_ns };
	if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		(void)signal(SIGCHLD, SIG_DFL);
}

__attribute__((format(printf, 2, 3))) static void fail(struct tk_alert_command *c,
						       const char *format, ...)
{
	char how[128];
	va_list args;

	va_start(args, format);
	vsnprintf(how, sizeof(how), format, args);
	va_end(args);
	if (!c->failures++)
		tk_say("--on-alert %s: %s; further failures are counted, and said at the end",
		       c->argv[0], how);
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int err;

	sigfillset(&all);
	sigemptyset(&none);
	err = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
							   POSIX_SPAWN_SETSIGMASK);
	err = err ? err : posix_spawnattr_setsigdefault(attributes, &all);
	return err ? err : posix_spawnattr_setsigmask(attributes, &none);
}

static int set_descriptors(posix_spawn_file_actions_t *actions)
{
	int err = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	err = err ? err : posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
	return err ? err : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

static int spawn(struct tk_alert_command *c, const struct tk_alert_env *e)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err = posix_spawn_file_actions_init(&actions);

	if (err)
		return err;
	err = posix_spawnattr_init(&attributes);
	if (!err) {
		err = set_attributes(&attributes);
		err = err ? err : set_descriptors(&actions);
		err = err ? err
			  : posix_spawn(&c->pid, c->argv[0], &actions, &attributes, c->argv,
					e->list);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

void tk_alert_command_start(struct tk_alert_command *c, const struct tk_alert_env *e)
{
	int err = e->cut ? ENOMEM : spawn(c, e);

	c->runs++;
	c->killed = false;
	if (err) {
		c->pid = 0;
		fail(c, "it cannot be run: %s", strerror(err));
		return;
	}
	tk_inherited_restore_descriptors_of(c->pid);
	c->until_ns = tk_now_ns(CLOCK_MONOTONIC) + c->timeout_ns;
}

static void note_end(struct tk_alert_command *c, int status)
{
	if (c->killed)
		fail(c, "it ran for longer than --alert-timeout, and was killed");
	else if (WIFSIGNALED(status))
		fail(c, "it was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		fail(c, "it ended with exit code %d", WEXITSTATUS(status));
}

bool tk_alert_command_runs(struct tk_alert_command *c)
{
	int status = 0;
	pid_t ended;

	if (!c->pid)
		return false;
	ended = waitpid(c->pid, &status, WNOHANG);
	if (ended == 0 && !c->killed && tk_now_ns(CLOCK_MONOTONIC) >= c->until_ns) {
		c->killed = true;
		kill(-c->pid, SIGKILL); /* its group: it has a session of its own */
	}
	if (ended == 0 || (ended < 0 && errno == EINTR))
		return true;
	c->pid = 0;
	note_end(c, status);
	return false;
}

void tk_alert_command_close(const struct tk_alert_command *c)
{
	if (c->failures > 1)
		tk_say("--on-alert %s failed %" PRIu64 " times of %" PRIu64, c->argv[0],
		       c->failures, c->runs);
}
