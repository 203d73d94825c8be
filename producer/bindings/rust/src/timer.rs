// SPDX-License-Identifier: MIT
//! Timers and values: names that are defined once, and numbers from then on.

use std::os::raw::c_int;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{c_name, sys, Origin, Span};

/// What a stamp waits for: see tsc/read.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The stop waits for the work: rdtsc, rdtscp.
    Ordered = 0,
    /// Neither waits: rdtsc twice.
    Fast = 1,
    /// Both wait, and let nothing pass.
    Fenced = 2,
}

/// A named thing that is timed: a number, to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timer(pub(crate) u32);

impl Timer {
    /// Define it, or find it: same name, same timer. Takes a lock: not for the loop. A name that is
    /// none (1 to 63 bytes of printable UTF-8) gives the timer "(undefined)".
    pub fn new(name: &str) -> Timer {
        Timer::with_stamp(name, Stamp::Ordered)
    }

    pub fn with_stamp(name: &str, stamp: Stamp) -> Timer {
        Timer(unsafe { sys::tk_timer_stamped(c_name(name).as_ptr(), stamp as c_int) })
    }

    /// Begin a span, which ends when it is dropped.
    #[inline]
    pub fn start(self) -> Span {
        self.start_from(Origin::NONE)
    }

    /// The same, with the latency from the origin up to here.
    #[inline]
    pub fn start_from(self, origin: Origin) -> Span {
        Span::begin(self, origin)
    }

    /// Time a call.
    #[inline]
    pub fn time<R>(self, f: impl FnOnce() -> R) -> R {
        let _span = self.start();
        f()
    }

    /// Record how long ago the origin was, without a span.
    #[inline]
    pub fn latency(self, origin: Origin) {
        unsafe { sys::tk_latency_now(self.0, origin.0) }
    }

    /// Record a span whose stamps were taken by [`now`], on whatever threads.
    #[inline]
    pub fn record(self, start: u64, stop: u64, origin: Option<Origin>) {
        unsafe { sys::tk_record_span(self.0, start, stop, origin.unwrap_or_default().0) }
    }

    /// A named instant: a vertical line in the display.
    #[inline]
    pub fn mark(self) {
        unsafe { sys::tk_mark(self.0) }
    }
}

/// A timer for a `static`: defined when it is first used.
#[derive(Debug)]
pub struct LazyTimer {
    name: &'static str,
    stamp: Stamp,
    handle: AtomicU32,
}

impl LazyTimer {
    pub const fn new(name: &'static str) -> LazyTimer {
        LazyTimer::with_stamp(name, Stamp::Ordered)
    }

    pub const fn with_stamp(name: &'static str, stamp: Stamp) -> LazyTimer {
        LazyTimer {
            name,
            stamp,
            handle: AtomicU32::new(0),
        }
    }

    /// The timer. Two threads that define it at once get the same one. One that could not be
    /// defined ("(undefined)", 0) is tried again each time.
    #[inline]
    pub fn get(&self) -> Timer {
        match self.handle.load(Ordering::Relaxed) {
            0 => self.define(),
            handle => Timer(handle),
        }
    }

    #[cold]
    fn define(&self) -> Timer {
        let timer = Timer::with_stamp(self.name, self.stamp);
        self.handle.store(timer.0, Ordering::Relaxed);
        timer
    }
}

/// A named number that is no time: the bytes of a request, the length of a queue.
///
/// ```
/// let sent = timekeeper::Value::new("sent", "bytes");
/// sent.record(1500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value(u32);

impl Value {
    /// Define it, or find it. The unit is what one of them counts, in the plural: at most 15 of the
    /// letters a to z and `_`, or none.
    pub fn new(name: &str, unit: &str) -> Value {
        Value(unsafe { sys::tk_value_timer(c_name(name).as_ptr(), c_name(unit).as_ptr()) })
    }

    /// Exact from 0 to 2^47 - 2; what is larger or below zero is counted, and set aside.
    #[inline]
    pub fn record(self, value: i64) {
        unsafe { sys::tk_value(self.0, value) }
    }
}
