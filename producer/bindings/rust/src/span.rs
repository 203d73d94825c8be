// SPDX-License-Identifier: MIT
//! What is timed: spans, lanes, laps and sums. All belong to their thread.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;

use crate::{now, sys, Origin, Timer};

/// Not of another thread: see the crate's page.
type Here = PhantomData<*const ()>;

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
    #[inline]
    pub(crate) fn begin(timer: Timer, origin: Origin) -> Span {
        Span {
            timer: timer.0,
            start: unsafe { sys::tk_start(timer.0) },
            origin,
            here: PhantomData,
        }
    }

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
