/* SPDX-License-Identifier: MIT */
/*
 * What wakes the collecting thread: each event that collector/discover/wake.h names, made by a real
 * program, and none where there would be no end of them.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/discover/wake.h"
#include "producer/timekeeper.h"
#include "ring/presence.h"
#include "ring/segment_read.h"
#include "tests/place.h"

#define DEADLINE_MS 20000

static struct tk_wake w;
static struct tk_segment *seg;
static int dir, of_dir, of_seg, to[2], from[2];
static pid_t child;

static bool await(int watch)
{
	struct pollfd p = { .fd = w.fd, .events = POLLIN };

	while (poll(&p, 1, DEADLINE_MS) > 0)
		if (tk_wake_read(&w) && tk_wake_has(&w, watch))
			return true;
	return false;
}

static void begin(void)
{
	dir = place_make_open();
	tk_wake_open(&w);
	cr_assert(w.works);
	of_dir = tk_wake_watch_place(&w, dir);
	cr_assert_gt(of_dir, 0);
	cr_assert_eq(tk_wake_watch_place(&w, dir), of_dir);
}

static void end(void)
{
	tk_wake_close(&w);
	close(dir);
	cr_assert(place_remove());
}

/* What a program does when it is told. */
static void obey(char order)
{
	if (order == 'j' && tk_join(NULL))
		_exit(1);
	if (order == 'c')
		tk_close();
	if (order == 'x')
		execl("/bin/sleep", "sleep", "1000", NULL);
	if (order == 'e')
		exit(0);
	if (order == '_')
		_exit(0);
	if (order == 'k')
		raise(SIGKILL);
}

static void tell(char order)
{
	cr_assert_eq(write(to[1], &order, 1), 1);
}

static void answered(void)
{
	char c;

	cr_assert_eq(read(from[0], &c, 1), 1);
}

/* A program with a segment, of which an event came. */
static void start(void)
{
	char why[TK_WHY_MAX], name[128], c;

	cr_assert(!pipe2(to, O_CLOEXEC) && !pipe2(from, O_CLOEXEC));
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (tk_open("app", &(struct tk_options){ .slots = 1024 }))
			_exit(1);
		do {
			if (write(from[1], "", 1) != 1)
				_exit(1);
		} while (read(to[0], &c, 1) == 1 && (obey(c), true));
		_exit(0);
	}
	answered();
	cr_assert(await(of_dir));
	snprintf(name, sizeof(name), "ls %s | grep '^app[.]'", place);
	FILE *ls = popen(name, "r");
	cr_assert(fgets(name, sizeof(name), ls));
	pclose(ls);
	name[strcspn(name, "\n")] = '\0';
	seg = tk_segment_attach(dir, name, TK_LANE_FIRST, why);
	cr_assert(seg, "%s", why);
	of_seg = tk_wake_watch_segment(&w, seg->dirfd);
	cr_assert_gt(of_seg, 0);
}

static void let_go(void)
{
	tk_segment_detach(seg);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	end();
}

/* However it ends, and though its files stay: a collector is present. The event comes a moment
 * before the lock goes, so who is woken looks again for a while. */
static void ends_by(char order)
{
	char why[TK_WHY_MAX];
	unsigned slot;
	int presence;

	begin();
	presence = tk_presence_enter(dir, &slot, why);
	cr_assert_geq(presence, 0, "%s", why);
	start();
	tell('j');
	answered();
	cr_assert(await(of_seg));
	while (tk_wake_read(&w))
		;
	tell(order);
	cr_assert(await(of_seg), "no event");
	for (int i = 0; tk_segment_owner(seg) == TK_OWNER_ALIVE || tk_segment_refresh(seg, why);
	     i++) {
		cr_assert_lt(i, DEADLINE_MS);
		usleep(1000);
	}
	close(presence);
	let_go();
}

Test(wake, a_kill)
{
	ends_by('k');
}
Test(wake, an_exec)
{
	ends_by('x');
}
Test(wake, an_exit)
{
	ends_by('e');
}
Test(wake, an_exit_without_handlers)
{
	ends_by('_');
}
Test(wake, a_close)
{
	ends_by('c');
}

Test(wake, a_lane_is_there_soon_after_its_event)
{
	char why[TK_WHY_MAX];

	begin();
	start();
	cr_assert_eq(seg->n_lanes, 0);
	tell('j');
	cr_assert(await(of_seg));
	for (int i = 0; !seg->n_lanes; i++) {
		cr_assert_lt(i, DEADLINE_MS);
		cr_assert_eq(tk_segment_refresh(seg, why), 0, "%s", why);
		usleep(1000);
	}
	let_go();
}

Test(wake, a_timer_that_is_disabled)
{
	int fd;

	begin();
	start();
	while (tk_wake_read(&w))
		;
	fd = tk_segment_open_control(seg, O_WRONLY);
	cr_assert_eq(pwrite(fd, "\1", 1, 0), 1);
	cr_assert(await(of_seg));
	close(fd);
	let_go();
}

/* A collector without a slot opens the file at each look. */
Test(wake, who_looks_for_a_slot_wakes_nobody)
{
	char path[128];

	begin();
	snprintf(path, sizeof(path), "%s/collectors", place);
	close(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	cr_assert(await(of_dir)); /* it was made */
	close(open(path, O_RDWR | O_CLOEXEC));
	cr_assert(!tk_wake_read(&w));
	end();
}

Test(wake, lost_events_are_any_event)
{
	char name[32];

	begin();
	for (unsigned i = 0; !w.all; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		cr_assert_eq(mkdirat(dir, name, 0700), 0);
		cr_assert_eq(unlinkat(dir, name, AT_REMOVEDIR), 0);
		if (i % 65536 == 65535)
			cr_assert(tk_wake_read(&w));
		cr_assert_lt(i, 1u << 20, "events are never lost");
	}
	cr_assert(tk_wake_has(&w, of_dir) && tk_wake_has(&w, 12345));
	while (tk_wake_read(&w))
		;
	cr_assert(!tk_wake_has(&w, of_dir));
	end();
}

/* Nothing is watched, nothing fails. */
Test(wake, without_inotify)
{
	cr_assert_eq(tk_wake_watch_segment(&w, 0), 0);
	cr_assert(!tk_wake_read(&w) && !tk_wake_has(&w, 0));
	tk_wake_forget(&w, 0);
	tk_wake_close(&w);
}

Test(wake, a_watch_that_is_forgotten)
{
	begin();
	tk_wake_forget(&w, of_dir);
	while (tk_wake_read(&w))
		;
	cr_assert_eq(mkdirat(dir, "d", 0700), 0);
	cr_assert(!tk_wake_read(&w));
	end();
}
