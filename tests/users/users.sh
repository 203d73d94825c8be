# SPDX-License-Identifier: MIT
# Sourced by the tests of what users can do to each other. The script runs once more in a mount
# namespace of its own, where /dev/shm is empty and belongs to everybody, as it does outside. There
# are three users: $alice, who is watched; $mallory, who is not in her group; $bob, who is.
[ "$(id -u)" = 0 ] || { echo "skipped: takes root, who alone can be several users"; exit 77; }
if [ -z "${TK_USERS_INSIDE:-}" ]; then
	unshare -m true 2>/dev/null ||
		{ echo "skipped: no mount namespace can be had (a chroot?)"; exit 77; }
	TK_USERS_INSIDE=1 exec unshare -m "$0" "$@"
fi
mount -t tmpfs -o mode=1777,dev tmpfs /dev/shm ||
	{ echo "skipped: nothing can be mounted"; exit 77; }
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/../rows.sh"
unset TIMEKEEPER_DIR
alice=60101 bob=60102 mallory=60103 group=60110
umask 022

# Where everybody can run them: build directories may be root's alone.
mkdir /dev/shm/bin
cp "$TIMEKEEPER" /dev/shm/bin/timekeeper
cp "$HOST" /dev/shm/bin/host
cp "$MISCHIEF" /dev/shm/bin/mischief
PATH=/dev/shm/bin:$PATH

# become USER: how to be that user, in $become.
become() {
	local gid=$1 groups=--clear-groups
	[ "$1" = $alice ] && gid=$group
	[ "$1" = $bob ] && groups=--groups=$group
	become=(setpriv --reuid "$1" --regid "$gid" "$groups" --)
}

# as USER COMMAND...
as() {
	become "$1"
	"${become[@]}" "${@:2}"
}

start_as() {
	become "$1"
	start "${become[@]}" "${@:2}"
}

# tk USER ARGUMENTS...: run timekeeper as that user; $code is what it exits with.
tk() {
	as "$1" timeout -k 5 60 timekeeper "${@:2}" >"$out" 2>"$err"
	code=$?
	[ $code -lt 124 ] || fail "timekeeper ${*:2} as $1: ended with $code"
}
exits() { [ "$code" = "$1" ] || fail "exit $code, not $1"; }
