#!/bin/bash
# SPDX-License-Identifier: MIT
# The example gateway as its users meet it: over HTTP, with signals, with other programs in its way.
# usage: end_to_end.sh <gateway>
set -u
gateway=$1
command -v curl >/dev/null || { echo "skipped: there is no curl (apt-get install curl)"; exit 77; }

dir=$(mktemp -d)
pid=
export TIMEKEEPER_DIR=$dir/segments
trap '[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null; exec 3>&- 4>&-; rm -rf "$dir"' EXIT
failures=0

# check <what> <expected> <got>
check() {
	if [ "$2" = "$3" ]; then
		echo "ok: $1"
	else
		printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
		failures=$((failures + 1))
	fi
}

# until_true <command>: polls, at most 20 s
until_true() {
	local end=$((SECONDS + 20))
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "FAILED: waited 20 s for: $*"; exit 1; }
		sleep 0.02
	done
}

start() {
	: >"$dir/out"
	"$gateway" --port 0 "$@" >"$dir/out" 2>"$dir/err" &
	pid=$!
	until_true grep -q '^listening on 127.0.0.1:[0-9]*$' "$dir/out"
	url=$(sed -n 's/^listening on //p' "$dir/out")
	port=${url##*:}
}

# stop <signal>: its exit status in $status
stop() {
	kill "-$1" "$pid"
	wait "$pid" 2>/dev/null
	status=$?
	pid=
}

post() { curl -s -m 20 -d "$1" "$url"; }
status_of() { curl -s -m 20 -o /dev/null -w '%{http_code}' "$@" "$url"; }
call() { post "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":${2:-[]}}"; }
result() { echo "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"$1\"}"; }
error() { echo "{\"jsonrpc\":\"2.0\",\"id\":${3:-1},\"error\":{\"code\":$1,\"message\":\"$2\"}}"; }
a=0x00000000000000000000000000000000000000aa
b=0x00000000000000000000000000000000000000bb

# ---- the command line

"$gateway" --help >"$dir/help"; check "--help exits 0" 0 $?
check "--help has an example with curl" 1 "$(grep -c 'curl.*eth_blockNumber' "$dir/help")"
for wrong in --no-such '--port x' '--port 65536' '--load -1' '--duration 0' '--connections 0' \
	stray; do
	# shellcheck disable=SC2086
	"$gateway" $wrong >/dev/null 2>"$dir/err"; check "$wrong exits 2" 2 $?
	check "$wrong gets a usage line" 1 "$(grep -c '^usage:' "$dir/err")"
done

# ---- answers

start
check "eth_chainId" "$(result 0x539)" "$(call eth_chainId)"
check "a balance nobody has touched" "$(result 0xe8d4a51000)" "$(call eth_getBalance "[\"$a\"]")"
hash=$(call gw_sendTransaction \
	"[{\"from\":\"$a\",\"to\":\"$b\",\"value\":\"0x10\",\"data\":\"0xff\"}]")
check "a transaction gets a hash" 1 \
	"$(echo "$hash" | grep -cE '^\{"jsonrpc":"2.0","id":1,"result":"0x[0-9a-f]{64}"\}$')"
check "the sender has less" "$(result 0xe8d4a50ff0)" "$(call eth_getBalance "[\"$a\",\"latest\"]")"
check "the receiver has more" "$(result 0xe8d4a51010)" "$(call eth_getBalance "[\"$b\"]")"
tx="{\"from\":\"$a\",\"to\":\"$b\",\"value\":1,\"nonce\":"
check "nonce too low" "$(error -32000 'nonce too low')" "$(call gw_sendTransaction "[${tx}0}]")"
check "nonce too high" "$(error -32000 'nonce too high')" "$(call gw_sendTransaction "[${tx}2}]")"
check "the right nonce" 1 "$(call gw_sendTransaction "[${tx}1}]" | grep -c '"result":"0x')"
all="{\"from\":\"$a\",\"to\":\"$b\",\"value\":\"0xffffffffffffffff\"}"
check "no funds" "$(error -32000 'insufficient funds')" "$(call gw_sendTransaction "[$all]")"
check "not JSON" "$(error -32700 'this is not JSON' null)" "$(post '{"jsonrpc')"
check "not a request" "$(error -32600 'an empty batch' null)" "$(post '[]')"
check "no such method" "$(error -32601 'no such method')" "$(call eth_fly)"
check "wrong parameters" "$(error -32602 'params must hold an address: 0x and 40 hex digits')" \
	"$(call eth_getBalance '[7]')"
