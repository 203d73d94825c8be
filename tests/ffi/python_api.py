# SPDX-License-Identifier: MIT
"""What the Python binding promises: layouts as in C, errors as exceptions, and what cannot be timed.

Environment: TIMEKEEPER_LAYOUT, sizes as C has them.
"""

import asyncio
import ctypes
import errno
import os
import threading

import timekeeper

def raises(kind, call, *arguments, **keywords):
    try:
        call(*arguments, **keywords)
    except kind as error:
        return error
    raise AssertionError(f"{call} {arguments}: no {kind}")


sizes = [
    ctypes.sizeof(s)
    for s in (timekeeper._Options, timekeeper._Thread, timekeeper._Sum, timekeeper.Origin)
]
assert os.environ["TIMEKEEPER_LAYOUT"] == str(sizes), sizes

# Errors carry the library's reason; a name that C would cut is refused.
for app in "", "a\0b", "\udcff", "x" * 64:
    error = raises(OSError, timekeeper.open, app)
    assert error.errno == errno.EINVAL and "UTF-8" in str(error), error
assert raises(OSError, timekeeper.join).errno == errno.ENOTCONN
assert raises(OSError, timekeeper.open, "app", slots=3).errno == errno.EINVAL
raises(AttributeError, timekeeper.open, 7)
raises(ctypes.ArgumentError, timekeeper.Timer("t").stop, "text")

# Opens are counted, and what a further one asked for in vain is named.
timekeeper.open("first", slots=1024)
timekeeper.open("second", slots=2048)
assert '"first" instead of "second"' in timekeeper.why(), timekeeper.why()
assert "slots 1024 instead of 2048" in timekeeper.why()
timekeeper.close()
timekeeper.join(name="main")

timer = timekeeper.Timer("t")
assert timekeeper.Timer("t")._handle == timer._handle
assert timekeeper.version().count(".") == 2

# Numbers of any size are taken, and a name is a time's or one unit's.
value = timekeeper.Value("v", "bytes")
for number in 0, 1500, -1, 2**47, 2**70, -(2**70):
    value.record(number)
raises(TypeError, value.record, "text")
assert value._handle and timekeeper.Value("v", "bytes")._handle == value._handle
assert timekeeper.Value("v", "messages")._handle == timekeeper.Timer("v")._handle == 0
assert timekeeper.Value("w", "No!")._handle == 0

# A call that returns before its work begins is no span.
def generator():
    yield 1


async def async_generator():
    yield 1


assert "generator" in str(raises(TypeError, timer, generator))
raises(TypeError, timer, async_generator)


# A decorated function is itself in all else: results, exceptions, names.
@timer
def divide(a, b=1):
    """Divides."""
    return a / b


@timer
async def later(a, b=1):
    return a / b


assert divide(6, b=2) == 3 and divide.__doc__ == "Divides." and divide.__name__ == "divide"
raises(ZeroDivisionError, divide, 1, b=0)
assert asyncio.run(later(6, b=2)) == 3
raises(ZeroDivisionError, lambda: asyncio.run(later(1, b=0)))
with timer.span() as span:
    pass
span.__exit__(None, None, None)  # ended already: records nothing

# An origin stays with what is derived from a message.
message = timekeeper.Message("a")
assert message.derive("b").origin is message.origin
assert 0 <= message.origin.since_ns() < 60e9
assert abs(message.origin.real_now_ns() - message.origin.real_ns) < 60e9
assert timekeeper.Origin.from_real(message.origin.real_ns).real_ns == message.origin.real_ns
assert timekeeper.Origin.from_ticks(message.origin.ticks).ticks == message.origin.ticks

# Threads that come and go, each with a lane or without.
def on_a_thread(joins):
    if joins:
        timekeeper.join()
    for _ in range(100):
        with timer.span(message.origin):
            pass
    if joins:
        timekeeper.leave()


threads = [threading.Thread(target=on_a_thread, args=(i % 2,)) for i in range(20)]
for t in threads:
    t.start()
for t in threads:
    t.join()
timekeeper.flush()
timekeeper.close()
timekeeper.close()  # one too many undoes nothing
