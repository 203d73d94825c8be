/* SPDX-License-Identifier: MIT */
/*
 * collector/serve/http/listen.h - the address that is listened on: from text to a socket.
 */
#ifndef TK_COLLECTOR_SERVE_HTTP_LISTEN_H
#define TK_COLLECTOR_SERVE_HTTP_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

#define TK_LISTEN_TEXT_MAX 80u

struct tk_listen {
	struct sockaddr_storage address;
	socklen_t size;
	bool loopback; /* nobody else on the network can reach it */
};

/**
 * "127.0.0.1:9464", "[::1]:9464". Names are not looked up, and an address must be there: what
 * everybody can reach has to be asked for, by 0.0.0.0 or [::]. Port 0: any that is free.
 * @return 0; -EINVAL with a sentence in `why`
 */
int tk_listen_parse(struct tk_listen *l, const char *text, char why[256]);

/** @return a socket that listens, non-blocking; a negative errno */
int tk_listen_open(const struct tk_listen *l);

/** Where a socket listens, as tk_listen_parse() reads it. */
void tk_listen_text(int fd, char text[TK_LISTEN_TEXT_MAX]);

#endif
