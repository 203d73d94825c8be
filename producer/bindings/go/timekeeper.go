// SPDX-License-Identifier: MIT

// Package timekeeper times what a Go program does, and lets another program, timekeeper, watch.
//
//	var work = timekeeper.NewTimer("work")
//
//	timekeeper.Open("hello", nil)
//	span := work.Start()
//	defer span.Stop()
//
// It calls C: a span costs two such calls, 80 ns in all (spans 10 cost). Where that is too much,
// time a batch.
//
// # Goroutines and threads
//
// A goroutine may move to another thread between any two calls, and a span may: its start is a
// number that the program carries, and its record goes into the lane of the thread that stops it.
// There is nothing to lock, and nothing here belongs to a thread. A span counts the time in which
// its goroutine waited, and what two cores' counters differ by (timekeeper tsc --offsets).
//
// Every thread that the Go runtime has stop a span gets a lane: 2 MiB by default, and 256 of them.
// They are as many as GOMAXPROCS, and more while threads wait in system calls. A goroutine that may
// not pay for a thread's first record, up to a millisecond, calls LockThread first.
//
// # Errors
//
// Open and LockThread return the library's reason. A program that goes on all the same works as
// ever, and records nothing.
package timekeeper

/*
#cgo pkg-config: timekeeper
#include <stdlib.h>
#include <timekeeper.h>
*/
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// Error is what went wrong: an errno, for errors.Is, and the library's sentence about it.
type Error struct {
	Errno syscall.Errno
	Why   string
}

func (e *Error) Error() string {
	return fmt.Sprintf("timekeeper: %s (%s)", e.Why, e.Errno.Error())
}

func (e *Error) Unwrap() error {
	return e.Errno
}

func checked(result C.int) error {
	if result >= 0 {
		return nil
	}
	return &Error{syscall.Errno(-result), Why()}
}

// cName copies a name for C, which would cut it at a NUL: the library shall see, and refuse, what
// is invalid. The caller frees it.
func cName(name string) *C.char {
	return C.CString(strings.ReplaceAll(name, "\x00", "\x01"))
}

// Why says why the last call of this process that failed did so, or what a further Open asked for
// that the first did not.
func Why() string {
	return C.GoString(C.tk_why())
}

// Version is that of the library that runs.
func Version() string {
	return C.GoString(C.tk_version())
}

// Options are the library's defaults where they are zero.
type Options struct {
	Timers      uint32 // how many can be defined
	Lanes       uint32 // how many threads can record at a time
	Slots       uint32 // records in a lane, a power of two
	SystemClock bool   // CLOCK_MONOTONIC instead of the counter
	Group       bool   // let the process's group read
	Keep        bool   // leave the segment's files after the close
}

// Open opens this process's segment. app is the name that collectors show; options may be nil.
// Opens are counted: who opened closes. The name and the options of the first stand.
func Open(app string, options *Options) error {
	var o C.struct_tk_options

	if options != nil {
		o.timers = C.uint32_t(options.Timers)
		o.lanes = C.uint32_t(options.Lanes)
		o.slots = C.uint32_t(options.Slots)
		o.group = C.bool(options.Group)
		o.keep = C.bool(options.Keep)
		if options.SystemClock {
			o.timebase = C.TK_TIMEBASE_SYSTEM
		}
	}
	name := cName(app)
	defer C.free(unsafe.Pointer(name))
	return checked(C.tk_open(name, &o))
}

// Close undoes one Open. A Go program ends without it where os.Exit, or main's return, does not run
// C's exit handlers: then the segment is left as after a kill, and collectors read it to its end.
func Close() {
	C.tk_close()
}

// Thread is how LockThread sets up a thread.
type Thread struct {
	Name  string // sets the thread's name, too; "": the one it has
	CPU   int    // pin it to this cpu; -1: do not
	Slots uint32 // of its lane; 0: as the segment's
	Node  int    // put the lane on this NUMA node; -1: on the thread's own
}

// LockThread wires the calling goroutine to a thread, as runtime.LockOSThread does, and gives that
// thread its lane now. There is no way back: the goroutine's end is the thread's, and gives the
// lane back, so that no other goroutine finds itself on a thread that is pinned.
func LockThread(t Thread) error {
	var c C.struct_tk_thread

	runtime.LockOSThread()
	if t.Name != "" {
		c.name = cName(t.Name)
		defer C.free(unsafe.Pointer(c.name))
	}
	c.pin, c.cpu = C.bool(t.CPU >= 0), C.uint32_t(t.CPU)
	c.on_node, c.node = C.bool(t.Node >= 0), C.uint32_t(t.Node)
	c.slots = C.uint32_t(t.Slots)
	return checked(C.tk_join(&c))
}

