#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a user does: install, compile the five lines with pkg-config alone, in C and in C++, with
# warnings on, and be seen.
#	installed.sh BUILD_DIRECTORY SOURCE_DIRECTORY
set -euo pipefail
build=$1 source=$2
command -v pkg-config >/dev/null || { echo "skipped: no pkg-config"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"; jobs -p | xargs -r kill 2>/dev/null || true' EXIT
export TIMEKEEPER_DIR=$work/segments
mkdir -m 700 "$TIMEKEEPER_DIR"

meson install -C "$build" --no-rebuild --destdir "$work/root" >"$work/install.log" 2>&1 || {
	cat "$work/install.log"
	exit 1
}
pc=$(find "$work/root" -name timekeeper.pc)
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$work/root
lib=$(dirname "$(find "$work/root" -name 'libtimekeeper.so')")
flags=(-Wall -Wextra -Werror)

cp "$source"/producer/examples/hello.{c,cpp} "$work/"
cc "${flags[@]}" "$work/hello.c" -o "$work/hello" $(pkg-config --cflags --libs timekeeper) \
	"-Wl,-rpath,$lib"
ldd "$work/hello" | grep -q librte && { echo "DPDK is linked into who did not ask for it"; exit 1; }
sed -e '1i #include <timekeeper/timekeeper-rte.h>' \
	-e 's#("hello", NULL)#("hello", \&(struct tk_options){ .discipline = \&tk_rte })#' \
	"$work/hello.c" >"$work/hello-rte.c"
cc "${flags[@]}" "$work/hello-rte.c" -o "$work/hello-rte" \
	$(pkg-config --cflags --libs timekeeper-rte) "-Wl,-rpath,$lib"
# The header's assembly is written for either syntax.
for cc in cc clang; do
	command -v "$cc" >/dev/null || continue
	for o in -O0 -O2; do
		"$cc" "${flags[@]}" "$o" -masm=intel -c "$work/hello.c" -o "$work/intel.o" \
			$(pkg-config --cflags timekeeper)
	done
done
programs=(hello hello-rte)
if command -v c++ >/dev/null; then
	c++ "${flags[@]}" -std=c++17 -Wold-style-cast -Wshadow "$work/hello.cpp" \
		-o "$work/hello-cpp" $(pkg-config --cflags --libs timekeeper) "-Wl,-rpath,$lib"
	programs+=(hello-cpp)
fi

for program in "${programs[@]}"; do
	lane=slots
	[ "$program" != hello-rte ] || lane='rte, drop-newest'
	"$work/$program" >/dev/null &
	pid=$!
	for _ in $(seq 200); do # until it has recorded: a lane comes with the first record
		"$work"/root/usr/local/bin/timekeeper ls >"$work/ls" 2>/dev/null || true
		grep -q "$lane" "$work/ls" && break
		sleep 0.1
	done
	grep -q "$lane" "$work/ls" || { echo "$program: no lane to be seen"; exit 1; }
	grep -q "\.$pid\..*alive" "$work/ls" || { echo "$program is not seen"; exit 1; }
	kill "$pid"
	wait "$pid" || true
done
left=$(ls "$TIMEKEEPER_DIR" | grep -vx collectors || true)
[ -z "$left" ] || { echo "files were left behind: $left"; exit 1; }
for file in share/man/man1/timekeeper.1 share/bash-completion/completions/timekeeper.bash \
	share/man/man3/tk_open.3 share/man/man3/tk_close.3 share/man/man7/timekeeper.7 \
	share/zsh/site-functions/_timekeeper share/fish/vendor_completions.d/timekeeper.fish; do
	find "$work/root" -path "*/$file" | grep -q . || { echo "no $file"; exit 1; }
done
echo "ok: ${programs[*]} compiled against what was installed, and seen"
