#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Projects of users, configured by Meson and by CMake against what was installed somewhere.
#	consumers.sh BUILD_DIRECTORY SOURCE_DIRECTORY
set -euo pipefail
build=$1 source=$2
here=$source/tests/packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TIMEKEEPER_DIR=$work/segments
mkdir -m 700 "$TIMEKEEPER_DIR"

fail() {
	echo "$*"
	[ ! -s "$work/log" ] || tail -30 "$work/log"
	exit 1
}

meson install -C "$build" --no-rebuild --destdir "$work/root" >"$work/log" 2>&1 || fail 'no install'
pc=$(find "$work/root" -name timekeeper.pc)
prefix=${pc%/lib/*}
export LD_LIBRARY_PATH=$prefix/lib

# built NAME: its program records through the library, and says which
built() {
	ldd "$work/$1/user" >"$work/log"
	grep -q "libtimekeeper.so.0 => $prefix/" "$work/log" || fail "$1: another library"
	[ "$("$work/$1/user")" = recorded ] ||
		fail "$1: its program does not record"
	echo "ok: $1"
}

export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$work/root
meson setup "$work/meson" "$here/meson-user" >"$work/log" 2>&1 &&
	ninja -C "$work/meson" >"$work/log" 2>&1 || fail 'Meson'
built meson

command -v cmake >/dev/null || { echo 'without CMake, which is not installed'; exit 0; }
cmake -S "$here/cmake-user" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" 2>&1 &&
	cmake --build "$work/cmake" >"$work/log" 2>&1 || fail 'CMake'
built cmake
! cmake -S "$here/cmake-user" -B "$work/future" -DCMAKE_PREFIX_PATH="$prefix" -DWANTED=0.99 \
	>"$work/log" 2>&1 || fail 'CMake takes this version for a future one'
