#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Record in every way there is, so many times each, and print what a span costs:

    timekeeper stat -- python3 spans.py 1000
"""

import asyncio
import os
import sys
import threading
import time

import timekeeper

N = int(sys.argv[1]) if len(sys.argv) > 1 else 1000

timekeeper.open("spans-python")
work = timekeeper.Timer("work")
message = timekeeper.Timer("message")
sent = timekeeper.Value("sent", "bytes")
other = timekeeper.Timer("other", stamp=timekeeper.FAST)


@work
def called():
    """Two spans: its own, and one of a block."""
    with work.span():
        pass


@timekeeper.Timer("awaited")
async def awaited():
    await asyncio.sleep(0)


def handle(incoming):
    """A message that was derived from another still knows when that came in."""
    outgoing = incoming.derive(incoming.data + 1)
    with message.span(outgoing.origin):
        sent.record(outgoing.data)


def others():
    """Kinds of record that are no spans: three."""
    lap = other.lap(timekeeper.now())
    total = timekeeper.Sum()
    total.add(timekeeper.now() - lap)
    total.finish(other)
    other.mark()


def on_a_thread():
    timekeeper.join(name="recorder")
    for _ in range(N):
        work.stop(work.start())


def record_all():
    thread = threading.Thread(target=on_a_thread)
    thread.start()
    for i in range(N):
        called()
        handle(timekeeper.Message(i))
        others()
    asyncio.run(awaited())
    thread.join()


def in_a_child():
    """It has a segment of its own."""
    if os.fork() == 0:
        child = timekeeper.Timer("child")
        for _ in range(N):
            child.stop(child.start())
        sys.exit(0)
    os.wait()


def cost(begin):
    """ns of one span, over 100,000 of a timer that nobody counts."""
    spare = timekeeper.Timer("cost")
    started = time.perf_counter_ns()
    for _ in range(100000):
        begin(spare)
    return (time.perf_counter_ns() - started) / 100000


def by_hand(timer):
    timer.stop(timer.start())


def by_with(timer):
    with timer.span():
        pass


record_all()
in_a_child()
if len(sys.argv) > 2 and sys.argv[2] == "cost":
    empty = cost(lambda timer: None)
    print(f"start and stop {cost(by_hand) - empty:.0f} ns, with {cost(by_with) - empty:.0f} ns")
