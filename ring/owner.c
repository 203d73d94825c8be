/* SPDX-License-Identifier: MIT */
#include "ring/owner.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ring/place.h"

#define MAKING_S 10

/* By a write lock: who may only read the file can hold a lock on it too, but not such a one. */
static bool is_locked(int headfd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(headfd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK;
}

enum tk_owner tk_owner_of(int headfd, const struct tk_segment_head *head)
{
	char boot_id[sizeof(head->boot_id)];

	if (head->state == TK_SEGMENT_CLOSED)
		return TK_OWNER_CLOSED;
	if (is_locked(headfd))
		return TK_OWNER_ALIVE;
	tk_boot_id(boot_id);
	if (!strcmp(boot_id, head->boot_id) && head->start_time &&
	    tk_process_start((pid_t)head->pid) == head->start_time)
		return TK_OWNER_UNKNOWN;
	return TK_OWNER_DEAD;
}

bool tk_owner_abandoned(int dirfd, int headfd, const char *name)
{
	pid_t pid = tk_place_pid(name);
	struct stat st;

	return pid > 0 && tk_process_start(pid) == 0 && !(headfd >= 0 && is_locked(headfd)) &&
	       fstat(dirfd, &st) == 0 && st.st_mtim.tv_sec + MAKING_S < time(NULL);
}
