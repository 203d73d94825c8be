/* SPDX-License-Identifier: MIT */
/*
 * collector/discover/refused.h - names that were found and could not be attached, so that people
 * are told of each once.
 *
 * A segment that is being made looks broken until it is made, so some errors are not reported
 * before they have lasted TK_REFUSED_EARLY_NS. A name is kept for as long as it is listed in its
 * directory.
 *
 * One thread. O(log n) to find, O(n) to add: there may be tens of thousands.
 */
#ifndef TK_COLLECTOR_DISCOVER_REFUSED_H
#define TK_COLLECTOR_DISCOVER_REFUSED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TK_REFUSED_EARLY_NS UINT64_C(10000000000)

struct tk_refused_name {
	char *path;
	bool listed;
	bool told;
	bool given_up; /* time will not change it: not to be tried again */
	bool old;      /* it was whole when its directory was listed for the first time */
	uint64_t since_ns;
};

/** All zero: none. */
struct tk_refused {
	struct tk_refused_name *list; /* in order of path */
	size_t n;
	bool making;     /* one of this scan is still being made: scan again soon */
	size_t short_of; /* so many of this scan wait until others end: memory, descriptors, room */
};

/** A scan begins: no name is listed yet. */
void tk_refused_begin_scan(struct tk_refused *r);

/** A scan has ended: forget the names that were not listed. */
void tk_refused_end_scan(struct tk_refused *r);

/** A name is listed. @return whether it was given up. */
bool tk_refused_given_up(struct tk_refused *r, const char *path);

/** It is not wanted: never try it again. */
void tk_refused_give_up(struct tk_refused *r, const char *path, uint64_t now_ns);

/**
 * It could not be attached. @error: an errno. @first_scan: its directory is listed for the first
 * time, so it is older than this collector, and EACCES does not mean that it is just being made.
 * @return whether to tell people: at most once a name, unless memory is short
 */
bool tk_refused_add(struct tk_refused *r, const char *path, int error, uint64_t now_ns,
		    bool first_scan);

/** Whether it could not be attached when its directory was listed for the first time, though it was
 * whole. */
bool tk_refused_is_old(const struct tk_refused *r, const char *path);

/** A directory could not be read. @return whether to tell people, as above. */
bool tk_refused_add_dir(struct tk_refused *r, const char *path, uint64_t now_ns);

void tk_refused_free(struct tk_refused *r);

#endif
