#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What one user can do to another's segments: nothing, unless asked to share; then read, and no
# more. Environment: TIMEKEEPER, HOST, MISCHIEF (programs). Needs root.
set -uo pipefail
. "$(dirname "$0")/users.sh"
place=/dev/shm/timekeeper-$alice

# Nothing of alice's has changed, and she is still watched.
unharmed() {
	tk "$alice" ls
	exits 0
	printed "^$1\..*  $2  1 timer, 1 lane"
	grep -q disabled "$out" && fail "$1: somebody disabled a timer"
}

# refused USER PATTERN: every command of that user fails and says why.
refused() {
	local command
	for command in ls 'ls --json' 'stat --once --oldest' 'disable *' 'clean --force' \
		'tune --seconds 1'; do
		set -f
		tk "$1" $command --dir $place
		set +f
		[ "$code" -gt 0 ] || fail "$command of user $1: succeeded"
		said "$2"
		grep -q 'alices-work' "$out" && fail "$command of user $1: shows alice's timers"
	done
}

# --- private
start_as $alice host private 000
[[ $line == "ready, sum 499500" ]] || fail "host: $line"
refused $mallory 'Permission denied'
refused $bob 'Permission denied'
as $mallory ls "$place"/ >"$out" 2>&1 && fail 'the directory can be listed'
unharmed private alive
end_all
refused $mallory 'Permission denied'
unharmed private dead
rm -r $place

# --- shared with the group, whatever the umask
for mask in 000 022 027 0177 077; do
	start_as $alice host shared $mask group
	[[ $line == "ready, sum 499500" ]] || fail "host under umask $mask: $line"
	segment=$(echo $place/shared.*)
	modes=$(cd "$place" && stat -c '%a %F' . "$segment" "$segment"/* | sort | uniq -c |
		tr -s ' \n' ' ')
	[ "$modes" = " 4 640 regular file 2 750 directory " ] || fail "umask $mask: modes $modes"
	tk $bob ls --dir $place
	exits 0
	printed '^shared\..* alive '
	tk $bob stat --once --oldest --dir $place --format csv
	exits 0
	rows_csv "$out" || fail 'rows that do not add up'
	printed '"alices-work",processing,1000,1000,0,0,0,0,'
	refused $mallory 'Permission denied'
	# A member reads. He does not write, disable, remove or pretend.
	tk $bob disable alices-work --dir $place
	exits 1
	said 'only its owner may'
	tk $bob clean --force --dir $place
	for file in "$segment"/*; do
		as $bob bash -c 'echo x >>"$1"' - "$file" 2>/dev/null && fail "$file can be written"
		as $bob truncate -s 0 "$file" 2>/dev/null && fail "$file can be truncated"
		as $bob rm -f "$file" 2>/dev/null && fail "$file can be removed"
	done
	as $bob mkdir "$place/planted.1.x" 2>/dev/null && fail 'the directory can be written into'
	unharmed shared alive
	[ $mask = 077 ] || { end_all; rm -r $place; }
done

# Of the dead: a member can neither remove them nor, by a lock of his own, make them look alive.
end_all
start_as $bob mischief lock "$segment/head"
unharmed shared dead
tk $bob clean --force --dir $place
exits 1
said 'cannot be removed: Permission denied'
unharmed shared dead
end_all
rm -r $place

# --- what others planted where alice's segments belong: her program runs on, and says why
refuses_place() {
	start_as $alice host planted 022
	[[ $line == refused*"$1"*", sum 499500" ]] || fail "$2: $line"
	end_all
	tk $alice ls
	exits 3
	said "$3"
	[ "$(wc -l <"$err")" -le 2 ] || fail "$2: more than it takes"
	tk $alice stat --once
	exits 3
	tk 0 ls
	said "$3"
	rm -rf $place
}
as $mallory touch $place
refuses_place 'Not a directory' 'a file' 'Not a directory'
mkdir /dev/shm/alices
chown $alice /dev/shm/alices
as $mallory ln -s /dev/shm/alices $place
refuses_place 'directory' 'a link to a directory of her own' 'Not a directory'
[ -z "$(ls -A /dev/shm/alices)" ] || fail 'a link was followed'
as $mallory mkfifo $place
refuses_place 'Not a directory' 'a fifo' 'Not a directory'
as $mallory mkdir -m 755 $place
refuses_place 'belongs to another user' "somebody else's directory" \
	'another user than its name says'
as $mallory mkdir -m 777 $place
refuses_place 'belongs to another user' 'a directory for everybody' \
	'another user than its name says'
as $alice mkdir -m 777 $place
refuses_place 'others may write' 'her own, that all can write into' 'others may write into it'
as $alice mkdir -m 1777 $place
refuses_place 'others may write' 'the same, sticky' 'others may write into it'

# A segment that is genuine but in a directory that is not hers: not believed either.
as $mallory mkdir -m 755 $place
start_as $mallory env TIMEKEEPER_DIR=$place host genuine 022
[[ $line == ready* ]] || fail "mallory's own: $line"
tk $alice ls
exits 3
said 'another user than its name says'
tk 0 ls
grep -q genuine "$out" && fail 'root believes a directory that is not whose its name says'
end_all
rm -r $place

# --- a setuid program ignores the environment of whoever runs it
cp /dev/shm/bin/host /dev/shm/bin/setuid
chown $alice /dev/shm/bin/setuid
chmod 4755 /dev/shm/bin/setuid
as $mallory mkdir -m 700 /dev/shm/lure
start_as $mallory env TIMEKEEPER_DIR=/dev/shm/lure setuid private 022
[[ $line == "ready, sum 499500" ]] || fail "setuid: $line"
[ -z "$(ls -A /dev/shm/lure)" ] || fail 'a setuid program went where TIMEKEEPER_DIR said'
unharmed private alive
end_all
exit $failed
