/* SPDX-License-Identifier: MIT */
#include "collector/serve/http/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/machine/now.h"
#include "collector/serve/http/gzip.h"
#include "collector/serve/http/negotiate.h"

#define CONNECTIONS 160u
#define MEMORY      (16u << 10)
#define SEND_BYTES \
	(256 << 10) /* in the kernel, a connection: who does not read cannot hold 4 MB there */
#define REQUEST_NS   (10 * TK_SECOND_NS)
#define ANSWER_NS    (30 * TK_SECOND_NS)
#define BODIES       8u
#define TYPE_TEXT    "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_METRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

static char index_page[] =
	"<!doctype html>\n<html lang=\"en\"><head><title>timekeeper</title></head><body>\n"
	"<h1>timekeeper</h1>\n<ul>\n<li><a href=\"/metrics\">/metrics</a></li>\n"
	"<li><a href=\"/healthz\">/healthz</a></li>\n</ul>\n</body></html>\n";

/** A connection, from accept() on. */
struct client {
	int fd; /* -1: the place is free */
	uint64_t began_ns;
	bool answered; /* its request has come */
	bool closing;
};

struct tk_http {
	struct MHD_Daemon *daemon;
	int epoll;
	struct tk_http_source source;
	struct MHD_Response *cached[2][2]; /* by form and encoding; NULL: not rendered yet */
	unsigned bodies;                   /* that are in memory */
	struct client clients[CONNECTIONS];
	unsigned n_clients, most; /* with as many, the oldest goes for a new one */
};

/** Of one response: MHD frees it when nobody sends it any more. */
struct body {
	struct tk_http *http;
	char *bytes;
};

/* ---- connections ---- */

/* MHD sees the end of the connection, and frees it. */
static void end_client(struct client *c)
{
	c->closing = true;
	shutdown(c->fd, SHUT_RDWR);
}

/* @answered: among those that have asked. @return NULL: there is none */
static struct client *oldest(struct tk_http *h, bool answered)
{
	struct client *found = NULL;

	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct client *c = &h->clients[i];

		if (c->fd < 0 || c->closing || c->answered != answered)
			continue;
		if (!found || c->began_ns < found->began_ns)
			found = c;
	}
	return found;
}

static void make_room(struct tk_http *h)
{
	struct client *c = oldest(h, false);

	if (!c)
		c = oldest(h, true);
	if (c)
		end_client(c);
}

static struct client *free_place(struct tk_http *h)
{
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (h->clients[i].fd < 0)
			return &h->clients[i];
	return NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct tk_http *h = cls;
	struct client *c = *context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (c) {
			c->fd = -1;
			h->n_clients--;
		}
		return;
	}
	if (h->n_clients >= h->most)
		make_room(h);
	c = free_place(h);
	*context = c;
	if (!c)
		return;
	*c = (struct client){
		.fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			      ->connect_fd,
		.began_ns = tk_now_ns(CLOCK_MONOTONIC),
	};
	h->n_clients++;
}

static void end_overdue(struct tk_http *h)
{
	uint64_t now = tk_now_ns(CLOCK_MONOTONIC);

	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct client *c = &h->clients[i];

		if (c->fd >= 0 && !c->closing &&
		    now - c->began_ns > (c->answered ? ANSWER_NS : REQUEST_NS))
			end_client(c);
	}
}

/* ---- answers ---- */

static void free_body(void *cls)
{
	struct body *b = cls;

	b->http->bodies--;
	free(b->bytes);
	free(b);
}

static char *render(struct tk_http *h, bool openmetrics, bool gzip, size_t *n)
{
	char *text = h->source.render(h->source.arg, openmetrics, n), *packed;

	if (!text || !gzip)
		return text;
	packed = tk_gzip(text, *n, n);
	free(text);
	return packed;
}

/* @return NULL: no memory */
static struct MHD_Response *make(struct tk_http *h, bool openmetrics, bool gzip)
{
	struct MHD_Response *r = NULL;
	struct body *b = malloc(sizeof(*b));
	size_t n = 0;
	char *bytes = b ? render(h, openmetrics, gzip, &n) : NULL;

	if (bytes) {
		*b = (struct body){ h, bytes };
		r = MHD_create_response_from_buffer_with_free_callback_cls(n, bytes, free_body, b);
	}
	if (!r) {
		free(bytes);
		free(b);
		return NULL;
	}
	h->bodies++;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
				openmetrics ? TYPE_METRICS : TYPE_TEXT);
	MHD_add_response_header(r, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	if (gzip)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return r;
}