check "a batch" "[$(result 0x539),$(error -32601 'no such method')]" \
	"$(post '[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},
		{"jsonrpc":"2.0","method":"eth_chainId"},
		{"jsonrpc":"2.0","id":1,"method":"eth_fly"}]')"
check "a notification is 204" 204 "$(status_of -d '{"jsonrpc":"2.0","method":"eth_chainId"}')"
check "GET is 405" 405 "$(status_of)"
head -c 1048577 /dev/zero >"$dir/big"
check "1 MiB and a byte is 413" 413 "$(status_of --data-binary "@$dir/big")"
check "1 MiB of nothing is answered" 200 "$(head -c 1048576 /dev/zero | status_of --data-binary @-)"
check "answers go on after all that" "$(result 0x539)" "$(call eth_chainId)"
block_came() { [ "$(call eth_blockNumber)" != "$(result 0x0)" ]; }
until_true block_came
echo "ok: blocks are sealed"

# ---- other programs, signals

"$gateway" --port "$port" >/dev/null 2>"$dir/err2"; check "a port in use: exit 1" 1 $?
check "a port in use is named" 1 "$(grep -c "port $port is in use" "$dir/err2")"
exec 3<>"/dev/tcp/127.0.0.1/$port" # an idle connection does not keep it
stop TERM
check "SIGTERM: exit 0" 0 "$status"
exec 3>&-
start; stop INT
check "SIGINT: exit 0" 0 "$status"

start
call eth_chainId >/dev/null
stop KILL
: >"$dir/out"
"$gateway" --port "$port" >"$dir/out" 2>"$dir/err" &
pid=$!
until_true grep -q '^listening' "$dir/out"
check "after SIGKILL the same port serves again" "$(result 0x539)" "$(call eth_chainId)"
stop TERM

# ---- too much at once

# Two requests on open connections arrive while the gateway is stopped, so it meets them together,
# and has room for one.
request=$'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 49\r\n\r\n'
request+='{"jsonrpc":"2.0","id":1,"method":"eth_chainId"  }'
first_line() { local line; IFS= read -r -t 20 line <&"$1"; echo "${line%$'\r'}"; }
drain() { local line; while IFS= read -r -t 20 line <&"$1" && [ "$line" != $'\r' ]; do :; done; }
all_stopped() { ! grep -L '^State:.T' /proc/"$pid"/task/*/status | grep -q .; }

start --in-flight 1
exec 3<>"/dev/tcp/127.0.0.1/$port" 4<>"/dev/tcp/127.0.0.1/$port"
for fd in 3 4; do
	printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' >&$fd
	check "connection $fd is up" "HTTP/1.1 405 Method Not Allowed" "$(first_line $fd)"
	drain $fd
	IFS= read -r -t 20 _ <&$fd # the body
done
kill -STOP "$pid"
until_true all_stopped
printf '%s' "$request" >&3
printf '%s' "$request" >&4
kill -CONT "$pid"
check "one is answered, one told to come again" \
	"HTTP/1.1 200 OK HTTP/1.1 503 Service Unavailable" \
	"$(printf '%s\n' "$(first_line 3)" "$(first_line 4)" | sort | paste -sd ' ')"
exec 3>&- 4>&-
check "there is room again" "$(result 0x539)" "$(call eth_chainId)"
one='{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
check "a batch that never fits is 413" 413 "$(status_of -d "[$one,${one/1,/2,}]")"
stop TERM

# ---- under its own load

for rate in max 2000; do
	"$gateway" --port 0 --load $rate --duration 1 >"$dir/load" 2>&1
	check "--load $rate exits 0" 0 $?
	check "--load $rate: all answered, no errors, none lost" 1 \
		"$(grep -cE '^load: ([1-9][0-9]*) sent, \1 answered, 0 errors, 0 lost;' \
			"$dir/load")"
done
start --load max
check "strangers are served under load" "$(result 0x539)" "$(call eth_chainId)"
stop TERM
check "SIGTERM under load loses no request" 0 "$status"

# ---- without a segment

TIMEKEEPER_DIR=/proc/nowhere start
check "it runs untimed, and says so in one line" 1 "$(wc -l <"$dir/err")"
check "it names the reason" 1 "$(grep -c '^gateway: runs untimed: .' "$dir/err")"
check "it serves all the same" "$(result 0x539)" "$(call eth_chainId)"
stop TERM
check "and ends well" 0 "$status"

[ $failures -eq 0 ] || { echo "$failures failed"; exit 1; }
