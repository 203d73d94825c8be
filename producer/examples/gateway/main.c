/* SPDX-License-Identifier: MIT */
/*
 * The example gateway: JSON-RPC 2.0 over HTTP, answered by a line of actors, all of it timed. Read
 * actors.c for how a program with threads and messages is instrumented; http.c for where a
 * message's origin is stamped.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <jansson.h>

#include "producer/examples/gateway/actors.h"
#include "producer/examples/gateway/clock.h"
#include "producer/examples/gateway/http.h"
#include "producer/examples/gateway/load.h"
#include <timekeeper.h>

#define IN_FLIGHT   8192
#define CONNECTIONS 32
#define FILES       4096

struct options {
	unsigned int port;
	unsigned int in_flight;
	unsigned int connections;
	bool load;
	double rate;     /* 0: as fast as answers come */
	double duration; /* s; 0: until told to stop */
};

static const char help[] =
	"usage: gateway [options]\n"
	"\n"
	"An example of a program that is timed: JSON-RPC 2.0 over HTTP on 127.0.0.1, answered by "
	"a\n"
	"line of threads. Watch it with `timekeeper` in another terminal.\n"
	"\n"
	"  -p, --port N          listen on this port; 0: on any free one (8545)\n"
	"  -l, --load RATE       send RATE requests a second to itself; max: as fast as they are "
	"answered\n"
	"  -c, --connections N   over so many connections (32)\n"
	"  -d, --duration S      stop after S seconds\n"
	"  -i, --in-flight N     answer 503 beyond N calls under way (8192)\n"
	"  -h, --help            this\n"
	"\n"
	"Methods: gw_sendTransaction, eth_getBalance, eth_blockNumber, eth_chainId.\n"
	"\n"
	"  gateway --load 5000\n"
	"  gateway --load max --duration 10\n"
	"  curl -s -d '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_blockNumber\"}' "
	"127.0.0.1:8545\n"
	"  curl -s -d "
	"'{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"gw_sendTransaction\",\"params\":[{\n"
	"    \"from\":\"0x00000000000000000000000000000000000000aa\",\"value\":\"0x10\",\n"
	"    \"to\":\"0x00000000000000000000000000000000000000bb\"}]}' 127.0.0.1:8545\n"
	"\n"
	"Exit status: 0 fine; 1 could not start, or its own load was not answered; 2 usage.\n";

static bool read_number(const char *text, double low, double high, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return end != text && *end == '\0' && isfinite(*number) && *number >= low &&
	       *number <= high;
}

static bool read_count(const char *text, unsigned int low, unsigned int high, unsigned int *count)
{
	double number;

	if (!read_number(text, low, high, &number) || number != floor(number))
		return false;
	*count = (unsigned int)number;
	return true;
}

static bool read_option(int option, const char *value, struct options *o)
{
	switch (option) {
	case 'p':
		return read_count(value, 0, 65535, &o->port);
	case 'i':
		return read_count(value, 1, 1000000, &o->in_flight);
	case 'c':
		return read_count(value, 1, 800, &o->connections);
	case 'd':
		return read_number(value, 0.001, 1e9, &o->duration);
	case 'l':
		o->load = true;
		return strcmp(value, "max") == 0 || read_number(value, 0, 1e7, &o->rate);
	default:
		return false;
	}
}

/* @return -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "load", required_argument, NULL, 'l' },
		{ "connections", required_argument, NULL, 'c' },
		{ "duration", required_argument, NULL, 'd' },
		{ "in-flight", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "p:l:c:d:i:h", known, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (option == '?' || !read_option(option, optarg, o)) {
			if (option != '?')
				fprintf(stderr, "gateway: -%c cannot be '%s'\n", option, optarg);
			fputs("usage: gateway [options]; gateway --help tells more\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr,
			"gateway: what is '%s'?\nusage: gateway [options]; gateway --help tells "
			"more\n",
			argv[optind]);
		return 2;
	}
	return -1;
}

/* One thread a core only where there are cores for all of them, and one for the rest of the world.
 */
static bool cores_enough(void)
{
	cpu_set_t allowed;

	return sched_getaffinity(0, sizeof(allowed), &allowed) == 0 &&
	       (unsigned int)CPU_COUNT(&allowed) > gw_threads();
}

/* Both ends of every connection of its own load are files of this process. */
static void raise_file_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	if (files.rlim_cur < FILES)
		files.rlim_cur = files.rlim_max < FILES ? files.rlim_max : FILES;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void explain_start(const struct options *o)
{
	if (errno == EADDRINUSE)
		fprintf(stderr,
			"gateway: port %u is in use, perhaps by another gateway; stop that one, or "
			"choose "
			"another with --port\n",
			o->port);
	else
		fprintf(stderr, "gateway: cannot serve on 127.0.0.1:%u: %s\n", o->port,
			strerror(errno));
}

/* Until the time is up, or SIGINT, SIGTERM or SIGHUP. */
static void wait_for_end(const sigset_t *signals, double duration)
{
	int64_t end = duration > 0 ? gw_now_ns() + (int64_t)(duration * 1e9) : INT64_MAX;
	int signal;

	do {
		int64_t left = end - gw_now_ns();
		struct timespec wait = gw_timespec(left > 0 ? left : 0);

		signal = sigtimedwait(signals, NULL, &wait);
	} while (signal < 0 && gw_now_ns() < end); /* SIGSTOP and SIGCONT interrupt it */
}

static int run(const struct options *o, const sigset_t *signals)
{
	struct gw_http *http = gw_http_start((uint16_t)o->port, o->in_flight, cores_enough());
	struct gw_load *load = NULL;
	int status = 0;

	if (!http) {
		explain_start(o);
		return 1;
	}
	printf("listening on 127.0.0.1:%u\n", gw_http_port(http));
	fflush(stdout);
	if (o->load) {
		load = gw_load_start(gw_http_port(http), o->rate, o->connections);
		if (!load) {
			fprintf(stderr,
				"gateway: no load, cannot connect to myself: %s; fewer "
				"--connections may help\n",
				strerror(errno));
			status = 1;
		}
	}
	if (status == 0)
		wait_for_end(signals, o->duration);
	if (load && gw_load_stop(load, stdout) > 0)
		status = 1;
	gw_http_stop(http);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {
		.port = 8545,
		.in_flight = IN_FLIGHT,
		.connections = CONNECTIONS,
	};
	sigset_t signals;
	int status = read_options(argc, argv, &o);

	if (status >= 0)
		return status;
	/* Before any thread is made, so that all of them inherit it and only main waits for them.
	 */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP); /* its terminal is gone */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	json_object_seed(0);

	if (tk_open("gateway", NULL) < 0)
		fprintf(stderr, "gateway: runs untimed: %s\n", tk_why());
	status = run(&o, &signals);
	tk_close();
	return status;
}
