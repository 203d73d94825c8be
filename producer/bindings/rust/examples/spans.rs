// SPDX-License-Identifier: MIT
//! Record in every way there is, so many times each; with `cost`, print what a span costs:
//!
//! timekeeper stat -- target/release/examples/spans 1000

use std::env;
use std::thread;
use std::time::Instant;
use timekeeper::{Lane, Laps, LazyTimer, Message, Options, Stamp, Sum, Thread, Timer, Value};

static WORK: LazyTimer = LazyTimer::new("work");
static MESSAGE: LazyTimer = LazyTimer::new("message");
static OTHER: LazyTimer = LazyTimer::with_stamp("other", Stamp::Fast);

/// Two spans, one within the other.
fn work() {
    let _span = WORK.get().start();
    WORK.get().time(|| ());
}

/// A message that was derived from another still knows when that came in.
fn handle(incoming: &Message<usize>, sent: Value) {
    let outgoing = incoming.derive(incoming.data + 1);
    let _span = MESSAGE.get().start_from(outgoing.origin());
    sent.record(outgoing.data as i64);
}

/// Kinds of record that are no spans: three.
fn others() {
    let mut laps = Laps::begin();
    laps.lap(OTHER.get());
    let mut sum = Sum::begin();
    sum.add(1000);
    sum.finish(OTHER.get());
    OTHER.get().mark();
}

fn on_a_thread(n: usize) -> Result<(), timekeeper::Error> {
    timekeeper::join(&Thread {
        name: Some("recorder".into()),
        ..Thread::default()
    })?;
    let lane = Lane::current();
    for _ in 0..n {
        drop(lane.start(WORK.get()));
    }
    Ok(())
}

/// ns of one, over a million.
fn cost(what: impl Fn()) -> f64 {
    let began = Instant::now();
    for _ in 0..1_000_000 {
        what();
    }
    began.elapsed().as_nanos() as f64 / 1e6
}

fn main() -> Result<(), timekeeper::Error> {
    let n = env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(1000);
    let _open = timekeeper::open("spans-rust", &Options::default())?;
    let sent = Value::new("sent", "bytes");
    let thread = thread::spawn(move || on_a_thread(n));

    for i in 0..n {
        work();
        handle(&Message::new(i), sent);
        others();
    }
    thread.join().expect("the thread panicked")?;
    if env::args().nth(2).as_deref() == Some("cost") {
        let (timer, lane) = (Timer::new("cost"), Lane::current());
        println!(
            "a span {:.1} ns, in a lane {:.1} ns, two clock readings {:.1} ns",
            cost(|| drop(timer.start())),
            cost(|| drop(lane.start(timer))),
            cost(|| {
                timekeeper::now();
                timekeeper::now();
            })
        );
    }
    Ok(())
}
