/* SPDX-License-Identifier: MIT */
#include "collector/serve/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 128

static bool is_loopback(const struct sockaddr_storage *a)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	memcpy(&v4, a, sizeof(v4));
	memcpy(&v6, a, sizeof(v6));
	if (a->ss_family == AF_INET)
		return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

static bool is_port(const char *text)
{
	unsigned long port = 0;
	size_t n = strlen(text);

	if (n == 0 || n > 5 || strspn(text, "0123456789") != n)
		return false;
	for (; *text; text++)
		port = port * 10 + (unsigned long)(*text - '0');
	return port <= UINT16_MAX;
}

static int refuse(char why[256], const char *text, const char *what)
{
	snprintf(why, 256,
		 "--listen %.80s %s; it takes ADDRESS:PORT, e.g. 127.0.0.1:9464 or [::1]:9464",
		 text, what);
	return -EINVAL;
}

int tk_listen_parse(struct tk_listen *l, const char *text, char why[256])
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(text, ':'), *from = text, *end = colon;
	struct addrinfo *found;
	char host[64];

	if (!colon || !is_port(colon + 1))
		return refuse(why, text, "has no port from 0 to 65535");
	if (end == text)
		return refuse(why, text,
			      "names no address: 0.0.0.0 is every network, 127.0.0.1 this machine");
	if (*from == '[' && end[-1] == ']') {
		from++;
		end--;
	} else if (memchr(from, ':', (size_t)(end - from))) {
		return refuse(why, text, "is an IPv6 address without brackets");
	}
	if ((size_t)(end - from) >= sizeof(host))
		return refuse(why, text, "is no address");
	snprintf(host, sizeof(host), "%.*s", (int)(end - from), from);
	if (getaddrinfo(host, colon + 1, &hints, &found))
		return refuse(why, text, "is no address: names are not looked up");
	memcpy(&l->address, found->ai_addr, found->ai_addrlen);
	l->size = found->ai_addrlen;
	l->loopback = is_loopback(&l->address);
	freeaddrinfo(found);
	return 0;
}

int tk_listen_open(const struct tk_listen *l)
{
	int fd = socket(l->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;
	int err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (l->address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&l->address, l->size) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

void tk_listen_text(int fd, char text[TK_LISTEN_TEXT_MAX])
{
	struct sockaddr_storage a;
	socklen_t size = sizeof(a);
	char host[64] = "?", port[8] = "0";

	if (getsockname(fd, (struct sockaddr *)&a, &size) == 0)
		getnameinfo((struct sockaddr *)&a, size, host, sizeof(host), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(text, TK_LISTEN_TEXT_MAX, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}
