/* SPDX-License-Identifier: MIT */
#include "ring/owner.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ring/lock.h"
#include "ring/place.h"

#define MAKING_S 10

/* By a write lock: who may only read the file cannot hold one. */
static bool is_locked(int headfd)
{
	return tk_lock_is_taken(headfd, F_RDLCK, TK_SEGMENT_OWNER, 1);
}

/* Up to version 2 the lock was gone once the process had closed any descriptor of the file. */
static bool may_have_lost_its_lock(const struct tk_segment_head *head)
{
	char boot_id[sizeof(head->boot_id)];

	tk_boot_id(boot_id);
	return head->version <= TK_SEGMENT_POSIX && !strcmp(boot_id, head->boot_id);
}

enum tk_owner tk_owner_of(int headfd, const struct tk_segment_head *head)
{
	if (head->state == TK_SEGMENT_CLOSED)
		return TK_OWNER_CLOSED;
	if (is_locked(headfd))
		return TK_OWNER_ALIVE;
	return may_have_lost_its_lock(head) ? TK_OWNER_UNKNOWN : TK_OWNER_DEAD;
}

bool tk_owner_abandoned(int dirfd, int headfd, const char *name)
{
	pid_t pid = tk_place_pid(name);
	struct stat st;

	return pid > 0 && tk_process_start(pid) == 0 && !(headfd >= 0 && is_locked(headfd)) &&
	       fstat(dirfd, &st) == 0 && st.st_mtim.tv_sec + MAKING_S < time(NULL);
}
