#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What each shell offers for the same command lines: bash by calling its function, zsh by its line
# editor on a pseudo-terminal, fish by `complete -C`. A shell that is not installed is left out, and
# that is said.
set -uo pipefail
: "${TIMEKEEPER:?path of timekeeper}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
export HOME=$work XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work
mkdir "$work/functions" "$work/files" "$work/files/folder"
touch "$work/files/day.hlog"
cd "$work/files" || exit

fail() {
	echo "not ok: $*"
	failed=1
}

# The words that a shell offers for a command line that ends where the cursor is, a line each.
bash_offers() {
	local line=$1
	bash --norc -c 'source "$1"
		compopt() { :; } # bash has it only while it completes
		COMP_WORDS=($2)
		[[ $2 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_timekeeper
		# complete -o default: files, where the function offers nothing
		[ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "${COMP_WORDS[-1]}"))
		printf "%s\n" "${COMPREPLY[@]}"' - "$work/timekeeper.bash" "$line"
}

# Each match goes through compadd, which writes it down; a key then says that all is done.
cat >"$work/capture.zsh" <<'ZSH'
fpath=($WORK/functions $fpath)
autoload -Uz compinit
compinit -u -d $WORK/dump
compadd() {
	local -a hits
	if [[ ${(@)argv[1,(i)(-|--)]} == *-[OAD]* ]]; then
		builtin compadd "$@"
		return
	fi
	builtin compadd -A hits "$@"
	print -rl -- $hits >>$WORK/offered
	builtin compadd "$@"
}
done-completing() { print >$WORK/done }
zle -N done-completing
bindkey '^I' complete-word '^X' done-completing
setopt no_list_beep no_beep
print ready
ZSH
zsh_offers() {
	: >"$work/offered"
	rm -f "$work/done"
	WORK=$work LINE=$1 timeout 60 zsh -f -c '
		zmodload zsh/zpty zsh/zselect
		zpty terminal zsh -f -i
		zpty -w terminal "source $WORK/capture.zsh"
		zpty -r -m terminal shown "*ready*"
		zpty -w -n terminal "$LINE"$'"'\t\x18'"'
		until [[ -e $WORK/done ]]; do
			zpty -rt terminal shown || zselect -t 2
		done
		zpty -d terminal'
	[ -e "$work/done" ] || fail "zsh: no end for: $1"
	grep . "$work/offered"
}

fish_offers() {
	LINE=$1 fish --no-config -c 'source $argv[1]; complete -C "$LINE"' "$work/timekeeper.fish" |
		cut -f1
}

# offers SHELL LINE WORD...: these words are among those that it offers
# only SHELL LINE WORD...: it offers these words, and nothing else
offers() {
	local shell=$1 line=$2 word said
	shift 2
	said=$("${shell}_offers" "$line")
	for word in "$@"; do
		grep -qxF -- "$word" <<<"$said" ||
			fail "$shell, $line: no $word in $(xargs <<<"$said")"
	done
}
only() {
	local shell=$1 line=$2 said
	shift 2
	said=$("${shell}_offers" "$line" | sed 's/[ /]*$//' | sort -u | xargs)
	[ "$said" = "$*" ] || fail "$shell, $line: offers $said, not $*"
}

for shell in bash zsh fish; do
	command -v $shell >/dev/null || { echo "without $shell: it is not installed"; continue; }
	script=$work/timekeeper.$shell
	[ $shell != zsh ] || script=$work/functions/_timekeeper
	"$TIMEKEEPER" help --completion $shell >"$script" || fail "no script for $shell"
	$shell -n "$script" || fail "$shell does not read its script"

	offers $shell 'timekeeper ' top stat record help
	only $shell 'timekeeper repo' report
	only $shell 'timekeeper help cle' clean
	only $shell 'timekeeper stat --onc' --once
	only $shell 'timekeeper stat --format ' csv jsonl table
	only $shell 'timekeeper stat -f js' jsonl
	only $shell 'timekeeper diff --format j' json junit
	only $shell 'timekeeper help --completion ' bash fish none zsh
	offers $shell 'timekeeper top -' --no-color
	offers $shell 'timekeeper --no-' --no-color
	only $shell 'timekeeper ls --dir ' folder
	only $shell 'timekeeper report d' day.hlog
	only $shell 'timekeeper stat --output d' day.hlog
	offers $shell 'timekeeper report --js' --json
	offers $shell 'timekeeper record -o a.hlog -- tru' true
	only $shell 'timekeeper stat -- cat d' day.hlog
	only $shell 'timekeeper top --replay d' day.hlog
done
[ $failed = 0 ] && echo 'ok: bash, zsh and fish complete the same'
exit $failed
