# SPDX-License-Identifier: MIT
# Sourced by ./run and tests/run: steps that may take minutes, and say so.

# watched NAME LOG COMMAND...: run COMMAND with its output in LOG. Every 15 seconds print a line
# that says for how long it has run and what it printed last, and one at its end. They are lines,
# so that a CI's log stays readable.
watched() {
	local name=$1 log=$2 began=$SECONDS status
	shift 2
	"$@" 2>&1 | tee "$log" | heartbeat "$name"
	status=${PIPESTATUS[0]}
	printf '    %s took %d s\n' "$name" $((SECONDS - began))
	return "$status"
}

# Meson numbers a test by its place in the list, so those that have ended are counted here.
heartbeat() {
	local name=$1 began=$SECONDS next=$((SECONDS + 15)) said='' ended=0 line
	while line=''; read -r -t 1 line || [ $? -gt 128 ]; do # over 128: nothing came for a second
		if [[ $line =~ ^\ *[0-9]+/([0-9]+)\ timekeeper:(.*) ]]; then
			said="$((++ended))/${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
		elif [ -n "$line" ]; then
			said=$line
		fi
		((SECONDS >= next)) || continue
		next=$((SECONDS + 15))
		printf '    %s, %d s: %s\n' "$name" $((SECONDS - began)) \
			"$(tr -s ' ' <<<"$said" | cut -c1-70)"
	done
}

# configured DIR [MESON SETUP ARGUMENT...]: as ninja wants it, once.
configured() {
	local dir=$1
	shift
	[ ! -f "$dir/build.ninja" ] || return 0
	mkdir -p "$dir"
	printf 'configuring %s\n' "$dir"
	meson setup "$dir" "$@" >"$dir/setup.log" 2>&1 || { tail -20 "$dir/setup.log"; return 1; }
}

# compiled DIR [TARGET...]: the end of the log is shown when that fails; warnings stay in
# DIR/build.log.
compiled() {
	local dir=$1
	printf 'building %s\n' "$dir"
	watched "building $dir" "$dir/build.log" ninja -C "$@" && return
	tail -30 "$dir/build.log"
	return 1
}

# packaged DIR: Debian's packages in DIR, with the log of their build. They are built from a copy of
# the tree, because dpkg-buildpackage puts them beside the tree that it builds.
packaged() {
	local dir=$1
	rm -rf "$dir"
	mkdir -p "$dir/tree"
	{
		git ls-files -z --cached --others --exclude-standard ||
			find . -path './build*' -prune -o -type f -print0
	} 2>/dev/null | tar -c --null -T - | tar -x -C "$dir/tree"
	printf 'building packages\n'
	(cd "$dir/tree" && watched 'building packages' ../log \
		dpkg-buildpackage --build=binary --no-sign) || { tail -30 "$dir/log"; return 1; }
	rm -rf "$dir/tree"
}
