/* SPDX-License-Identifier: MIT */
/* `timekeeper serve`: metrics for Prometheus. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/stop.h"
#include "collector/discover/dirs.h"
#include "collector/serve/serve.h"

#define LISTEN        "127.0.0.1:9464"
#define MAX_SERIES    100000u
#define INTERVAL_NS   UINT64_C(1000000000)
#define INTERVALS_MIB 256u /* closed, and not counted yet */
#define TURN_MS       50

/* Whether segments of several users may be read; then labels tell them apart. */
static bool has_several_users(const struct tk_args *a)
{
	struct tk_dirs dirs = { 0 };
	bool several;

	if (tk_dirs_list(&dirs, a->collector.dir) < 0)
		return false;
	several = dirs.n > 1 || (!a->collector.dir && !getenv("TIMEKEEPER_DIR") && geteuid() == 0);
	tk_dirs_free(&dirs);
	return several;
}

static int listen_on(const struct tk_args *a, int *fd)
{
	const char *text = a->listen ? a->listen : LISTEN;
	struct tk_listen where;
	char why[256], at[TK_LISTEN_TEXT_MAX];

	if (tk_listen_parse(&where, text, why) < 0)
		return tk_usage(a->command, "%s", why);
	*fd = tk_listen_open(&where);
	if (*fd < 0)
		return tk_failed("cannot listen on %s: %s", text, strerror(-*fd));
	tk_listen_text(*fd, at);
	tk_say("http://%s/metrics", at);
	if (!where.loopback)
		tk_say("whoever can reach %s can read what is measured: docs/prometheus.md shows "
		       "how to put TLS and passwords before it",
		       at);
	return TK_EXIT_OK;
}

/* @sets: taken. @return the exit code */
static int serve(const struct tk_args *a, struct tk_bucket_sets *sets, int fd)
{
	struct tk_collector_options o = a->collector;
	const struct tk_metrics_options how = {
		.max_series = a->max_series ? a->max_series : MAX_SERIES,
		.per_process = a->per_process,
		.per_user = has_several_users(a),
		.oldest = o.oldest,
		.timers = &a->timers,
	};
	struct tk_collector *c;
	struct tk_serve *s;
	char why[256];

	o.interval_ns = o.interval_ns ? o.interval_ns : INTERVAL_NS;
	o.intervals_bytes = (uint64_t)INTERVALS_MIB << 20;
	o.intervals_histograms = true;
	o.no_past = true;
	o.descriptors = tk_serve_descriptors();
	c = tk_collector_open(&o, why);
	s = c ? tk_serve_open(c, fd, &how, sets) : NULL;
	if (!s) {
		if (c)
			tk_collector_close(c);
		else
			close(fd);
		tk_bucket_sets_free(sets);
		return tk_failed("%s", c ? strerror(errno) : why);
	}
	while (!tk_stop_requested)
		tk_serve_run(s, TURN_MS);
	tk_serve_close(s);
	tk_collector_close(c);
	return TK_EXIT_OK;
}

tk_command_run tk_cmd_serve;

int tk_cmd_serve(const struct tk_args *a, FILE *out)
{
	struct tk_bucket_sets sets;
	char why[256];
	int err = tk_bucket_sets_open(&sets, &a->buckets, why), fd = -1, code;

	(void)out;
	if (err)
		return err == -EINVAL ? tk_usage(a->command, "%s", why) : tk_failed("%s", why);
	code = listen_on(a, &fd);
	if (code) {
		tk_bucket_sets_free(&sets);
		return code;
	}
	tk_stop_on_signals();
	return serve(a, &sets, fd);
}
