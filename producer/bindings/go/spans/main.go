// SPDX-License-Identifier: MIT

// Record in every way there is, so many times each; with cost, print what a span costs:
//
//	timekeeper stat -- spans 1000
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"timekeeper"
)

var (
	work    = timekeeper.NewTimer("work")
	message = timekeeper.NewTimer("message")
	sent    = timekeeper.NewValue("sent", "bytes")
	other   = timekeeper.NewTimerStamped("other", timekeeper.Fast)
)

// Two spans, one within the other, whose goroutine may move in between.
func workTwice() {
	span := work.Start()
	defer span.Stop()
	runtime.Gosched()
	work.Time(func() {})
}

// A message that was derived from another still knows when that came in.
func handle(incoming timekeeper.Message[int]) {
	outgoing := timekeeper.Derive(incoming, incoming.Data+1)
	span := message.Start()
	sent.Record(int64(outgoing.Data))
	span.StopLatency(outgoing.Origin())
}

// Kinds of record that are no spans: three.
func others() {
	var sum timekeeper.Sum

	lap := timekeeper.Now()
	other.Lap(&lap)
	sum.Begin()
	sum.Add(1000)
	sum.Finish(other)
	other.Mark()
}

func onAThread(n int, all *sync.WaitGroup) {
	defer all.Done()
	thread := timekeeper.Thread{Name: "recorder", CPU: -1, Node: -1}
	if err := timekeeper.LockThread(thread); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	for i := 0; i < n; i++ {
		span := work.Start()
		span.Stop()
	}
}

func cost() {
	const n = 1000000
	timer := timekeeper.NewTimer("cost")
	began := time.Now()
	for i := 0; i < n; i++ {
		span := timer.Start()
		span.Stop()
	}
	fmt.Printf("a span %.1f ns\n", float64(time.Since(began).Nanoseconds())/n)
}

func main() {
	n := 1000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	if err := timekeeper.Open("spans-go", nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer timekeeper.Close()
	var all sync.WaitGroup
	all.Add(11)
	go onAThread(n, &all)
	for g := 0; g < 10; g++ { // 10 goroutines share the n among them
		go func(g int) {
			defer all.Done()
			for i := g; i < n; i += 10 {
				workTwice()
				handle(timekeeper.NewMessage(i))
				others()
			}
		}(g)
	}
	all.Wait()
	if len(os.Args) > 2 && os.Args[2] == "cost" {
		cost()
	}
}
