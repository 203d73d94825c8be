/* SPDX-License-Identifier: MIT */
#include "producer/examples/gateway/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "producer/examples/gateway/clock.h"
#include "producer/examples/gateway/load_histogram.h"

#define PATIENCE  (GW_SECOND / 20) /* how long to wait before looking at the stop flag again */
#define RECEIVERS 4096             /* accounts that money is sent to */

struct connection {
	int fd;
	bool busy;
	bool transaction; /* what is under way */
	int64_t due_ns;
	uint64_t nonce;
	size_t have;
	char in[2048];
};

struct gw_load {
	struct sockaddr_in address;
	double rate;
	pthread_t thread;
	_Atomic bool stop;

	int epoll;
	int64_t started_ns;
	int64_t ended_ns;
	uint64_t sent, answered, errors, lost;
	struct load_histogram latency;

	unsigned int busy;
	unsigned int n;
	unsigned int idle_n;
	unsigned int *idle; /* a stack of connections' numbers */
	struct connection connection[];
};

static bool stopping(struct gw_load *load)
{
	return atomic_load_explicit(&load->stop, memory_order_acquire);
}

/* ---- connections ----------------------------------------------------------------------------- */

static int connect_one(struct gw_load *load, unsigned int i)
{
	struct connection *c = &load->connection[i];
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
	int on = 1;

	c->have = 0;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -errno;
	if (connect(c->fd, (struct sockaddr *)&load->address, sizeof(load->address)) ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event)) {
		int rc = -errno;

		close(c->fd);
		c->fd = -1;
		return rc;
	}
	return 0;
}

static void set_idle(struct gw_load *load, struct connection *c)
{
	c->busy = false;
	c->have = 0;
	load->busy--;
	load->idle[load->idle_n++] = (unsigned int)(c - load->connection);
}

/* The gateway hung up: fair if the connection was idle for long, else the request is lost. */
static void reconnect(struct gw_load *load, struct connection *c)
{
	close(c->fd);
	c->fd = -1;
	if (c->busy) {
		load->lost++;
		set_idle(load, c);
	}
	connect_one(load, (unsigned int)(c - load->connection));
}

/* ---- requests -------------------------------------------------------------------------------- */

static int write_transaction(char *body, size_t room, struct connection *c, unsigned int i,
			     uint64_t k)
{
	c->transaction = true;
	return snprintf(body, room,
			"{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"gw_sendTransaction\","
			"\"params\":[{\"from\":\"0x%040x\",\"to\":\"0x%040llx\",\"value\":\"0x1\","
			"\"nonce\":\"0x%llx\",\"data\":\"0xa9059cbb%056llx\"}]}",
			(unsigned long long)k, i + 1, (unsigned long long)(k % RECEIVERS) << 32 | 1,
			(unsigned long long)c->nonce, (unsigned long long)k);
}

/* Mostly transactions; every sixteenth request asks something. */
static int write_body(char *body, size_t room, struct connection *c, unsigned int i, uint64_t k)
{
	c->transaction = false;
	if (k % 16 == 7)
		return snprintf(body, room,
				"{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"eth_getBalance\","
				"\"params\":[\"0x%040x\",\"latest\"]}",
				(unsigned long long)k, i + 1);
	if (k % 16 == 15)
		return snprintf(body, room,
				"{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"eth_blockNumber\"}",
				(unsigned long long)k);
	return write_transaction(body, room, c, i, k);
}

