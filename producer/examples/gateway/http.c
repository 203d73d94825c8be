/* SPDX-License-Identifier: MIT */
#include "producer/examples/gateway/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "producer/examples/gateway/actors.h"
#include "producer/examples/gateway/clock.h"
#include <timekeeper.h>

#define CONNECTIONS 900u /* below the usual limit of 1,024 open files */
#define IDLE_S      60u
#define BODY_MAX    ((size_t)1 << 20)
#define GRACE_NS    GW_SECOND

struct gw_http {
	struct gw_line *line;
	struct MHD_Daemon *daemon;
	int listener;
	int epoll; /* holds libmicrohttpd's own epoll descriptor, and: */
	int wake;  /* an eventfd: connections were resumed, or it is time to stop */
	uint16_t port;
	bool pin;
	pthread_t thread;
	_Atomic bool stop;
	sem_t ready; /* the ingest thread has its lane */

	/* The ingest thread's. */
	tk_timer_t parse;
	tk_timer_t body;         /* values: the bytes of a request */
	tk_timer_t pending;      /* values: calls under way, whenever some came */
	struct tk_origin origin; /* of all that arrived with the last epoll_wait */
	unsigned int limit;
	unsigned int in_flight; /* calls let in and not answered */
	unsigned int open;      /* exchanges */
	bool pushed;            /* calls, in this turn */
};

/* One request and its answer. */
struct exchange {
	struct gw_http *http;
	struct MHD_Connection *connection;
	struct tk_origin origin;
	char *body;
	size_t bytes;
	bool too_large;
	bool waiting; /* its calls are on their way */
	struct rpc_request *request;
};

/* ---- answers --------------------------------------------------------------------------------- */

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned int status,
				     struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO; /* no memory: the connection is closed */
	MHD_add_response_header(response, "Content-Type", "application/json");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "POST");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", "1");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Refuse the whole request before the line has seen it. */
static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned int status,
			      const char *text)
{
	return send_response(connection, status,
			     MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
							     MHD_RESPMEM_PERSISTENT));
}

/* The calls of an exchange are no longer on their way. */
static void settle(struct exchange *x)
{
	if (x->waiting)
		x->http->in_flight -= (unsigned int)x->request->n;
	x->waiting = false;
}

static enum MHD_Result send_answer(struct exchange *x)
{
	char *text = rpc_join(x->request);

	settle(x);
	if (!text)
		return send_response(
			x->connection, MHD_HTTP_NO_CONTENT,
			MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
	return send_response(
		x->connection, MHD_HTTP_OK,
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE));
}

/* Called by the responder's thread. x may be gone once the connection is resumed. libmicrohttpd
 * wakes only threads of its own making, so that is left to us. */
static void answered(struct rpc_request *request)
{
	const struct exchange *x = request->owner;
	const struct gw_http *http = x->http;

	MHD_resume_connection(x->connection);
	eventfd_write(http->wake, 1);
}

/* ---- ingest ---------------------------------------------------------------------------------- */

static void parse(struct exchange *x)
{
	uint64_t start = tk_start(x->http->parse);

	tk_value(x->http->body, (int64_t)x->bytes);
	x->request = rpc_parse(x->body, x->bytes);
	tk_stop_latency(x->http->parse, start, x->origin);
}

/* Every call becomes a message derived from the request, so all carry the request's origin. */
static void send_down(struct exchange *x)
{
	struct gw_http *http = x->http;
	size_t n = x->request->n;
	gw_message message;

	x->waiting = true;
	http->pushed = true;
	http->in_flight += (unsigned int)n;
	tk_value(http->pending, http->in_flight);
	x->request->owner = x;
	tk_derive(&message, x);
	for (size_t i = 0; i < n; i++) {
		message.data = &x->request->call[i];
		gw_line_push(http->line, &message);
	}
}

static enum MHD_Result ingest(struct exchange *x)
{
	struct gw_http *http = x->http;

	if (x->too_large)
		return refuse(x->connection, MHD_HTTP_CONTENT_TOO_LARGE,
			      "{\"error\":\"the body is larger than 1 MiB\"}\n");
	parse(x);
	if (!x->request)
		return MHD_NO;
	if (x->request->n > http->limit)
		return refuse(
			x->connection, MHD_HTTP_CONTENT_TOO_LARGE,
			"{\"error\":\"more calls than may be under way: split the batch\"}\n");
	if (x->request->n > http->limit - http->in_flight)
		return refuse(x->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			      "{\"error\":\"too many calls are under way: try again\"}\n");
	/* Suspended first: the answer may come before the last call is pushed. */
	MHD_suspend_connection(x->connection);
	send_down(x);
	return MHD_YES;
}

static struct exchange *begin(struct gw_http *http, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->http = http;
	x->connection = connection;
	x->origin = http->origin;
	http->open++;
	return x;
}

static void take_body(struct exchange *x, const char *data, size_t bytes)
{
	char *body = NULL;

	if (!x->too_large && bytes <= BODY_MAX - x->bytes)
		body = realloc(x->body, x->bytes + bytes);
	if (!body) {
		x->too_large = true;
		return;
	}
	memcpy(body + x->bytes, data, bytes);
	x->body = body;
	x->bytes += bytes;
}

