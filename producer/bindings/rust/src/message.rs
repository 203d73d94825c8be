// SPDX-License-Identifier: MIT
//! Origins, and messages that carry them.

use crate::sys;

/// When a message came into the system: taken once, where it enters, and carried by every message
/// that is derived from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin(pub(crate) sys::Origin);

impl Origin {
    /// None: latencies up to it are not recorded.
    pub const NONE: Origin = Origin(sys::Origin {
        ticks: 0,
        real_ns: 0,
    });

    pub fn now() -> Origin {
        Origin(unsafe { sys::tk_origin_now() })
    }

    /// One that another machine or a NIC took, in ns of the wall clock.
    pub fn from_real_ns(real_ns: i64) -> Origin {
        Origin(unsafe { sys::tk_origin_from_real(real_ns) })
    }

    /// One whose stamp another process on this machine took.
    pub fn from_ticks(ticks: u64) -> Origin {
        Origin(unsafe { sys::tk_origin_from_ticks(ticks) })
    }

    /// The stamp, for another process on this machine.
    pub fn ticks(self) -> u64 {
        self.0.ticks
    }

    /// The wall clock's ns of it, for another machine.
    pub fn real_ns(self) -> i64 {
        self.0.real_ns
    }

    pub fn since_ns(self) -> i64 {
        unsafe { sys::tk_since_ns(self.0) }
    }

    /// The wall clock now, from the origin's and the counter: for outgoing messages.
    pub fn real_now_ns(self) -> i64 {
        unsafe { sys::tk_real_ns(self.0) }
    }
}

/// Data, dressed with its origin. It can be derived from another message, and then has the same
/// one; it cannot be made without.
///
/// ```
/// use timekeeper::Message;
///
/// let order = Message::new("buy");
/// let fill = order.derive(42);
/// assert_eq!(fill.origin(), order.origin());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Message<T> {
    origin: Origin,
    pub data: T,
}

impl<T> Message<T> {
    /// It enters now.
    pub fn new(data: T) -> Message<T> {
        Message::with_origin(Origin::now(), data)
    }

    /// It entered at that origin.
    pub fn with_origin(origin: Origin, data: T) -> Message<T> {
        Message { origin, data }
    }

    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// What follows from it, with its origin.
    pub fn derive<U>(&self, data: U) -> Message<U> {
        Message {
            origin: self.origin,
            data,
        }
    }

    /// The same, out of its data.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Message<U> {
        Message {
            origin: self.origin,
            data: f(self.data),
        }
    }
}
