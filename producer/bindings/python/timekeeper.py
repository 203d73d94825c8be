# SPDX-License-Identifier: MIT
"""
Time what a Python program does, and let another program, `timekeeper`, watch.

    import timekeeper

    timekeeper.open("hello")
    work = timekeeper.Timer("work")

    with work.span():            # a block
        do_work()

    @work                        # every call of a function, or of a coroutine
    def do_work(): ...

    start = work.start()         # the cheapest: no object is made
    do_work()
    work.stop(start)

One file, over ctypes: copy it, or put its folder into PYTHONPATH. It needs libtimekeeper-ffi.so.0
where the dynamic linker looks (after an installation below /usr/local: ldconfig).

A span costs about a microsecond, of which Python takes all but 30 ns: the example measures it. The
calls keep the interpreter's lock, since a record takes nanoseconds; only a thread's first record
takes up to a millisecond. join() gives a thread its lane ahead of that.

What is recorded goes into the lane of the thread that stops the span, so a span may end on another
thread than it began on, and a coroutine may be suspended within: that time counts. os.fork() and
multiprocessing need nothing: a child has a segment of its own from its first record on.

Errors: open() and join() raise OSError with the library's reason. A program that would rather go on
without being watched catches it: everything else works, and records nothing. Nothing else raises.

On musl (Alpine): its dlopen() refuses libraries with initial-exec TLS, so import fails. Start
Python with LD_PRELOAD=libtimekeeper.so.0 in its environment.
"""

import ctypes
import functools
import inspect
import os

__all__ = [
    "FAST", "FENCED", "ORDERED", "Message", "Origin", "Span", "Sum", "Timer", "Value", "after_fork",
    "close", "flush", "join", "leave", "now", "ns", "open", "version", "why",
]

ORDERED, FAST, FENCED = 0, 1, 2  # stamp modes: see tsc/read.h

_LIBRARY = "libtimekeeper-ffi.so.0"


class Origin(ctypes.Structure):
    """When a message came into the system: taken where it enters, carried by all that follows."""

    _fields_ = [("ticks", ctypes.c_uint64), ("real_ns", ctypes.c_int64)]

    @staticmethod
    def now():
        return _origin_now()

    @staticmethod
    def from_real(real_ns):
        """One that another machine or a NIC took, in ns of the wall clock."""
        return _origin_from_real(real_ns)

    @staticmethod
    def from_ticks(ticks):
        """One whose now() another process on this machine took."""
        return _origin_from_ticks(ticks)

    def since_ns(self):
        return _since_ns(self)

    def real_now_ns(self):
        """The wall clock now, from the origin's and the counter: for outgoing messages."""
        return _real_ns(self)


class _Options(ctypes.Structure):
    _fields_ = [
        ("timers", ctypes.c_uint32), ("lanes", ctypes.c_uint32), ("slots", ctypes.c_uint32),
        ("timebase", ctypes.c_int), ("group", ctypes.c_bool), ("keep", ctypes.c_bool),
        ("discipline", ctypes.c_void_p),
    ]


class _Thread(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p), ("pin", ctypes.c_bool), ("cpu", ctypes.c_uint32),
        ("slots", ctypes.c_uint32), ("on_node", ctypes.c_bool), ("node", ctypes.c_uint32),
        ("discipline", ctypes.c_void_p),
    ]


class _Sum(ctypes.Structure):
    _fields_ = [("start", ctypes.c_uint64), ("ticks", ctypes.c_int64)]


try:
    _brief = ctypes.PyDLL(_LIBRARY)  # keeps the interpreter's lock
    _long = ctypes.CDLL(_LIBRARY)  # lets other threads run meanwhile
except OSError as error:
    raise ImportError(
        f"{error}. Install libtimekeeper-ffi; if it is, run ldconfig, or name its folder in "
        "LD_LIBRARY_PATH. On musl, start Python with LD_PRELOAD=libtimekeeper.so.0"
    ) from error