/* A small request into an empty socket goes out whole or not at all. */
static void send_request(struct gw_load *load, int64_t due_ns)
{
	unsigned int i = load->idle[--load->idle_n];
	struct connection *c = &load->connection[i];
	char body[512], text[768];
	int bytes = write_body(body, sizeof(body), c, i, load->sent);

	bytes = snprintf(text, sizeof(text),
			 "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
			 "Content-Length: %d\r\n\r\n%s",
			 bytes, body);
	c->busy = true;
	c->due_ns = due_ns;
	load->busy++;
	load->sent++;
	if (send(c->fd, text, (size_t)bytes, MSG_NOSIGNAL | MSG_DONTWAIT) != bytes)
		reconnect(load, c);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Bytes of the whole answer in c->in, or 0 if it is not whole yet. */
static size_t whole_answer(const struct connection *c)
{
	const char *end = strstr(c->in, "\r\n\r\n");
	const char *length = strcasestr(c->in, "\r\nContent-Length:");
	size_t head;

	if (!end)
		return 0;
	head = (size_t)(end - c->in) + 4;
	if (length && length < end)
		head += strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
	return c->have >= head ? head : 0;
}

static void take_answer(struct gw_load *load, struct connection *c)
{
	bool good = strncmp(c->in, "HTTP/1.1 200", 12) == 0 && !strstr(c->in, "\"error\"");

	load->answered++;
	if (!good)
		load->errors++;
	else if (c->transaction)
		c->nonce++;
	load_histogram_add(&load->latency, gw_now_ns() - c->due_ns);
	set_idle(load, c);
}

static void receive(struct gw_load *load, struct connection *c)
{
	ssize_t n = recv(c->fd, c->in + c->have, sizeof(c->in) - 1 - c->have, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* hung up, or an answer longer than any that is due */
		reconnect(load, c);
		return;
	}
	c->have += (size_t)n;
	c->in[c->have] = '\0';
	if (c->busy && whole_answer(c))
		take_answer(load, c);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int64_t due(const struct gw_load *load)
{
	return load->started_ns + (int64_t)((double)load->sent / load->rate * 1e9);
}

static void send_what_is_due(struct gw_load *load)
{
	int64_t now = gw_now_ns();

	while (load->idle_n > 0 && (load->rate <= 0 || due(load) <= now))
		send_request(load, load->rate > 0 ? due(load) : now);
}

static void wait_and_receive(struct gw_load *load, int64_t wait_ns)
{
	struct timespec timeout = gw_timespec(wait_ns);
	struct epoll_event event[64];
	int n = epoll_pwait2(load->epoll, event, 64, &timeout, NULL);

	for (int i = 0; i < n; i++)
		receive(load, &load->connection[event[i].data.u32]);
}

/* How long nothing is to be sent. */
static int64_t pause_ns(const struct gw_load *load)
{
	int64_t left;

	if (load->rate <= 0 || load->idle_n == 0)
		return PATIENCE;
	left = due(load) - gw_now_ns();
	if (left < 0)
		return 0;
	return left < PATIENCE ? left : PATIENCE;
}

static void *run_load(void *arg)
{
	struct gw_load *load = arg;
	int64_t deadline;

	pthread_setname_np(pthread_self(), "gw-load");
	load->started_ns = gw_now_ns();
	while (!stopping(load)) {
		send_what_is_due(load);
		wait_and_receive(load, pause_ns(load));
	}
	deadline = gw_now_ns() + GW_SECOND;
	while (load->busy > 0 && gw_now_ns() < deadline)
		wait_and_receive(load, PATIENCE);
	load->ended_ns = gw_now_ns();
	load->lost += load->busy;
	return NULL;
}

/* ---- starting and stopping ------------------------------------------------------------------- */

static void free_load(struct gw_load *load)
{
	for (unsigned int i = 0; i < load->n; i++) {
		if (load->connection[i].fd >= 0)
			close(load->connection[i].fd);
	}
	if (load->epoll >= 0)
		close(load->epoll);
	free(load->idle);
	free(load);
}

static int connect_all(struct gw_load *load, unsigned int connections)
{
	if (!load->idle)
		return -ENOMEM;
	if (load->epoll < 0)
		return -errno;
	for (unsigned int i = 0; i < connections; i++) {
		int rc = connect_one(load, i);

		load->n++;
		if (rc)
			return rc;
		load->idle[load->idle_n++] = i;
	}
	return 0;
}

struct gw_load *gw_load_start(uint16_t port, double rate, unsigned int connections)
{
	struct gw_load *load = calloc(1, sizeof(*load) + connections * sizeof(load->connection[0]));
	int rc;

	if (!load)
		return NULL;
	load->address.sin_family = AF_INET;
	load->address.sin_port = htons(port);
	load->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	load->rate = rate;
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->idle = calloc(connections, sizeof(load->idle[0]));
	rc = connect_all(load, connections);
	if (rc == 0)
		rc = -pthread_create(&load->thread, NULL, run_load, load);
	if (rc) {
		free_load(load);
		errno = -rc;
		return NULL;
	}
	return load;
}

static void print_summary(const struct gw_load *load, FILE *out)
{
	static const double shown[] = { 50, 90, 99, 99.9 };
	double seconds = (double)(load->ended_ns - load->started_ns) / 1e9;
	double wanted = load->rate * seconds - (double)load->sent;

	fprintf(out,
		"load: %llu sent, %llu answered, %llu errors, %llu lost; %.0f answers/s over %.1f "
		"s\n",
		(unsigned long long)load->sent, (unsigned long long)load->answered,
		(unsigned long long)load->errors, (unsigned long long)load->lost,
		(double)load->answered / seconds, seconds);
	fprintf(out, "load: latency%s:", load->rate > 0 ? " since due" : "");
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		fprintf(out, " p%g %.1f us,", shown[i],
			(double)load_histogram_at(&load->latency, shown[i]) / 1e3);
	fprintf(out, " max %.1f us\n", (double)load->latency.max / 1e3);
	if (wanted > load->rate * 0.1 + 1)
		fprintf(out,
			"load: %.0f requests fell due and were never sent: the gateway, or this "
			"machine, "
			"is slower than %.0f/s\n",
			wanted, load->rate);
}

uint64_t gw_load_stop(struct gw_load *load, FILE *out)
{
	uint64_t failed;

	atomic_store_explicit(&load->stop, true, memory_order_release);
	pthread_join(load->thread, NULL);
	print_summary(load, out);
	failed = load->errors + load->lost;
	free_load(load);
	return failed;
}