static struct MHD_Response *metrics(struct tk_http *h, struct MHD_Connection *connection)
{
	bool openmetrics = tk_accepts_openmetrics(
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	bool gzip = tk_accepts_gzip(MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
								MHD_HTTP_HEADER_ACCEPT_ENCODING));
	struct MHD_Response **cached = &h->cached[openmetrics][gzip];
	struct client *c = *cached || h->bodies <= BODIES ? NULL : oldest(h, true);

	if (c)
		end_client(c);
	if (!*cached)
		*cached = make(h, openmetrics, gzip);
	return *cached;
}

/* @allow: for 405, or NULL */
static enum MHD_Result say(struct MHD_Connection *connection, unsigned int status, const char *type,
			   char *text, bool allow)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	if (allow)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result say_text(struct MHD_Connection *connection, unsigned int status, char *text)
{
	return say(connection, status, "text/plain; charset=utf-8", text,
		   status == MHD_HTTP_METHOD_NOT_ALLOWED);
}

static enum MHD_Result answer_metrics(struct tk_http *h, struct MHD_Connection *connection)
{
	static char no_memory[] = "there is no memory for an answer\n";
	struct MHD_Response *r = metrics(h, connection);

	if (!r)
		return say_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, no_memory);
	return MHD_queue_response(connection, MHD_HTTP_OK, r);
}

static enum MHD_Result answer_health(struct tk_http *h, struct MHD_Connection *connection)
{
	static char ok[] = "ok\n", late[] = "no interval was closed lately\n";

	if (h->source.is_healthy(h->source.arg))
		return say_text(connection, MHD_HTTP_OK, ok);
	return say_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, late);
}

/* Answered before a body comes: nobody reads one, and the connection ends with the answer. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **context)
{
	static char not_allowed[] = "only GET and HEAD\n",
		    not_found[] = "there are /, /metrics and /healthz\n";
	struct tk_http *h = cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct client *c = info ? info->socket_context : NULL;

	(void)version;
	(void)upload;
	(void)context;
	*upload_size = 0;
	if (c)
		c->answered = true;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return say_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, not_allowed);
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(h, connection);
	if (strcmp(url, "/healthz") == 0)
		return answer_health(h, connection);
	if (strcmp(url, "/") == 0)
		return say(connection, MHD_HTTP_OK, "text/html; charset=utf-8", index_page, false);
	return say_text(connection, MHD_HTTP_NOT_FOUND, not_found);
}

/* ---- the server ---- */

unsigned tk_http_connections(void)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= 8 * CONNECTIONS)
		return CONNECTIONS;
	return limit.rlim_cur >= 16 ? (unsigned)limit.rlim_cur / 8 : 2;
}

struct tk_http *tk_http_open(int listener, const struct tk_http_source *source)
{
	struct tk_http *h = calloc(1, sizeof(*h));
	const union MHD_DaemonInfo *info = NULL;
	const unsigned connections = tk_http_connections();
	const int send_bytes = SEND_BYTES;

	setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
	if (h) {
		h->source = *source;
		h->most = connections - (connections + 4) / 5;
		for (size_t i = 0; i < CONNECTIONS; i++)
			h->clients[i].fd = -1;
		h->daemon = MHD_start_daemon(
			MHD_USE_EPOLL, 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET,
			listener, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
			MHD_OPTION_CONNECTION_LIMIT, connections,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_END);
	}
	if (h && h->daemon)
		info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info) {
		h->epoll = info->epoll_fd;
		return h;
	}
	if (!h)
		close(listener);
	free(h);
	errno = h ? EIO : ENOMEM;
	return NULL;
}

void tk_http_run(struct tk_http *h, int timeout_ms)
{
	struct pollfd p = { .fd = h->epoll, .events = POLLIN };
	MHD_UNSIGNED_LONG_LONG due_ms;

	if (MHD_get_timeout(h->daemon, &due_ms) == MHD_YES && due_ms < (unsigned)timeout_ms)
		timeout_ms = (int)due_ms;
	poll(&p, 1, timeout_ms);
	MHD_run(h->daemon);
	end_overdue(h);
}

void tk_http_renew(struct tk_http *h)
{
	for (int form = 0; form < 2; form++) {
		for (int gzip = 0; gzip < 2; gzip++) {
			if (h->cached[form][gzip])
				MHD_destroy_response(h->cached[form][gzip]);
			h->cached[form][gzip] = NULL;
		}
	}
}

void tk_http_close(struct tk_http *h)
{
	tk_http_renew(h);
	MHD_stop_daemon(h->daemon);
	free(h);
}