def _function(library, name, result, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


_u32, _u64, _i64, _text = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int64, ctypes.c_char_p

_open = _function(_long, "tk_open", ctypes.c_int, _text, ctypes.POINTER(_Options))
_close = _function(_long, "tk_close", None)
_join = _function(_long, "tk_join", ctypes.c_int, ctypes.POINTER(_Thread))
_leave = _function(_long, "tk_leave", None)
_timer = _function(_long, "tk_timer_stamped", _u32, _text, ctypes.c_int)
_value_timer = _function(_long, "tk_value_timer", _u32, _text, _text)
_why = _function(_brief, "tk_why", _text)
_version = _function(_brief, "tk_version", _text)
_origin_now = _function(_brief, "tk_origin_now", Origin)
_origin_from_real = _function(_brief, "tk_origin_from_real", Origin, _i64)
_origin_from_ticks = _function(_brief, "tk_origin_from_ticks", Origin, _u64)
_since_ns = _function(_brief, "tk_since_ns", _i64, Origin)
_real_ns = _function(_brief, "tk_real_ns", _i64, Origin)
_start = _function(_brief, "tk_start", _u64, _u32)
_stop = _function(_brief, "tk_stop", None, _u32, _u64)
_stop_latency = _function(_brief, "tk_stop_latency", None, _u32, _u64, Origin)
_stop_latency_now = _function(_brief, "tk_stop_latency_now", None, _u32, _u64, Origin)
_latency_now = _function(_brief, "tk_latency_now", None, _u32, Origin)
_record_span = _function(_brief, "tk_record_span", None, _u32, _u64, _u64, Origin)
_mark = _function(_brief, "tk_mark", None, _u32)
_value = _function(_brief, "tk_value", None, _u32, _i64)
_lap = _function(_brief, "tk_lap", None, _u32, ctypes.POINTER(_u64))
_sum_begin = _function(_brief, "tk_sum_begin", None, ctypes.POINTER(_Sum))
_sum_add = _function(_brief, "tk_sum_add", None, ctypes.POINTER(_Sum), _i64)
_sum_finish = _function(_brief, "tk_sum_finish", None, _u32, ctypes.POINTER(_Sum))

flush = _function(_brief, "tk_flush", None)  # publish all that this thread has recorded so far
now = _function(_brief, "tk_now", _u64)  # the segment's clock, in ticks
ns = _function(_brief, "tk_ns", _i64, _i64)  # ticks to ns
after_fork = _function(_brief, "tk_after_fork", None)  # in a child of a raw clone(); not of fork()

_NO_ORIGIN = Origin(0, 0)


def why():
    """Why the last call that failed did so, or what a further open() asked for in vain."""
    return _why().decode("utf-8", "replace")


def version():
    """The version of the library that runs."""
    return _version().decode()


def _checked(result):
    if result < 0:
        raise OSError(-result, f"{os.strerror(-result)}: {why()}")


def _encoded(name):
    """Text with a NUL would be cut in C: the library shall see, and refuse, what is invalid."""
    return name.encode("utf-8", "surrogatepass").replace(b"\0", b"\1")


def open(app, timers=0, lanes=0, slots=0, system_clock=False, group=False, keep=False):
    """
    Open this process's segment. Opens are counted: whoever opened closes; exit closes in any case.
    The name and the options of the first stand; why() names what differs. 0: the default.
    """
    options = _Options(timers, lanes, slots, system_clock, group, keep, None)
    _checked(_open(_encoded(app), options))


def close():
    """Undo one open()."""
    _close()


def join(name=None, cpu=None, slots=0, node=None):
    """Give this thread its lane now rather than at its first record; pin it to `cpu`."""
    thread = _Thread(
        None if name is None else _encoded(name), cpu is not None, cpu or 0, slots,
        node is not None, node or 0, None,
    )
    _checked(_join(thread))


def leave():
    """Give the lane back before the thread ends."""
    _leave()


class Span:
    """From __enter__ to __exit__. Of one thread or task at a time; Timer.span() makes them."""

    __slots__ = ("_handle", "_origin", "_start")

    def __init__(self, handle, origin):
        self._handle, self._origin, self._start = handle, origin, 0

    def __enter__(self):
        self._start = _start(self._handle)
        return self

    def __exit__(self, *_):
        start, self._start = self._start, 0
        if self._origin is None:
            _stop(self._handle, start)
        else:
            _stop_latency(self._handle, start, self._origin)


class Timer:
    """A named thing that is timed. Make it once, not in the loop; the same name is the same one."""

    __slots__ = ("_handle", "name")

    def __init__(self, name, stamp=ORDERED):
        self.name = name
        self._handle = _timer(_encoded(name), stamp)

    def start(self):
        """Begin a span. The number goes to a stop; 0: the timer is disabled."""
        return _start(self._handle)

    def stop(self, start, origin=None):
        """End a span: its processing time, and the latency from the origin up to its start."""
        if origin is None:
            _stop(self._handle, start)
        else:
            _stop_latency(self._handle, start, origin)

    def stop_now(self, start, origin):
        """The same, with the latency up to now."""
        _stop_latency_now(self._handle, start, origin)

    def span(self, origin=None):
        """`with timer.span():` times a block, however it is left."""
        return Span(self._handle, origin)

    def latency(self, origin):
        """Record how long ago the origin was, without a span."""
        _latency_now(self._handle, origin)

    def record(self, start, stop, origin=_NO_ORIGIN):
        """Record a span whose stamps are now()s."""
        _record_span(self._handle, start, stop, origin)

    def mark(self):
        """A named instant: a vertical line in the display."""
        _mark(self._handle)

    def lap(self, lap):
        """Record the stage that began at `lap`, a now(), and ends now. Returns where the next
        begins: `lap = timer.lap(lap)`."""
        at = _u64(lap)
        _lap(self._handle, at)
        return at.value

    def __call__(self, function):
        """A decorator: every call is a span."""
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{function.__qualname__} is a generator: its call returns before its work begins. "
                "Use `with timer.span():` within"
            )
        handle = self._handle
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def timed(*args, **keywords):
                start = _start(handle)
                try:
                    return await function(*args, **keywords)
                finally:
                    _stop(handle, start)

        else:

            @functools.wraps(function)
            def timed(*args, **keywords):
                start = _start(handle)
                try:
                    return function(*args, **keywords)
                finally:
                    _stop(handle, start)

        return timed