/* libmicrohttpd calls this for the headers, for each piece of the body, at the request's end, and
 * again when its connection has been resumed. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *bytes, void **context)
{
	struct exchange *x = *context;

	(void)url;
	(void)version;
	if (!x) {
		*context = begin(cls, connection);
		return *context ? MHD_YES : MHD_NO;
	}
	if (*bytes) {
		take_body(x, data, *bytes);
		*bytes = 0;
		return MHD_YES;
	}
	if (x->waiting)
		return send_answer(x);
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "{\"error\":\"POST a JSON-RPC 2.0 request\"}\n");
	return ingest(x);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
			 enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *context;

	(void)cls;
	(void)connection;
	(void)code;
	if (!x)
		return;
	settle(x);
	x->http->open--;
	rpc_free(x->request);
	free(x->body);
	free(x);
	*context = NULL;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* What libmicrohttpd would wait for at most, or `longest`. */
static int patience_ms(struct gw_http *http, int longest)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(http->daemon, &ms) == MHD_YES && ms < (unsigned int)longest)
		return (int)ms;
	return longest;
}

static void turn(struct gw_http *http, int longest_ms)
{
	struct epoll_event event[2];

	epoll_wait(http->epoll, event, 2, patience_ms(http, longest_ms));
	http->origin = tk_origin_now();
	http->pushed = false;
	MHD_run(http->daemon);
	if (http->pushed)
		gw_line_ring(http->line);
}

static void wind_up(struct gw_http *http)
{
	int64_t deadline = gw_now_ns() + GRACE_NS;

	MHD_quiesce_daemon(http->daemon);
	while (http->in_flight > 0 || (http->open > 0 && gw_now_ns() < deadline))
		turn(http, 10);
}

static void *run_ingest(void *arg)
{
	struct gw_http *http = arg;
	int cpu = http->pin ? gw_nth_cpu(0) : -1;
	struct tk_thread thread = {
		.name = "gw-ingest",
		.pin = cpu >= 0,
		.cpu = (uint32_t)cpu,
	};

	tk_join(&thread);
	sem_post(&http->ready);
	while (!atomic_load_explicit(&http->stop, memory_order_acquire))
		turn(http, (int)IDLE_S * 1000);
	wind_up(http);
	return NULL;
}

/* ---- starting and stopping ------------------------------------------------------------------- */

static int listen_on(struct gw_http *http, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	socklen_t bytes = sizeof(address);
	int on = 1;

	http->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (http->listener < 0)
		return -errno;
	/* So that a gateway that was killed can be started again at once. */
	setsockopt(http->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(http->listener, (struct sockaddr *)&address, bytes) ||
	    listen(http->listener, SOMAXCONN) ||
	    getsockname(http->listener, (struct sockaddr *)&address, &bytes))
		return -errno;
	http->port = ntohs(address.sin_port);
	return 0;
}

static int start_daemon(struct gw_http *http)
{
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
					on_request, http, MHD_OPTION_LISTEN_SOCKET, http->listener,
					MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
					MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
					MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_END);
	if (!http->daemon) {
		http->listener = -1; /* closed by whatever failed */
		return -EIO;
	}
	return 0;
}

/* Edge-triggered, the eventfd needs no reading: every write is an event. */
static int watch(struct gw_http *http)
{
	struct epoll_event network = { .events = EPOLLIN };
	struct epoll_event wake = { .events = EPOLLIN | EPOLLET };
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info)
		return -EIO;
	http->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	http->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (http->wake < 0 || http->epoll < 0 ||
	    epoll_ctl(http->epoll, EPOLL_CTL_ADD, info->epoll_fd, &network) ||
	    epoll_ctl(http->epoll, EPOLL_CTL_ADD, http->wake, &wake))
		return -errno;
	return 0;
}

static int start_threads(struct gw_http *http)
{
	int rc;

	http->line = gw_line_start(http->limit, http->pin, answered);
	if (!http->line)
		return -errno;
	rc = pthread_create(&http->thread, NULL, run_ingest, http);
	if (rc)
		gw_line_stop(http->line);
	else
		sem_wait(&http->ready);
	return -rc;
}

static void free_http(struct gw_http *http)
{
	if (http->daemon) {
		MHD_quiesce_daemon(http->daemon); /* or it would close the listener too */
		MHD_stop_daemon(http->daemon);
	}
	if (http->listener >= 0)
		close(http->listener);
	if (http->epoll >= 0)
		close(http->epoll);
	if (http->wake >= 0)
		close(http->wake);
	sem_destroy(&http->ready);
	free(http);
}

struct gw_http *gw_http_start(uint16_t port, unsigned int in_flight, bool pin)
{
	struct gw_http *http = calloc(1, sizeof(*http));
	int rc;

	if (!http)
		return NULL;
	http->listener = http->epoll = http->wake = -1;
	http->limit = in_flight;
	http->pin = pin;
	sem_init(&http->ready, 0, 0);
	http->parse = tk_timer("Ingest-parse");
	http->body = tk_value_timer("Ingest-body", "bytes");
	http->pending = tk_value_timer("In-flight", "calls");
	rc = listen_on(http, port);
	if (rc == 0)
		rc = start_daemon(http);
	if (rc == 0)
		rc = watch(http);
	if (rc == 0)
		rc = start_threads(http);
	if (rc) {
		free_http(http);
		errno = -rc;
		return NULL;
	}
	return http;
}

uint16_t gw_http_port(const struct gw_http *http)
{
	return http->port;
}

void gw_http_stop(struct gw_http *http)
{
	atomic_store_explicit(&http->stop, true, memory_order_release);
	eventfd_write(http->wake, 1);
	pthread_join(http->thread, NULL);
	gw_line_stop(http->line);
	free_http(http);
}
