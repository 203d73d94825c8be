#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The library alone, configured, compiled, installed, used and uninstalled where no package of the
# program is to be found; the same with musl, where musl-gcc is.
#	alone.sh SOURCE_DIRECTORY TIMEKEEPER
#
# musl takes no thread-local storage of the library's kind (initial-exec) from dlopen(): there, a
# program links the library, shared or static, or is started with it preloaded. The test says so if
# that has changed.
set -euo pipefail
source=$1 timekeeper=$2
work=$(mktemp -d)
trap 'jobs -p | xargs -r kill 2>/dev/null || true; wait; rm -rf "$work"' EXIT
export TIMEKEEPER_DIR=$work/segments PKG_CONFIG_PATH=
mkdir -m 700 "$TIMEKEEPER_DIR"
mkdir "$work/none"

fail() {
	echo "$*"
	exit 1
}

# setup NAME COMPILER [FLAGS]: build and install the library in $work/NAME
setup() {
	local name=$1
	CC=$2 CFLAGS=${3:-} PKG_CONFIG_LIBDIR=$work/none meson setup "$work/$name.build" "$source" \
		-Dprogram=false -Dwerror=true --prefix "$work/$name" >"$work/log" 2>&1 &&
		ninja -C "$work/$name.build" >"$work/log" 2>&1 &&
		meson install -C "$work/$name.build" --no-rebuild >"$work/log" 2>&1 ||
		fail "$name: $(tail -20 "$work/log")"
	lib=$(dirname "$(find "$work/$name" -name libtimekeeper.so)")
	export PKG_CONFIG_PATH=$lib/pkgconfig
	cat >"$work/dlopen.c" <<'C'
#include <dlfcn.h>
int main(int argc, char **argv)
{
	return argc != 2 || !dlopen(argv[1], RTLD_NOW);
}
C
	"$2" "$work/dlopen.c" -o "$work/dlopen" -ldl
}

# is_seen PROGRAM
is_seen() {
	"$1" >/dev/null &
	local pid=$! line="hello\\.$!\\..*alive.*1 lane"
	for _ in $(seq 200); do
		"$timekeeper" ls >"$work/ls" 2>/dev/null && grep -q "$line" "$work/ls" && break
		sleep 0.1
	done
	grep -q "$line" "$work/ls" || fail "$1 is not seen: $(cat "$work/ls")"
	kill "$pid"
	wait "$pid" || fail "$1 ended with $?"
}

hello=$source/producer/examples/hello.c
setup glibc cc
cc "$hello" -o "$work/hello" $(pkg-config --cflags --libs timekeeper) "-Wl,-rpath,$lib"
is_seen "$work/hello"
for library in libtimekeeper{,-ffi}.so.0; do
	LD_LIBRARY_PATH=$lib "$work/dlopen" "$library" || fail "glibc: dlopen() refuses $library"
done
find "$work/glibc" -name '*rte*' | grep -q . && fail 'there is something of DPDK'
ninja -C "$work/glibc.build" uninstall >"$work/log"
[ ! -e "$work/glibc" ] || fail "uninstall leaves $(find "$work/glibc" ! -type d | xargs)"

if ! command -v musl-gcc >/dev/null; then
	echo 'ok; without musl: musl-gcc is not installed'
	exit 0
fi
# musl-gcc looks for the kernel's headers in no folder.
mkdir "$work/kernel"
for folder in linux asm-generic "$(uname -m)-linux-gnu/asm"; do
	ln -s "/usr/include/$folder" "$work/kernel/"
done
setup musl musl-gcc "-idirafter $work/kernel"
musl-gcc "$hello" -o "$work/shared" $(pkg-config --cflags --libs timekeeper) "-Wl,-rpath,$lib"
is_seen "$work/shared"
musl-gcc -static "$hello" -o "$work/static" $(pkg-config --static --cflags --libs timekeeper)
is_seen "$work/static"
for library in libtimekeeper{,-ffi}.so.0; do
	LD_LIBRARY_PATH=$lib "$work/dlopen" "$library" &&
		fail "musl: dlopen() takes $library now: docs/languages.md and timekeeper.h"
	LD_LIBRARY_PATH=$lib LD_PRELOAD=libtimekeeper.so.0 "$work/dlopen" "$library" ||
		fail "musl: the remedy for dlopen() of $library does not help"
done
echo 'ok: the library alone, with glibc and musl'