class Value:
    """
    A named number that is no time: Value("sent", "bytes").record(n). The unit is what one of them
    counts, in the plural: at most 15 of the letters a to z and "_". From 0 to 2^47 - 2 exact; what
    is larger or below zero is counted, and set aside.
    """

    __slots__ = ("_handle", "name")

    def __init__(self, name, unit=""):
        self.name = name
        self._handle = _value_timer(_encoded(name), _encoded(unit))

    def record(self, value):
        """A whole number. Beyond 64 bits it is taken for the largest, or the smallest, of them."""
        _value(self._handle, min(max(value, -(2**63)), 2**63 - 1))


class Sum:
    """Work done in pieces, recorded as one duration."""

    __slots__ = ("_sum",)

    def __init__(self):
        self._sum = _Sum()
        _sum_begin(self._sum)

    def add(self, ticks):
        """A piece: the difference of two now()s."""
        _sum_add(self._sum, ticks)

    def finish(self, timer):
        _sum_finish(timer._handle, self._sum)


class Message:
    """Data together with its origin. What is derived from it carries the same one."""

    __slots__ = ("data", "origin")

    def __init__(self, data, origin=None):
        self.data = data
        self.origin = Origin.now() if origin is None else origin

    def derive(self, data):
        return Message(data, self.origin)
