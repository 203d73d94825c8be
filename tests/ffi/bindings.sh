#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bindings against the real libraries: each language's example under `stat -- EXAMPLE`, which
# has to count each record; and each language's own tests.
#	bindings.sh python|rust|go SOURCE_DIRECTORY BUILD_DIRECTORY
# Environment: TIMEKEEPER.
set -uo pipefail
export LC_ALL=C.UTF-8
language=$1 source=$(realpath "$2") build=$(realpath "$3")
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/../rows.sh"
export LD_LIBRARY_PATH=$build/producer${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
bindings=$source/producer/bindings
n=777

# Sizes of what is handed over, as C has them.
cat >"$scratch/layout.c" <<'C'
#include <stdio.h>
#include "producer/timekeeper.h"
int main(void)
{
	printf("[%zu, %zu, %zu, %zu]", sizeof(struct tk_options), sizeof(struct tk_thread),
	       sizeof(struct tk_sum), sizeof(struct tk_origin));
}
C
cc -w -DTK_COMPILE_OUT "-I$source" "$scratch/layout.c" -o "$scratch/layout" || exit 1
TIMEKEEPER_LAYOUT=$("$scratch/layout")
export TIMEKEEPER_LAYOUT

# counted NAME KIND N: the example's records of a timer, of all its processes; "": of any kind
counted() {
	jq -s --arg timer "$1" --arg kind "$2" '[.[] | select(.type == "timer" and
		.interval == 0 and .timer == $timer and ($kind == "" or .kind == $kind))] |
		map(.records), map(.lost) | add' "$scratch/rows" | tr '\n' ' ' >"$scratch/had"
	[ "$(cat "$scratch/had")" = "$3 0 " ] ||
		fail "$language: $1 $2: $(cat "$scratch/had")records and lost, not $3 and 0"
}

# example COMMAND...: whatever the language, it records these
example() {
	timeout -k 5 100 "$TIMEKEEPER" stat -f jsonl -o "$scratch/rows" -- "$@" "$n" \
		>"$out" 2>"$err" || fail "$*: exit $?"
	rows_jsonl "$scratch/rows" || fail "$language: rows that do not add up"
	counted work processing $((3 * n))
	counted message processing "$n"
	counted message latency "$n"
	counted other processing $((3 * n))
	counted sent '' $n
}

python() {
	export PYTHONPATH=$bindings/python PYTHONDONTWRITEBYTECODE=1
	example python3 "$bindings/python/spans.py"
	counted child processing "$n"
	counted awaited processing 1
	python3 "$(dirname "$0")/python_api.py" >"$out" 2>"$err" || fail 'python_api.py'
	# Where the library is not, the message says what to do. This machine may have it.
	LD_LIBRARY_PATH=$scratch python3 -c 'import timekeeper' >"$out" 2>"$err" ||
		said 'ImportError.*ldconfig.*LD_PRELOAD'
}

# snippet LANGUAGE: what docs/languages.md shows
snippet() {
	awk -v fence="\`\`\`$1" '$0 == fence { on = 1; next } /^```/ { on = 0 } on' \
		"$source/docs/languages.md"
}

# What must not compile does not for that reason: a span that another thread would end.
not_sent() {
	cat >"$scratch/sent.rs"
	rustc --edition 2021 --emit=metadata -o "$scratch/sent" "$scratch/sent.rs" \
		--extern "timekeeper=$CARGO_TARGET_DIR/debug/libtimekeeper.rlib" >"$out" 2>"$err" &&
		fail "compiles: $1"
	said "cannot be sent between threads safely"
}

rust() {
	PATH=/usr/bin:$PATH # Debian's, which the crate promises to build with
	type -P cargo rustc rustdoc >/dev/null || { echo 'skipped: no cargo and rustc'; exit 77; }
	export TIMEKEEPER_LIB_DIR=$build/producer CARGO_TARGET_DIR=$scratch/target \
		CARGO_HOME=$scratch/cargo RUSTFLAGS='-D warnings'
	cp -r "$bindings/rust" "$scratch/rust"
	cd "$scratch/rust" || exit 1
	snippet rust >examples/snippet.rs
	cargo test --offline >"$out" 2>"$err" || fail 'cargo test'
	[ "$(grep -c 'compile fail ... ok' "$out")" = 3 ] || fail 'not 3 that do not compile'
	cargo build --offline --lib --examples >"$out" 2>"$err" || fail 'cargo build'
	example "$CARGO_TARGET_DIR/debug/examples/spans"
	"$CARGO_TARGET_DIR/debug/examples/snippet" >"$out" 2>"$err" || fail 'the snippet'
	not_sent 'a span' <<'RUST'
fn main() {
    let span = timekeeper::Timer::new("t").start();
    std::thread::spawn(move || drop(span));
}
RUST
	not_sent 'a future that holds a span' <<'RUST'
fn spawn<F: std::future::Future + Send + 'static>(_: F) {}
fn main() {
    spawn(async {
        let _span = timekeeper::Timer::new("t").start();
        std::future::ready(()).await;
    });
}
RUST
}

go() {
	type -P go >/dev/null || { echo 'skipped: no go'; exit 77; }
	meson install -C "$build" --no-rebuild --destdir "$scratch/root" >"$out" 2>"$err" ||
		fail 'meson install'
	PKG_CONFIG_PATH=$(dirname "$(find "$scratch/root" -name timekeeper.pc)")
	export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR=$scratch/root GOCACHE=$scratch/cache \
		GOPATH=$scratch/go GOPROXY=off GOFLAGS=-mod=mod
	cp -r "$bindings/go" "$scratch/source"
	cd "$scratch/source" || exit 1
	mkdir snippet
	snippet go >snippet/main.go
	command go run ./snippet >"$out" 2>"$err" || fail 'the snippet'
	[ ! -s "$err" ] || fail 'the snippet could not open'
	command go vet ./... >"$out" 2>"$err" || fail 'go vet'
	[ -z "$(gofmt -l .)" ] || fail 'gofmt'
	command go test ./... >"$out" 2>"$err" || fail 'go test'
	command go build -o "$scratch/spans" ./spans >"$out" 2>"$err" || fail 'go build'
	example "$scratch/spans"
	# A copy could be stopped twice: vet says so.
	printf 'package timekeeper\n\nfunc twice(s Span) { s.Stop() }\n' >copied.go
	command go vet . >"$out" 2>"$err" && fail 'vet lets a span be copied'
	said 'passes lock by value'
}

$language
[ "$failed" = 0 ] && echo "ok: $language"
exit "$failed"
