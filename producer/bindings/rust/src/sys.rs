// SPDX-License-Identifier: MIT
//! What the libraries export, as timekeeper.h declares it. Functions of the header that are inline
//! in C come from libtimekeeper-ffi.

use std::os::raw::{c_char, c_int, c_void};

#[repr(C)]
pub struct Options {
    pub timers: u32,
    pub lanes: u32,
    pub slots: u32,
    pub timebase: c_int,
    pub group: bool,
    pub keep: bool,
    pub discipline: *const c_void,
}

#[repr(C)]
pub struct Thread {
    pub name: *const c_char,
    pub pin: bool,
    pub cpu: u32,
    pub slots: u32,
    pub on_node: bool,
    pub node: u32,
    pub discipline: *const c_void,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub ticks: u64,
    pub real_ns: i64,
}

#[repr(C)]
#[derive(Default)]
pub struct Sum {
    pub start: u64,
    pub ticks: i64,
}

/// A thread's end of its lane. Only its address is used here.
#[repr(C)]
pub struct Lane {
    _private: [u8; 0],
}

extern "C" {
    pub fn tk_version() -> *const c_char;
    pub fn tk_open(app: *const c_char, options: *const Options) -> c_int;
    pub fn tk_close();
    pub fn tk_why() -> *const c_char;
    pub fn tk_after_fork();
    pub fn tk_timer_stamped(name: *const c_char, stamp: c_int) -> u32;
    pub fn tk_value_timer(name: *const c_char, unit: *const c_char) -> u32;
    pub fn tk_join(thread: *const Thread) -> c_int;
    pub fn tk_leave();
    pub fn tk_flush();
    pub fn tk_now() -> u64;
    pub fn tk_ns(ticks: i64) -> i64;
    pub fn tk_origin_now() -> Origin;
    pub fn tk_origin_from_real(real_ns: i64) -> Origin;
    pub fn tk_origin_from_ticks(ticks: u64) -> Origin;

    pub fn tk_lane() -> *mut Lane;
    pub fn tk_since_ns(origin: Origin) -> i64;
    pub fn tk_real_ns(origin: Origin) -> i64;
    pub fn tk_start(timer: u32) -> u64;
    pub fn tk_start_on(lane: *mut Lane, timer: u32) -> u64;
    pub fn tk_stop_latency(timer: u32, start: u64, origin: Origin);
    pub fn tk_stop_latency_on(lane: *mut Lane, timer: u32, start: u64, origin: Origin);
    pub fn tk_stop_latency_now(timer: u32, start: u64, origin: Origin);
    pub fn tk_elapsed(start: u64) -> i64;
    pub fn tk_latency_now(timer: u32, origin: Origin);
    pub fn tk_record_span(timer: u32, start: u64, stop: u64, origin: Origin);
    pub fn tk_mark(timer: u32);
    pub fn tk_value(timer: u32, value: i64);
    pub fn tk_lap(timer: u32, lap: *mut u64);
    pub fn tk_sum_begin(sum: *mut Sum);
    pub fn tk_sum_add(sum: *mut Sum, ticks: i64);
    pub fn tk_sum_finish(timer: u32, sum: *const Sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::size_of;

    /// What C says comes from the test that starts this one.
    #[test]
    fn layouts_are_those_of_c() {
        if let Ok(c) = std::env::var("TIMEKEEPER_LAYOUT") {
            let sizes = [
                size_of::<Options>(),
                size_of::<Thread>(),
                size_of::<Sum>(),
                size_of::<Origin>(),
            ];
            assert_eq!(c, format!("{:?}", sizes));
        }
    }
}
