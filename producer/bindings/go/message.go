// SPDX-License-Identifier: MIT

package timekeeper

/*
#include <timekeeper.h>
*/
import "C"

import "time"

// Origin is when a message came into the system: taken once, where it enters, and carried by every
// message that is derived from it. The zero Origin is none.
type Origin struct {
	Ticks  uint64 // of the segment's clock
	RealNs int64  // the wall clock
}

func (o Origin) c() C.struct_tk_origin {
	return C.struct_tk_origin{ticks: C.uint64_t(o.Ticks), real_ns: C.int64_t(o.RealNs)}
}

func fromC(o C.struct_tk_origin) Origin {
	return Origin{uint64(o.ticks), int64(o.real_ns)}
}

// OriginNow is an origin of now.
func OriginNow() Origin {
	return fromC(C.tk_origin_now())
}

// OriginFromReal is one that another machine or a NIC took.
func OriginFromReal(t time.Time) Origin {
	return fromC(C.tk_origin_from_real(C.int64_t(t.UnixNano())))
}

// OriginFromTicks is one whose Now another process on this machine took.
func OriginFromTicks(ticks uint64) Origin {
	return fromC(C.tk_origin_from_ticks(C.uint64_t(ticks)))
}

// Since is how long ago it was.
func (o Origin) Since() time.Duration {
	return time.Duration(C.tk_since_ns(o.c()))
}

// RealNow is the wall clock now, from the origin's and the counter: for outgoing messages.
func (o Origin) RealNow() time.Time {
	return time.Unix(0, int64(C.tk_real_ns(o.c())))
}

// Message is data, dressed with its origin.
type Message[T any] struct {
	origin Origin
	Data   T
}

// NewMessage enters the system now.
func NewMessage[T any](data T) Message[T] {
	return Message[T]{OriginNow(), data}
}

// MessageFrom entered at that origin.
func MessageFrom[T any](origin Origin, data T) Message[T] {
	return Message[T]{origin, data}
}

// Origin is when it, or what it was derived from, came in.
func (m Message[T]) Origin() Origin {
	return m.origin
}

// Derive is what follows from a message, with its origin.
func Derive[T, U any](from Message[T], data U) Message[U] {
	return Message[U]{from.origin, data}
}
