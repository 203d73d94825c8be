#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The units of systemd, as they are installed: what systemd-analyze says of them, and then what
# they do. For that a systemd of its own is started, in namespaces and on an overlay of the running
# system: root's record and serve see a program of another user, whose directory has mode 0700, out
# of their sandbox, and remove what it closed.
#	units.sh BUILD_DIRECTORY
#
# Where no such systemd can be started (not root, a container without cgroups), that part is
# skipped.
set -uo pipefail
build=$1
here=$(cd "$(dirname "$0")" && pwd)
command -v systemd-analyze >/dev/null || { echo '1..0 # SKIP no systemd'; exit 0; }
work=$(mktemp -d)
group=
trap cleaned EXIT
echo 1..4
n=0

# The manager's processes are gone by now: its groups can go, too.
cleaned() {
	for _ in $(seq 100); do
		[ -d "$group" ] || break
		find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null && break
		sleep 0.1
	done
	rm -rf "$work"
}

result() {
	n=$((n + 1))
	[ "$1" = 0 ] && { echo "ok $n - $2"; return; }
	echo "not ok $n - $2"
	tail -60 "$work/log" | sed 's/^/# /'
}

skip() {
	while [ $n -lt 4 ]; do echo "ok $((++n)) - live # SKIP $*"; done
	exit 0
}

meson install -C "$build" --no-rebuild --destdir "$work/root" >"$work/log" 2>&1 || {
	result 1 'installed'
	exit 1
}
units=$(dirname "$(find "$work/root" -type d -path '*/lib/systemd/system')")
prefix=${units%/lib/systemd}
prefix=/${prefix#"$work/root/"}

# As they will be found, but for the program's place.
mkdir "$work/system" "$work/user" "$work/run"
for manager in system user; do
	for unit in "$units/$manager"/*.service; do
		sed "s|$prefix/bin/|$work/root$prefix/bin/|" "$unit" >"$work/$manager/${unit##*/}"
	done
done
verified() {
	systemd-analyze --man=no verify "$work"/system/*.service &&
		XDG_RUNTIME_DIR=$work/run \
			systemd-analyze --user --man=no verify "$work"/user/*.service
}
verified >"$work/log" 2>&1
status=$?
[ ! -s "$work/log" ] || status=1
result $status 'systemd-analyze verify has nothing to say'

# 0 is locked up, 10 is bare. What is left: root with one capability, /proc, and serve's sockets.
exposed() {
	systemd-analyze --no-pager --offline=yes --threshold=25 security "$work"/system/*.service
}
exposed >"$work/log" 2>&1
result $? 'systemd-analyze security is content'

[ "$(id -u)" = 0 ] || skip 'not root'
for program in curl setpriv unshare; do
	command -v $program >/dev/null || skip "no $program"
done
mkdir "$work/cgroup" "$work/overlay" "$work/out"
hierarchy=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$hierarchy" ] || skip 'no unified hierarchy of cgroups'
group=$hierarchy/tk-units.$$
mkdir "$group" 2>/dev/null || { group=; skip 'no cgroup can be made'; }

# The root of that systemd: its first unit is steps of ours, and it ends with them.
cat >"$work/in-namespaces" <<'SH'
set -e
work=$1 here=$2
mount -t tmpfs tmpfs "$work/overlay"
cd "$work/overlay"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
mount -t proc proc root/proc
mount --rbind /sys root/sys
umount -l root/sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 root/sys/fs/cgroup
for at in run tmp dev; do mount -t tmpfs tmpfs root/$at; done
mkdir root/dev/shm root/dev/pts root/dev/mqueue root/dev/hugepages
mount -t tmpfs tmpfs root/dev/shm
mount -t devpts devpts root/dev/pts -o newinstance
ln -s pts/ptmx root/dev/ptmx
for device in null zero full random urandom tty; do
	touch root/dev/$device
	mount --bind /dev/$device root/dev/$device
done
touch root/dev/console
mkdir root/units-test
mount --bind "$work/out" root/units-test
rm -rf root/usr/local/* root/etc/systemd/system/* root/var/log/timekeeper
cp -r "$work/root/." root/
cp "$here/units-steps" root/etc/units-steps
cat >root/etc/systemd/system/steps.service <<'UNIT'
[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/bin/bash /etc/units-steps
StandardOutput=append:/units-test/log
StandardError=append:/units-test/log
UNIT
ip link set lo up 2>/dev/null || true
cd root
exec env -i container=units-test PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot . \
	/lib/systemd/systemd --system --unit=steps.service --show-status=0
SH
touch "$work/out/log"
timeout -k 5 150 unshare --mount --pid --ipc --uts --net --fork --kill-child --propagation private \
	sh -c 'echo 0 >"$3/cgroup.procs" && exec unshare --cgroup bash "$4" "$1" "$2"' \
	sh "$work" "$here" "$group" "$work/in-namespaces" >"$work/log" 2>&1
cat "$work/out/log" >>"$work/log"
grep -qx 'sandbox' "$work/out/log" || skip "no systemd with sandboxes: $(tail -1 "$work/log")"
for what in 'serve shows a program of another user' 'record has it, and what it closed is gone'; do
	grep -qx "$what" "$work/log"
	result $? "$what"
done
