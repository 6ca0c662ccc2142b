#!/bin/sh
# Run a flow: run.sh FILE.flow.  A flow is a text of one step a line; "#"
# starts a comment.  Homes and messages have names; -> names what a step makes.
#
#	ca HOME				a certification authority
#	maker NAME			a manufacturer and one device identity
#	trust CA MAKER OPTION...	cmp-ca trust add --enrol
#	ask HOME MAKER -> MSG OPTION...	cmp-mkreq ir of device HOME
#	bring MSG CA [NAME]		copy MSG into the spool, as NAME.pki
#	half MSG CA NAME		the same, with its second half missing
#	work CA				cmp-process: everything waiting, once
#	start CA, stop CA		cmp-process --watch, and its end
#	answer CA MSG -> MSG2		newest answer to MSG's transaction
#	lose CA MSG			take the answers to MSG out of out/
#	take HOME MSG [-> MSG2]		the device handles an answer
#	hand CA MSG [-> MSG2]		the CA handles a file, without spool
#
#	expect MSG KEY VALUE		a line of cmp-inspect
#	expect-code CODE | none		what the last program reported
#	expect-none CA MSG		no answer to MSG is in out/
#	expect-same MSG MSG2		byte for byte
#	expect-certs CA N		so many certificates were issued
#	expect-installed HOME N		so many certificates at the device
#	expect-waiting CA N		so many files in in/
set -euf

flow=$(cd "$(dirname "$1")" && pwd)/${1##*/}
PATH=$(cd "${BUILD_DIR:-build/release}" && pwd):$PATH
tmp=$(mktemp -d "${TMPDIR:-/tmp}/cmp-flow.XXXXXX")
agent=
finish() {
	[ -z "$agent" ] || kill "$agent" 2>/dev/null || :
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' INT TERM
cd "$tmp"
umask 077
: >log

fail() {
	echo "${flow##*/}:$n: $line" >&2
	echo "  $*" >&2
	sed 's/^/  | /' log >&2
	exit 1
}

# A refusal is an outcome: expect-code looks at it.
run() {
	"$@" >stdout 2>log || :
}

must() {
	"$@" >stdout 2>log || fail "$1 failed"
}

inspect() {
	cmp-inspect "$1.pki" 2>/dev/null
}

# answers CA MSG: the files in out/ of MSG's transaction, oldest first.
answers() {
	id=$(inspect "$2" | sed -n 's/^ *transactionID: \(.\{16\}\).*/\1/p')
	find "$1/spool/out" -name "$id-*" | sort
}

equal() {
	[ "$1" = "$2" ] || fail "found \"$1\", expected \"$2\""
}

do_ca() {
	must cmp-ca -C "$1" init --name "CN=$1,O=Example" --newkey ec:P-256
}
do_maker() {
	do_ca "$1"
}
do_trust() {
	ca=$1 maker=$2
	shift 2
	must cmp-ca -C "$ca" trust add --enrol "$maker/certs/ca.pem" "$@"
}
do_ask() {
	device=$1 maker=$2 message=$4
	shift 4
	must cmp-mkreq -C "$device" ir --newkey ec:P-256 \
	    --cert "$maker/certs/cmp.pem" --key "$maker/keys/cmp.key" \
	    --trust plant/certs/ca.pem -o "$message.pki" "$@"
}
do_bring() {
	cp "$1.pki" "$2/spool/in/${3:-$1}.pki"
}
do_half() {
	head -c "$(($(wc -c <"$1.pki") / 2))" "$1.pki" >"$2/spool/in/$3.pki"
}
do_work() {
	run cmp-process -C "$1"
}
do_start() {
	cmp-process -C "$1" --watch 2>log &
	agent=$!
}
do_stop() {
	# It stops between two groups: what it has begun is done.
	kill "$agent"
	wait "$agent" || :
	agent=
}
do_answer() {
	tries=0
	while [ -z "$(answers "$1" "$2")" ] && [ -n "$agent" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || break
		sleep 0.1
	done
	file=$(answers "$1" "$2" | tail -n 1)
	[ -n "$file" ] || fail "no answer"
	rm -f "$4.pki"
	cp "$file" "$4.pki"
}
do_lose() {
	answers "$1" "$2" | while read -r file; do rm "$file"; done
}
do_hand() {
	rm -f made.pki
	run cmp-process -C "$1" -o made.pki "$2.pki"
	[ $# -lt 4 ] || { [ -e made.pki ] || fail "no answer"
		mv made.pki "$4.pki"; }
}
do_take() {
	do_hand "$@"
}
do_expect() {
	found=$(inspect "$1" | sed -n "s/^ *$2: //p" | head -n 1)
	key=$1.$2
	shift 2
	[ "$found" = "$*" ] || fail "$key is \"$found\", expected \"$*\""
}
do_expect_code() {
	code=$(sed -n 's/.*: \(E_[A-Z0-9_]*\):.*/\1/p' log | head -n 1)
	equal "${code:-none}" "$1"
}
do_expect_none() {
	equal "$(answers "$1" "$2")" ""
}
do_expect_same() {
	cmp -s "$1.pki" "$2.pki" || fail "they differ"
}
do_expect_certs() {
	equal "$(cmp-ca -C "$1" list 2>/dev/null | wc -l | tr -d ' ')" "$2"
}
do_expect_installed() {
	equal "$(find "$1/certs" -name '*.pem' | wc -l | tr -d ' ')" "$2"
}
do_expect_waiting() {
	equal "$(find "$1/spool/in" -name '*.pki' | wc -l | tr -d ' ')" "$2"
}

n=0
while IFS= read -r line <&3 || [ -n "$line" ]; do
	n=$((n + 1))
	# Words without spaces is all that a flow has.
	# shellcheck disable=SC2086
	set -- ${line%%#*}
	[ $# -gt 0 ] || continue
	step=do_$(echo "$1" | tr - _)
	type "$step" >/dev/null 2>&1 || fail "no such step"
	shift
	"$step" "$@"
done 3<"$flow"