// Now is the segment's clock, in ticks.
func Now() uint64 {
	return uint64(C.tk_now())
}

// Ns converts ticks to ns.
func Ns(ticks int64) int64 {
	return int64(C.tk_ns(C.int64_t(ticks)))
}

// Stamp is what a timer's stamps wait for: see tsc/read.h.
type Stamp int

// Ordered is the default: the stop waits for the work. Fast: neither does. Fenced: both do.
const (
	Ordered Stamp = C.TK_STAMP_ORDERED
	Fast    Stamp = C.TK_STAMP_FAST
	Fenced  Stamp = C.TK_STAMP_FENCED
)

// Timer is a named thing that is timed: a number, to be copied. The zero Timer is "(undefined)".
type Timer struct {
	handle C.tk_timer_t
}

// NewTimer defines a timer, or finds it: same name, same timer. Not for the loop. A name that is
// none (1 to 63 bytes of printable UTF-8) gives "(undefined)".
func NewTimer(name string) Timer {
	return NewTimerStamped(name, Ordered)
}

// NewTimerStamped is NewTimer with another stamp mode.
func NewTimerStamped(name string, stamp Stamp) Timer {
	c := cName(name)
	defer C.free(unsafe.Pointer(c))
	return Timer{C.tk_timer_stamped(c, C.enum_tk_stamp(stamp))}
}

// noCopy has go vet complain of copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// Span is a stretch of work, from Start to the first Stop of whatever kind; a further one does
// nothing.
type Span struct {
	_     noCopy
	timer Timer
	start C.uint64_t
}

// Start begins a span.
func (t Timer) Start() Span {
	return Span{timer: t, start: C.tk_start(t.handle)}
}

// Stop ends it: its processing time.
func (s *Span) Stop() {
	C.tk_stop(s.timer.handle, s.start)
	s.start = 0
}

// StopLatency ends it, with the latency from the origin up to its start.
func (s *Span) StopLatency(origin Origin) {
	C.tk_stop_latency(s.timer.handle, s.start, origin.c())
	s.start = 0
}

// StopLatencyNow ends it, with the latency from the origin up to now.
func (s *Span) StopLatencyNow(origin Origin) {
	C.tk_stop_latency_now(s.timer.handle, s.start, origin.c())
	s.start = 0
}

// Time times a call.
func (t Timer) Time(f func()) {
	span := t.Start()
	defer span.Stop()
	f()
}

// Latency records how long ago the origin was, without a span.
func (t Timer) Latency(origin Origin) {
	C.tk_latency_now(t.handle, origin.c())
}

// Record records a span whose stamps were taken by Now, with an origin or Origin{}.
func (t Timer) Record(start, stop uint64, origin Origin) {
	C.tk_record_span(t.handle, C.uint64_t(start), C.uint64_t(stop), origin.c())
}

// Mark records a named instant: a vertical line in the display.
func (t Timer) Mark() {
	C.tk_mark(t.handle)
}

// Lap records the stage that began at *lap, a Now, and ends now, where the next begins.
func (t Timer) Lap(lap *uint64) {
	C.tk_lap(t.handle, (*C.uint64_t)(lap))
}

// Value is a named number that is no time: the bytes of a request, the length of a queue.
type Value struct {
	handle C.tk_timer_t
}

// NewValue defines a value, or finds it. The unit is what one of them counts, in the plural: at
// most 15 of the letters a to z and _, or none.
func NewValue(name, unit string) Value {
	n, u := cName(name), cName(unit)
	defer C.free(unsafe.Pointer(n))
	defer C.free(unsafe.Pointer(u))
	return Value{C.tk_value_timer(n, u)}
}

// Record records a number: exact from 0 to 2^47 - 2; what is larger or below zero is counted, and
// set aside.
func (v Value) Record(value int64) {
	C.tk_value(v.handle, C.int64_t(value))
}

// Sum is work that is done in pieces, recorded as one duration.
type Sum struct {
	sum C.struct_tk_sum
}

// Begin starts a sum at nothing.
func (s *Sum) Begin() {
	C.tk_sum_begin(&s.sum)
}

// Add adds a piece, in ticks: the difference of two Nows.
func (s *Sum) Add(ticks int64) {
	C.tk_sum_add(&s.sum, C.int64_t(ticks))
}

// Finish records the sum.
func (s *Sum) Finish(t Timer) {
	C.tk_sum_finish(t.handle, &s.sum)
}
