// SPDX-License-Identifier: MIT

package timekeeper

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestErrors(t *testing.T) {
	for _, app := range []string{"", "a\x00b", "\xff", strings.Repeat("x", 64)} {
		err := Open(app, nil)
		if !errors.Is(err, syscall.EINVAL) || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("%q: %v", app, err)
		}
	}
	if err := Open("app", &Options{Slots: 3}); !errors.Is(err, syscall.EINVAL) {
		t.Error(err)
	}
	if (NewTimer("a\x00b") != Timer{}) || (NewTimer("") != Timer{}) {
		t.Error("a timer of no name")
	}
}

func TestOpensAreCounted(t *testing.T) {
	if err := Open("first", &Options{Slots: 1024}); err != nil {
		t.Fatal(err)
	}
	defer Close()
	if err := Open("second", &Options{Slots: 2048, Keep: true}); err != nil {
		t.Fatal(err)
	}
	differ := []string{`"first" instead of "second"`, "slots 1024 instead of 2048", "keep 0 instead of 1"}
	for _, what := range differ {
		if !strings.Contains(Why(), what) {
			t.Errorf("%s is not in: %s", what, Why())
		}
	}
	Close()
	ended := make(chan error)
	go func() { ended <- LockThread(Thread{Name: "locked", CPU: -1, Node: -1}) }()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	go func() { ended <- LockThread(Thread{CPU: 1 << 20, Node: -1}) }()
	if err := <-ended; !errors.Is(err, syscall.EINVAL) {
		t.Error(err)
	}
}

func TestSpanEndsOnce(t *testing.T) {
	_ = Open("app", &Options{Slots: 1024})
	defer Close()
	span := NewTimer("t").Start()
	if span.start == 0 {
		t.Skip("no clock to be had")
	}
	span.Stop()
	if span.start != 0 {
		t.Error("it could be stopped again")
	}
	span.Stop()
}

func TestOriginsAreCarried(t *testing.T) {
	_ = Open("app", &Options{Slots: 1024})
	defer Close()
	in := NewMessage("a")
	out := Derive(in, 7)
	if out.Origin() != in.Origin() || out.Data != 7 {
		t.Error("another origin")
	}
	if since := out.Origin().Since(); since < 0 || since > time.Minute {
		t.Error(since)
	}
	if apart := time.Since(out.Origin().RealNow()); apart < -time.Minute || apart > time.Minute {
		t.Error(apart)
	}
	if now := time.Now(); OriginFromReal(now).RealNs != now.UnixNano() {
		t.Error("another wall clock")
	}
}

// Goroutines that move between threads in the middle of spans.
func TestGoroutinesMove(t *testing.T) {
	_ = Open("app", &Options{Slots: 4096})
	defer Close()
	var all sync.WaitGroup
	timer := NewTimer("t")
	for i := 0; i < 50; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for j := 0; j < 100; j++ {
				span := timer.Start()
				runtime.Gosched()
				span.Stop()
			}
		}()
	}
	all.Wait()
}
