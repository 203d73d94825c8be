// SPDX-License-Identifier: MIT
//! Time what a program does, and let another program, `timekeeper`, watch.
//!
//! ```
//! use timekeeper::{LazyTimer, Options};
//!
//! static WORK: LazyTimer = LazyTimer::new("work");
//!
//! let _open = timekeeper::open("hello", &Options::default());
//! for _ in 0..10 {
//!     let _span = WORK.get().start(); // until it is dropped
//!     // the work
//! }
//! ```
//!
//! and in another terminal: `timekeeper`. A span costs its two clock readings and some 9 cycles, 1.5
//! of which are for the calls (`cargo run --release --example spans -- 1000 cost`).
//!
//! # Threads and tasks
//!
//! A span records into the lane of the thread that ends it. [`Span`] and [`Lane`] are not [`Send`]: a
//! future that holds a span across an `.await` is not either, so an executor with several threads
//! does not take it. Such a span would count the time in which the task was suspended, and what two
//! cores' counters differ by.
//!
//! ```compile_fail
//! use std::future::Future;
//! fn spawn<F: Future + Send + 'static>(_: F) {}
//! async fn answer() {}
//!
//! let timer = timekeeper::Timer::new("request");
//! spawn(async move {
//!     let _span = timer.start();
//!     answer().await; // the span lives across this
//! });
//! ```
//!
//! End the span before, or take the stamps yourself, if the whole time is what you want to know:
//!
//! ```
//! use std::future::Future;
//! fn spawn<F: Future + Send + 'static>(_: F) {}
//! async fn answer() {}
//!
//! let timer = timekeeper::Timer::new("request");
//! spawn(async move {
//!     {
//!         let _span = timer.start();
//!         // what this thread does itself
//!     }
//!     let began = timekeeper::now();
//!     answer().await;
//!     timer.record(began, timekeeper::now(), None);
//! });
//! ```
//!
//! Nor do they go to another thread by themselves:
//!
//! ```compile_fail
//! let span = timekeeper::Timer::new("work").start();
//! std::thread::spawn(move || drop(span));
//! ```
//!
//! ```compile_fail
//! let lane = timekeeper::Lane::current();
//! std::thread::spawn(move || drop(lane));
//! ```
//!
//! Timers and origins do:
//!
//! ```
//! let timer = timekeeper::Timer::new("work");
//! let origin = timekeeper::Origin::now();
//! std::thread::spawn(move || drop(timer.start_from(origin))).join().unwrap();
//! ```
//!
//! # Errors
//!
//! [`open`] and [`join`] return the library's reason. A program that goes on without having opened
//! works as ever; nothing is recorded.

use std::ffi::{CStr, CString};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::os::raw::{c_char, c_int};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

mod message;
mod sys;

pub use message::{Message, Origin};

/// Not of another thread: see the crate's page.
type Here = PhantomData<*const ()>;

/// What went wrong: a positive errno, and the library's sentence about it.
#[derive(Clone, Debug)]
pub struct Error {
    pub errno: i32,
    pub why: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (errno {})", self.why, self.errno)
    }
}

impl std::error::Error for Error {}

fn checked(result: c_int) -> Result<(), Error> {
    if result < 0 {
        Err(Error {
            errno: -result,
            why: why(),
        })
    } else {
        Ok(())
    }
}

/// C would cut a name at a NUL: make it one that the library refuses.
fn c_name(name: &str) -> CString {
    CString::new(name.replace('\0', "\u{1}")).unwrap_or_default()
}

/// # Safety
/// It must be text of the library, which lasts.
unsafe fn text(s: *const c_char) -> String {
    CStr::from_ptr(s).to_string_lossy().into_owned()
}

/// Why the last call of this process that failed did so, or what a further [`open`] asked for that
/// the first did not.
pub fn why() -> String {
    unsafe { text(sys::tk_why()) }
}

/// The version of the library that runs.
pub fn version() -> String {
    unsafe { text(sys::tk_version()) }
}

/// 0 is the library's default.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How many timers can be defined.
    pub timers: u32,
    /// How many threads can record at a time.
    pub lanes: u32,
    /// Records in a lane: a power of two.
    pub slots: u32,
    /// CLOCK_MONOTONIC instead of the counter: always a clock, some 25 ns a stamp.
    pub system_clock: bool,
    /// Let the process's group read.
    pub group: bool,
    /// Leave the segment's files after the close.
    pub keep: bool,
}

/// A segment that is open, until this is dropped. Opens are counted, so that several parts of a
/// program may each open; the name and the options of the first stand.
#[must_use = "it closes when it is dropped: keep it, or std::mem::forget it; exit closes, too"]
#[derive(Debug)]
pub struct Opened(());

impl Drop for Opened {
    fn drop(&mut self) {
        unsafe { sys::tk_close() }
    }
}

/// Open this process's segment. `app` is the name that collectors show.
pub fn open(app: &str, options: &Options) -> Result<Opened, Error> {
    let o = sys::Options {
        timers: options.timers,
        lanes: options.lanes,
        slots: options.slots,
        timebase: options.system_clock as c_int,
        group: options.group,
        keep: options.keep,
        discipline: ptr::null(),
    };
    checked(unsafe { sys::tk_open(c_name(app).as_ptr(), &o) })?;
    Ok(Opened(()))
}

