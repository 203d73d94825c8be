#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Root looks into the directories of all users, and mallory has prepared hers: links to what only
# root may read, hard links, devices, mounts, names that change while root looks. Root's timekeeper
# opens, changes and removes nothing but mallory's own segments, and shows the one that is right.
# Environment: TIMEKEEPER, HOST, MISCHIEF (programs). Needs root.
set -uo pipefail
. "$(dirname "$0")/users.sh"
place=/dev/shm/timekeeper-$mallory
secrets=/dev/shm/secrets
seen=/dev/shm/seen
files='head control lane.0 slots.0'

# All that could be wanted: named as a segment's files are, and root's alone.
mkdir -m 700 $secrets $secrets/dir
for file in $files tsc-offsets; do
	echo "root:secret:$file" | tee $secrets/$file >$secrets/dir/$file
done
chmod 600 $secrets/*.0 $secrets/head $secrets/control $secrets/dir/*
sums() { find $secrets -type f -exec md5sum {} + | sort; }
sums >/dev/shm/sums

# watch FILE...: notes what is done to the bait, and to those files.
watch() {
	: >$seen
	mischief watch $secrets $secrets/dir $secrets/*[!r] $secrets/dir/* "$@" >$seen 2>&1 &
	watcher=$!
	until grep -q ready $seen; do
		kill -0 $watcher 2>/dev/null || { fail "no watch: $(cat $seen)"; exit 1; }
		sleep .01
	done
}

end_watch() {
	kill -9 $watcher
	wait $watcher 2>/dev/null
	sums | cmp -s - /dev/shm/sums || fail 'the bait has changed'
}

untouched() {
	[ "$(cat $seen)" = ready ] || fail "$1: touched: $(sed -n 2,4p $seen)"
	grep -q secret: "$out" "$err" && fail "$1: shows what only root may read"
}

look() {
	local command
	for command in ls 'ls --json' 'stat --once --oldest' \
		'stat --count 5 --interval 10ms --format jsonl' \
		clean 'disable *' 'enable *' 'tune --seconds 1' tsc 'clean --force'; do
		set -f
		tk 0 $command
		set +f
		untouched "$command"
	done
	tk 0 ls
	printed '^living\..* alive '
}

# A dead segment of mallory's to make copies of, and one of hers that lives.
start_as $mallory host model 022
end_all
mv $place/model.* /dev/shm/model
start_as $mallory host living 022

# copy NAME: makes $target, mallory's.
copy() {
	target=$place/$1
	cp -a /dev/shm/model $target
}

# --- nothing is what it seems
ln -s $secrets/dir $place/link.1.x
for file in $files; do
	copy symlink-$file.1.x && rm $target/$file && ln -s $secrets/$file $target/$file
	copy hardlink-$file.1.x && rm $target/$file && ln $secrets/$file $target/$file
	copy fifo-$file.1.x && rm $target/$file && as $mallory mkfifo $target/$file
	copy device-$file.1.x && rm $target/$file && mknod $target/$file c 1 3 &&
		chown $mallory $target/$file
	copy directory-$file.1.x && rm $target/$file && as $mallory mkdir $target/$file
	copy owner-$file.1.x && chown $alice $target/$file
	copy setuid-$file.1.x && chmod 6777 $target/$file
done
copy owner.1.x && chown $alice $target
copy mounted.1.x && mount --bind $secrets/dir $target
copy mounted-head.1.x && mount --bind $secrets/head $target/head
copy elsewhere.1.x && mount -t tmpfs tmpfs $target && cp -a /dev/shm/model/. $target &&
	chown $mallory $target
watch $(for file in $files; do echo $place/device-$file.1.x/$file; done)
tk 0 ls
for what in 'link.1.x: it is not a directory' 'symlink-head.1.x: head is not' \
	'hardlink-head.1.x: head is not a regular' \
	'fifo-head.1.x: head is not' 'device-head.1.x: head is not' \
	'directory-head.1.x: head is not' \
	'owner-head.1.x: head is not' 'owner.1.x: it belongs to another user' 'mounted.1.x: ' \
	'mounted-head.1.x: head: something else is mounted on it' \
	'elsewhere.1.x: something else is mounted on it' 'hardlink-lane.0.1.x: lane.0 is not' \
	'device-slots.0.1.x: slots.0 is not'; do
	said "/$what"
done
look
# Of what was hers alone nothing is left, and of the rest what it was.
for file in $files; do
	[ -e $place/setuid-$file.1.x ] && fail "setuid-$file: not removed"
done
[ -e $place/owner.1.x/head ] && [ -e $place/elsewhere.1.x/head ] || fail 'removed what is not hers'
end_watch
umount $place/mounted.1.x $place/mounted-head.1.x/head $place/elsewhere.1.x
rm -rf $place/*.1.x

# --- nothing stays what it was: names are exchanged while root looks
race() {
	start_as $mallory mischief swap "$@"
}
for _ in 1 2 3 4; do
	copy swapped.1.x
	as $mallory ln -sfn $secrets/dir $place/dir-evil.1.x
	race $target $place/dir-evil.1.x
	for file in $files; do
		copy swapped-$file.1.x
		as $mallory ln -sf $secrets/$file $target/evil
		race $target/$file $target/evil
	done
	watch
	for command in ls 'stat --once --oldest' 'ls --json' 'disable *' 'clean --force' clean \
		'clean --force'; do
		set -f
		tk 0 $command
		set +f
		untouched "race, $command"
	done
	end_watch
	kill -9 "${pids[@]:1}"
	wait "${pids[@]:1}" 2>/dev/null
	pids=("${pids[0]}")
	rm -rf $place/*.1.x
done
tk 0 ls
printed '^living\..* alive '

# --- what `tsc --offsets` keeps is root's own, in a directory of root's own, or it is not believed
rm -rf /dev/shm/timekeeper-0 # a collector of root's makes it
as $mallory mkdir -m 755 /dev/shm/timekeeper-0
tk 0 tsc --offsets
printed 'not kept in /dev/shm/timekeeper-0 for later: Operation not permitted'
[ -z "$(ls -A /dev/shm/timekeeper-0)" ] || fail "offsets are kept in mallory's directory"
rm -r /dev/shm/timekeeper-0
as $mallory ln -s $secrets /dev/shm/timekeeper-0
watch
tk 0 tsc --offsets
printed 'not kept in'
untouched 'tsc --offsets'
end_watch
rm /dev/shm/timekeeper-0
tk 0 tsc --offsets
tk 0 tsc
printed 'measured earlier in this boot'
chown $mallory /dev/shm/timekeeper-0/tsc-offsets
tk 0 tsc
printed 'not measured in this boot'
rm -r /dev/shm/timekeeper-0

# --- hugepages' names are derived: only those below the user's own directory there
if mkdir -p /dev/hugepages && mount -t hugetlbfs -o mode=1777 none /dev/hugepages 2>/dev/null; then
	huge=/dev/hugepages/timekeeper-$mallory
	copy huge.1.x
	as $mallory mkdir -m 755 $huge
	as $mallory touch $huge/huge.1.x.slots.0 $huge/other.1.x.slots.0
	tk 0 clean --force
	[ ! -e $huge/huge.1.x.slots.0 ] && [ -e $huge/other.1.x.slots.0 ] ||
		fail 'hugepages: not that file alone'
	as $mallory touch $huge/huge.1.x.slots.0
	chown $alice $huge
	copy huge.1.x
	tk 0 clean --force
	[ -e $huge/huge.1.x.slots.0 ] || fail "hugepages: removed from another's directory"
	umount /dev/hugepages
else
	echo 'skipped: hugepages: hugetlbfs cannot be mounted'
fi
exit $failed
