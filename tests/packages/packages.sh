#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Debian's packages: built, checked by lintian, installed, used as a user would, and removed.
#	packages.sh SOURCE_DIRECTORY
#
# They are installed into an overlay of the running system, whose own files stay as they are; that
# takes root. Nothing is fetched.
set -uo pipefail
cd "$1" || exit 1
here=$PWD/tests/packages
. tests/steps.sh
for program in dpkg-buildpackage dh lintian; do
	command -v $program >/dev/null || { echo "1..0 # SKIP no $program"; exit 0; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 1..7
n=0

# result STATUS NAME: with the log, unless it is 0
result() {
	n=$((n + 1))
	[ "$1" = 0 ] && { echo "ok $n - $2"; return; }
	echo "not ok $n - $2"
	tail -40 "$work/log" | sed 's/^/# /'
}

skip() {
	for what in installed used removed; do echo "ok $((++n)) - $what # SKIP $*"; done
	exit 0
}

# depends PACKAGE: the names of what it depends on
depends() {
	dpkg-deb -f "$work"/deb/"$1"_*.deb Depends | tr ',' '\n' | awk '{ print $1 }' | sort | xargs
}

# Only the library of queues, and the program, have anything to do with DPDK.
right_dependencies() {
	local said
	said="$(depends libtimekeeper0); $(depends libtimekeeper-dev)"
	said+="; $(depends libtimekeeper-ffi0); $(depends libtimekeeper-rte0)"
	echo "$said"
	[ "$said" = 'libc6; libtimekeeper0; libtimekeeper0; librte-ring23' ]
}

# Where a build needs a library more, `run` installs it, and a machine that builds packages has to.
# Essential packages, and what only tests need, are left out.
same_libraries() {
	sed -n '/^packages=(/,/)/p' run | tr -s ' ()\t' '\n' |
		grep -vxE 'packages=|gcc|libc6-dev|ninja-build|libcriterion-dev|' |
		sort >"$work/run"
	sed -n '/^Build-Depends:/,/^[A-Z][^:]*: /p' debian/control |
		sed -n 's/^ \([^ ,]*\).*/\1/p' | grep -vx debhelper-compat | sort >"$work/control"
	diff "$work/run" "$work/control"
}

same_libraries >"$work/log" 2>&1
result $? 'Build-Depends are what ./run installs'
packaged "$work/deb" >"$work/log" 2>&1
status=$?
result $status 'built'
[ $status = 0 ] || { echo 'Bail out!'; exit 1; }
lintian --fail-on error,warning --tag-display-limit 0 "$work"/deb/*.changes >"$work/log" 2>&1
result $? 'lintian has no error and no warning'
right_dependencies >"$work/log" 2>&1
result $? 'a program that links the library needs libc only'

if [ "$(id -u)" != 0 ]; then
	skip 'not root'
fi

# In a mount namespace: an overlay of the root, with shared memory of its own.
cat >"$work/in-overlay" <<'SH'
set -e
work=$1
mount -t tmpfs tmpfs "$work/overlay"
cd "$work/overlay"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
mount --rbind /proc root/proc
mount --rbind /dev root/dev
mount -t tmpfs tmpfs root/dev/shm
echo mounted
mkdir root/packages
cp "$work"/deb/*.deb "$2/user.c" "$2/steps" root/packages/
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
	chroot root bash /packages/steps
# The upper layer has what is not as in the running system.
left=$(cd upper && find . -mindepth 1 ! -type d | grep -vE \
	'^\./(packages|tmp|var/(lib/dpkg|log|cache)|usr/local|etc/ld\.so\.cache)(/|$)' || true)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
echo removed
SH
mkdir "$work/overlay"
unshare --mount --propagation private bash "$work/in-overlay" "$work" "$here" >"$work/log" 2>&1
status=$?
grep -qx mounted "$work/log" || skip "no overlay: $(tail -1 "$work/log")"
for what in installed used removed; do
	grep -qx "$what" "$work/log"
	result $? "$what"
done
[ $status = 0 ] || echo "# status $status"
