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
//! and in another terminal: `timekeeper`. A span costs its two clock readings and some 9 cycles,
//! 1.5 of which are for the calls (`cargo run --release --example spans -- 1000 cost`).
//!
//! # Threads and tasks
//!
//! A span records into the lane of the thread that ends it. [`Span`] and [`Lane`] are not
//! [`Send`]: a future that holds a span across an `.await` is not either, so an executor with
//! several threads does not take it. Such a span would count the time in which the task was
//! suspended, and what two cores' counters differ by.
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
use std::os::raw::{c_char, c_int};
use std::ptr;

mod message;
mod span;
mod sys;
mod timer;

pub use message::{Message, Origin};
pub use span::{Lane, LaneSpan, Laps, Span, Sum};
pub use timer::{LazyTimer, Stamp, Timer, Value};

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
/// Only in a child that was made by `_Fork()` or a raw `clone()`, before anything else of this
/// crate, and while the child has one thread. `fork()` does it by itself.
pub unsafe fn after_fork() {
    sys::tk_after_fork()
}