/// How [`join`] sets up the calling thread.
#[derive(Clone, Debug, Default)]
pub struct Thread {
    /// Sets the thread's name, too.
    pub name: Option<String>,
    /// Pin it to this cpu.
    pub cpu: Option<u32>,
    /// Of its lane; 0: as the segment's.
    pub slots: u32,
    /// Put the lane on this NUMA node rather than the thread's own.
    pub node: Option<u32>,
}

/// Give the calling thread its lane now rather than at its first record, which takes up to a
/// millisecond.
pub fn join(thread: &Thread) -> Result<(), Error> {
    let name = thread.name.as_deref().map(c_name);
    let t = sys::Thread {
        name: name.as_ref().map_or(ptr::null(), |n| n.as_ptr()),
        pin: thread.cpu.is_some(),
        cpu: thread.cpu.unwrap_or(0),
        slots: thread.slots,
        on_node: thread.node.is_some(),
        node: thread.node.unwrap_or(0),
        discipline: ptr::null(),
    };
    checked(unsafe { sys::tk_join(&t) })
}

/// Give the lane back before the thread ends.
pub fn leave() {
    unsafe { sys::tk_leave() }
}

/// Publish all that this thread has recorded so far. Readers find it without this, too.
pub fn flush() {
    unsafe { sys::tk_flush() }
}

/// The segment's clock, in ticks.
pub fn now() -> u64 {
    unsafe { sys::tk_now() }
}

/// Ticks to ns.
pub fn ns(ticks: i64) -> i64 {
    unsafe { sys::tk_ns(ticks) }
}

/// Forget the parent's lanes.
///
/// # Safety
/// Only in a child that was made by `_Fork()` or a raw `clone()`, before anything else of this crate,
/// and while the child has one thread. `fork()` does it by itself.
pub unsafe fn after_fork() {
    sys::tk_after_fork()
}

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
pub struct Timer(u32);

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
        Span {
            timer: self.0,
            start: unsafe { sys::tk_start(self.0) },
            origin,
            here: PhantomData,
        }
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

    /// The timer. Two threads that define it at once get the same one. One that could not be defined
    /// ("(undefined)", 0) is tried again each time.
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

/// A stretch of work, from [`Timer::start`] until it is dropped.
#[must_use = "a span that is dropped at once times nothing"]
#[derive(Debug)]
pub struct Span {
    timer: u32,
    start: u64,
    origin: Origin,
    here: Here,
}

impl Span {
    /// End it, with the latency up to now rather than up to its start.
    #[inline]
    pub fn stop_now(self) {
        let span = ManuallyDrop::new(self);
        unsafe { sys::tk_stop_latency_now(span.timer, span.start, span.origin.0) }
    }

    /// End it, and record nothing.
    #[inline]
    pub fn cancel(self) {
        std::mem::forget(self)
    }

    /// Ticks since its start.
    #[inline]
    pub fn elapsed(&self) -> i64 {
        unsafe { sys::tk_elapsed(self.start) }
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        unsafe { sys::tk_stop_latency(self.timer, self.start, self.origin.0) }
    }
}

/// The calling thread's lane.
#[derive(Debug)]
pub struct Lane(*mut sys::Lane);

impl Lane {
    pub fn current() -> Lane {
        Lane(unsafe { sys::tk_lane() })
    }

    /// Begin a span in this lane.
    #[inline]
    pub fn start(&self, timer: Timer) -> LaneSpan<'_> {
        self.start_from(timer, Origin::NONE)
    }

    /// The same, with the latency from the origin up to here.
    #[inline]
    pub fn start_from(&self, timer: Timer, origin: Origin) -> LaneSpan<'_> {
        let start = unsafe { sys::tk_start_on(self.0, timer.0) };
        LaneSpan {
            lane: self,
            timer: timer.0,
            start,
            origin,
        }
    }
}

/// A [`Span`] of a [`Lane`].
#[must_use = "a span that is dropped at once times nothing"]
#[derive(Debug)]
pub struct LaneSpan<'a> {
    lane: &'a Lane,
    timer: u32,
    start: u64,
    origin: Origin,
}

impl Drop for LaneSpan<'_> {
    #[inline]
    fn drop(&mut self) {
        unsafe { sys::tk_stop_latency_on(self.lane.0, self.timer, self.start, self.origin.0) }
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

/// Stages, one stamp a boundary: a stage begins where the last one ended.
#[derive(Debug)]
pub struct Laps {
    lap: u64,
    here: Here,
}

impl Laps {
    pub fn begin() -> Laps {
        Laps {
            lap: now(),
            here: PhantomData,
        }
    }

    /// Record the stage that ends now.
    #[inline]
    pub fn lap(&mut self, timer: Timer) {
        unsafe { sys::tk_lap(timer.0, &mut self.lap) }
    }
}

/// Work that is done in pieces, recorded as one duration.
pub struct Sum {
    sum: sys::Sum,
    here: Here,
}

impl Sum {
    pub fn begin() -> Sum {
        let mut sum = sys::Sum::default();
        unsafe { sys::tk_sum_begin(&mut sum) };
        Sum {
            sum,
            here: PhantomData,
        }
    }

    /// A piece, in ticks: the difference of two [`now`]s.
    #[inline]
    pub fn add(&mut self, ticks: i64) {
        unsafe { sys::tk_sum_add(&mut self.sum, ticks) }
    }

    /// Record the sum.
    #[inline]
    pub fn finish(self, timer: Timer) {
        unsafe { sys::tk_sum_finish(timer.0, &self.sum) }
    }
}
