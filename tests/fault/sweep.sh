#!/bin/sh
# sweep.sh DIR STRIDE PART...: programs are killed before and after each
# file operation, and each is made to fail; after a second run all has to be
# as if nothing had been.  DIR must not exist; it is used and removed.
#
# STRIDE 1 takes each operation; with 5, every fifth, a different one for
# each kind of fault.  Prints each fault after which something was wrong.
#
#	init mkreq trust	what sets up
#	ca ca-old ca-file	two requests at the CA: through its spool, the
#				same without renameat2(), given as files
#	dev dev-confirm		the answers at the devices
#	conf pkiconf		certConf at the CA, its pkiConf at the device
#	revoke crl		by the operator, with the CRL that follows; a CRL
#	channel			two requests by two channels, one of them by both
#	bundle			ten requests in one file
#	ra-up ra-down ra-hold	at an RA: requests go up, answers come down, what
#				was approved goes up
#	ra-queue ra-batch	ten wait there, leave as one, and return as one
#	ra-split
#	hold poll-early poll	a request that is held, pollReq before and after
#				its approval at the CA
#	wait wait-more		status waiting and pollRep at the device
#	approve reject		by the operator
#	ask-OP ca-OP dev-OP	an operation of ops.sh: its request, what the CA
#				makes of it, the answer at the device
#	accept			of a new root at the device
#	rollover activate	of the root at the CA
#	ticket-new ticket-add ticket-remove
#	export import		messages to a medium and from one
#	behalf			requests of an RA for others
# shellcheck disable=SC2317 # case_of calls parts by their names
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/fault/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/fault/ops.sh
. "$here/ops.sh"
# shellcheck source=tests/fault/bundle.sh
. "$here/bundle.sh"
# shellcheck source=tests/fault/media.sh
. "$here/media.sh"
# shellcheck source=tests/fault/relay.sh
. "$here/relay.sh"

dir=$1
stride=$2
shift 2
mkdir "$dir"
dir=$(cd "$dir" && pwd -P)
trap 'rm -rf "$dir"' EXIT
w=$dir/w		# where it happens; a fresh copy each time
bad=0
points=0

fail() {
	echo "$part $fault: $*"
	bad=1
}

# once PROGRAM ARGS: under the fault; ${status} gets its exit status
once() {
	status=0
	set -- ${without:+"FAULT_WITHOUT=$without"} -- "$@"
	if [ "$fault" = none ]; then
		set -- "FAULT_LOG=$dir/log" "$@"
	else
		set -- "FAULT=$fault" "$@"
	fi
	# In a shell of its own: it would tell of each kill.
	(inject "$w" "$@" || exit $?) >"$dir/text" 2>&1 || status=$?
	case $fault:$status in
	none:0 | none:3 | kill*:137 | fail*:0 | fail*:3 | fail*:7[345]) ;;
	*) fail "exit status $status: $(tail -n 1 "$dir/text")" ;;
	esac
}

# again PROGRAM ARGS: without faults; it has to succeed, or to end with ${or}
again() {
	again_rc=0
	"$@" >"$dir/text" 2>&1 || again_rc=$?
	[ "$again_rc" -eq 0 ] || [ "$again_rc" -eq "${or:-0}" ] ||
	    fail "again: exit status $again_rc: $(tail -n 1 "$dir/text")"
}

# has DIR NAME...: DIR contains exactly these
has() {
	has_dir=$1
	shift
	found=$(cd "$has_dir" && find . -mindepth 1 | sed 's,^\./,,' | sort)
	[ "$found" = "$(for i; do echo "$i"; done | sort)" ] ||
	    fail "${has_dir#"$w"/} has: $found"
}

# no_temporary [DIR]
no_temporary() {
	found=$(find "${1:-$w}" -name '.tmp.*')
	[ -z "$found" ] || fail "is left: $found"
}

# Whatever is visible in these directories must never change.
keep() {
	mkdir "$w/seen"
	for d; do
		for f in "$d"/*.pki; do
			[ ! -e "$f" ] || cp "$f" "$w/seen/"
		done
	done
}
kept() {
	for f in "$w"/seen/*; do
		[ ! -e "$f" ] || cmp -s "$f" "$1/${f##*/}" ||
		    fail "${f##*/} is not what it was"
	done
}

# The CA ${1} has one certificate for each of the other arguments.
issued() {
	ca=$1
	shift
	cmp-ca -C "$ca" list --json >"$dir/list" ||
	    fail "list: exit status $?"
	sed -e 's/.*"subject":"CN=\([^,]*\).*"state":"valid".*/\1/' \
	    -e 's/.*"subject":"CN=\([^,]*\).*"state":"\([a-z]*\)".*/\1:\2/' \
	    "$dir/list" | sort >"$dir/names"
	for i; do echo "$i"; done | cmp -s - "$dir/names" ||
	    fail "certificates:" "$(cat "$dir/names")"
	cmp-ca -C "$ca" check >"$dir/text" 2>&1 ||
	    fail "cmp-ca check: $(cat "$dir/text")"
}

# spool_is CA ANSWERS REQUESTS
spool_is() {
	has "$1/spool/in"
	has "$1/spool/work"
	has "$1/spool/bad"
	has "$1/spool/tmp"
	# shellcheck disable=SC2086 # a list of names
	has "$1/spool/out" $2
	# shellcheck disable=SC2086
	has "$1/spool/done" $3
	has "$1/state" cmp.db lock
}

# takes HOME ANSWER: a device as it was before takes the answer
takes() {
	rm -rf "$w/try" "$w/tried"
	cp -a "$1" "$w/try"
	cmp-process -C "$w/try" -o "$w/tried/" "$2" >"$dir/text" 2>&1 ||
	    [ $? -eq "${or:-0}" ] ||
	    fail "${1##*/} does not take ${2##*/}: $(tail -n 1 "$dir/text")"
}

# handles HOME ANSWERS MESSAGE...: $w/role, a copy of HOME, is given the
# messages under the fault and again.  The names of what it wrote to $w/out.
handles() {
	handles_base=$1
	handles_out=$2
	shift 2
	cp -a "$handles_base" "$w/role"
	once cmp-process -C "$w/role" -o "$w/out/" "$@"
	mkdir -p "$w/out"
	keep "$w/out"
	stands "$handles_base"
	again cmp-process -C "$w/role" -o "$w/out/" "$@"
	kept "$w/out"
	# shellcheck disable=SC2086 # a list of names
	has "$w/out" $handles_out
	no_temporary
	stands "$handles_base"
}

# --- parts: each one case

part_init() {
	once cmp-ca -C "$w/ca" init --name "CN=CA,O=Example" --newkey ec:P-256
	# With cmp.conf it is a CA, and that comes last.
	[ -e "$w/ca/cmp.conf" ] || again cmp-ca -C "$w/ca" init \
	    --name "CN=CA,O=Example" --newkey ec:P-256
	no_temporary
	has "$w/ca/keys" ca.key cmp.key
	has "$w/ca/certs" ca.pem cmp.pem
	[ "$(stat -c %a "$w/ca" "$w/ca/keys" "$w/ca/spool/in" \
	    "$w/ca/spool/out" "$w/ca/spool/work" "$w/ca/keys/ca.key" |
	    tr '\n' ' ')" = "700 700 770 770 700 600 " ] ||
	    fail "modes are not as they should be"
	again add_trust "$w/ca" "$dir/id"
	again cmp-process -C "$w/ca"
	issued "$w/ca"
}

part_mkreq() {
	cp -a "$dir/base/ca" "$w/ca"
	request() {
		"$@" cmp-mkreq -C "$w/dev" ir --subject CN=x,O=Example \
		    --newkey ec:P-256 --cert "$dir/id/dev1.pem" \
		    --key "$dir/id/dev1.key" --trust "$w/ca/certs/ca.pem" \
		    -o "$w/stick/"
	}
	request once
	[ "$fault" = none ] || [ "$status" -eq 0 ] || request again
	for f in "$w"/dev/keys/*; do
		openssl pkey -in "$f" -noout 2>/dev/null ||
		    fail "$f is no key"
	done
	# The stick is not ours to sweep.
	no_temporary "$w/dev"
	# Whatever is on the stick is a request that can be answered.
	rm -f "$w"/ca/spool/in/*
	for f in "$w"/stick/*-1-ir.pki; do
		name=$(basename "$f" -1-ir.pki)
		cp "$f" "$w/ca/spool/in/"
		again cmp-process -C "$w/ca"
		again cmp-process -C "$w/dev" "$w/ca/spool/out/$name-2-ip.pki"
	done
	[ -n "$(ls "$w/dev/certs")" ] || fail "no certificate"
}

part_trust() {
	cp -a "$dir/base/ca" "$w/ca"
	rm -f "$w"/ca/spool/in/*
	rule() {
		"$@" cmp-ca -C "$w/ca" trust add --enrol "$dir/id/root.pem" \
		    --name more
	}
	rule once
	was=$status
	cmp-ca -C "$w/ca" trust list >"$dir/rules" 2>&1 ||
	    fail "cmp.conf does not parse: $(cat "$dir/rules")"
	grep -q '^more$' "$dir/rules" || {
		[ "$was" -ne 0 ] || fail "says it is there, and it is not"
		rule again
	}
	again cmp-process -C "$w/ca"
	no_temporary
	again cmp-ca -C "$w/ca" trust remove more
}

# Two requests have been at the CA in $w/ca, whatever happened.
two_answered() {
	a="$(name_of "$dir/base" dev1)" b="$(name_of "$dir/base" dev2)"
	spool_is "$w/ca" "$a-2-ip.pki $b-2-ip.pki" \
	    "$a-1-ir.pki $b-1-ir.pki"
	for f in "$w"/ca/spool/done/*; do
		cmp -s "$f" "$dir/base/ca/spool/in/${f##*/}" ||
		    fail "${f##*/} in done/ is not what came in"
	done
	no_temporary
	issued "$w/ca" dev1 dev2
	takes "$dir/base/dev1" "$w/ca/spool/out/$a-2-ip.pki"
	takes "$dir/base/dev2" "$w/ca/spool/out/$b-2-ip.pki"
	# The same requests again, when the answers have been taken away.
	mv "$w/ca/spool/out" "$w/out"
	mkdir "$w/ca/spool/out"
	cp "$dir"/base/ca/spool/in/* "$w/ca/spool/in/"
	again cmp-process -C "$w/ca"
	diff -r "$w/out" "$w/ca/spool/out" >/dev/null ||
	    fail "the same requests get other answers"
	issued "$w/ca" dev1 dev2
}

part_ca() {
	cp -a "$dir/base/ca" "$w/ca"
	once cmp-process -C "$w/ca"
	once=$(find "$w/ca/spool/in" "$w/ca/spool/work" "$w/ca/spool/done" \
	    -links 1 -name '*-ir.pki' | wc -l)
	twice=$(find "$w/ca/spool/in" "$w/ca/spool/work" "$w/ca/spool/done" \
	    -links 2 -name '*-ir.pki' | wc -l)
	[ $((once + twice / 2)) -eq 2 ] || fail "requests are lost"
	[ "$status" -ne 0 ] || [ "$(find "$w/ca/spool/out" -name '[!.]*.pki' |
	    wc -l)" -eq 2 ] || fail "says all is done, and it is not"
	keep "$w/ca/spool/out"
	again cmp-process -C "$w/ca"
	kept "$w/ca/spool/out"
	two_answered
}

part_ca_file() {
	a="$(name_of "$dir/base" dev1)" b="$(name_of "$dir/base" dev2)"
	rm -rf "$dir/quiet"
	cp -a "$dir/base/ca" "$dir/quiet"
	rm -f "$dir"/quiet/spool/in/*
	handles "$dir/quiet" "$a-2-ip.pki $b-2-ip.pki" \
	    "$dir"/base/stick-dev?/*.pki
	issued "$w/role" dev1 dev2
	takes "$dir/base/dev1" "$w/out/$a-2-ip.pki"
	takes "$dir/base/dev2" "$w/out/$b-2-ip.pki"
}

# installs DEV [yes]: DEV takes its answer and is ready; yes, it confirms.
installs() {
	a=$(name_of "$dir/base" "$1")
	handles "$dir/base/$1" "${2:+"$a-3-certconf.pki"}" \
	    "$dir/answers/$a-2-ip.pki"
	set -- "$w"/role/certs/*.pem
	[ $# -eq 1 ] || fail "not one certificate: $*"
}

part_dev_confirm() {
	installs dev2 yes
	# And the CA takes what it wrote.
	cp -a "$dir/answered" "$w/ca"
	cp "$w"/out/*.pki "$w/ca/spool/in/"
	again cmp-process -C "$w/ca"
	ls "$w"/ca/spool/out/*-pkiconf.pki >/dev/null 2>&1 ||
	    fail "certConf got no pkiConf"
}

part_conf() {
	cp -a "$dir/answered" "$w/ca"
	cp "$dir/certconf" "$w/ca/spool/in/conf.pki"
	once cmp-process -C "$w/ca"
	keep "$w/ca/spool/out"
	again cmp-process -C "$w/ca"
	kept "$w/ca/spool/out"
	a="$(name_of "$dir/base" dev1)" b="$(name_of "$dir/base" dev2)"
	spool_is "$w/ca" "$a-2-ip.pki $b-2-ip.pki $b-4-pkiconf.pki" \
	    "$a-1-ir.pki $b-1-ir.pki conf.pki"
	no_temporary
	issued "$w/ca" dev1 dev2
	cp -a "$dir/confirming" "$w/dev2"
	again cmp-process -C "$w/dev2" "$w/ca/spool/out/$b-4-pkiconf.pki"
}

part_pkiconf() {
	handles "$dir/confirming" "" "$dir/pkiconf"
}

# An approved request gets its one certificate when it is polled for.
part_poll() {
	a="$(name_of "$dir/base" dev1)"
	handles "$dir/approved" "$a-4-ip.pki" "$dir/pollreq"
	issued "$w/role" dev1
	takes "$dir/waiting" "$w/out/$a-4-ip.pki"
}

# Held, and not decided when it is polled for.
part_hold() {
	a="$(name_of "$dir/base" dev1)"
	handles "$dir/hold" "$a-2-ip.pki" "$dir"/base/stick-dev1/*.pki
	issued "$w/role"
	or=3 takes "$dir/base/dev1" "$w/out/$a-2-ip.pki"
}
part_poll_early() {
	a="$(name_of "$dir/base" dev1)"
	handles "$dir/holding" "$a-4-pollrep.pki" "$dir/pollreq"
	issued "$w/role"
	or=3 takes "$dir/waiting" "$w/out/$a-4-pollrep.pki"
}

# The device that is told to wait asks again, with one pollReq.
part_wait() {
	or=3 handles "$dir/base/dev1" \
	    "$(name_of "$dir/base" dev1)-3-pollreq.pki" "$dir/wait"
}
part_wait_more() {
	or=3 handles "$dir/waiting" \
	    "$(name_of "$dir/base" dev1)-5-pollreq.pki" "$dir/pollrep"
}

# The CRL of $w/ca is whole, signed, and has as many entries as ${1}.
crl_has() {
	no_temporary
	openssl crl -in "$w/ca/certs/ca.crl" -inform DER -noout -verify \
	    -CAfile "$w/ca/certs/ca.pem" >/dev/null 2>&1 ||
	    fail "the CRL is not good"
	openssl crl -in "$w/ca/certs/ca.crl.pem" -outform DER |
	    cmp -s - "$w/ca/certs/ca.crl" || fail "ca.crl.pem is another CRL"
	[ "$(openssl crl -in "$w/ca/certs/ca.crl.pem" -noout -text |
	    grep -c 'Serial Number')" = "$1" ] || fail "not $1 on the CRL"
	cmp-ca -C "$w/ca" check >"$dir/text" 2>&1 ||
	    fail "cmp-ca check: $(cat "$dir/text")"
}

# The number of a CRL is not less than when this was last called.
crl_grows() {
	n=$(openssl crl -in "$1/certs/ca.crl.pem" -noout -crlnumber 2>/dev/null)
	n=$((${n#*=}))
	[ "$n" -ge "$number" ] || fail "CRL $n after $number"
	number=$n
}

part_revoke() {
	cp -a "$dir/shop" "$w/ca"
	crl_grows "$w/ca"
	serial=$(cmp-ca -C "$w/ca" list | sed -n '1s/ .*//p')
	once cmp-ca -C "$w/ca" revoke "$serial"
	crl_grows "$w/ca"
	# What has not been done can be done, what has been is said.
	or=1 again cmp-ca -C "$w/ca" revoke "$serial"
	again cmp-process -C "$w/ca"
	crl_grows "$w/ca"
	crl_has 1
}

part_crl() {
	cp -a "$dir/shop" "$w/ca"
	crl_grows "$w/ca"
	once cmp-ca -C "$w/ca" crl
	crl_grows "$w/ca"
	again cmp-ca -C "$w/ca" crl
	crl_grows "$w/ca"
	crl_has 0
}

# Two requests by two channels, one of them by both: each answer in the
# directories of the channels that its request came by, and nowhere else.
part_channel() {
	cp -a "$dir/base/ca" "$w/ca"
	s="$w/ca/spool"
	printf '%s\n' '[channel usb]' '[channel mail]' >>"$w/ca/cmp.conf"
	a="$(name_of "$dir/base" dev1)" b="$(name_of "$dir/base" dev2)"
	mkdir -m 770 "$s/in/usb" "$s/in/mail"
	cp "$s/in/$a-1-ir.pki" "$s/in/usb/"
	mv "$s"/in/*.pki "$s/in/mail/"
	once cmp-process -C "$w/ca"
	rm -rf "$w/early"
	mkdir "$w/early"
	cp -a "$s/out" "$w/early/"
	again cmp-process -C "$w/ca"
	(cd "$w/early/out" && find . -name '[!.]*.pki') | while read -r f; do
		cmp -s "$w/early/out/$f" "$s/out/$f" ||
		    echo "$f is not what it was"
	done >"$dir/text"
	[ ! -s "$dir/text" ] || fail "$(cat "$dir/text")"
	rm -rf "$w/early"
	has "$s/in" mail usb
	has "$s/work" mail usb
	has "$s/out" mail "mail/$a-2-ip.pki" "mail/$b-2-ip.pki" usb \
	    "usb/$a-2-ip.pki"
	cmp -s "$s/out/mail/$a-2-ip.pki" "$s/out/usb/$a-2-ip.pki" ||
	    fail "two channels have two answers"
	has "$s/done" "$a-1-ir.1.pki" "$a-1-ir.pki" "$b-1-ir.pki"
	no_temporary
	issued "$w/ca" dev1 dev2
	takes "$dir/base/dev1" "$s/out/usb/$a-2-ip.pki"
}

# --- all points of a part

case_of() {
	rm -rf "$w"
	mkdir "$w"
	number=0
	case $part in
	ca-old) part_ca ;;
	dev) installs dev1 ;;
	approve) decided approved approve ;;
	reject) decided refused reject --reason no ;;
	ask-*) asking "${part#ask-}" ;;
	ca-file) part_ca_file ;;
	ca-*) answering "${part#ca-}" ;;
	dev-confirm) part_dev_confirm ;;
	dev-*) taking "${part#dev-}" ;;
	*)
		name=part_$(echo "$part" | tr - _)
		command -v "$name" >/dev/null || {
			echo "sweep.sh: no part is called $part" >&2
			exit 64
		}
		"$name" ;;
	esac
}

# The faults of operation $1, by stride; $2 counts up.
faults() {
	i=0
	for k in "kill-before:$1" "kill-after:$1" "fail:$1:ENOSPC" \
	    "fail:$1:EIO"; do
		i=$((i + 1))
		[ $((($1 + i * stride / 4) % stride)) -ne 0 ] || echo "$k"
	done
}

sweep() {
	part=$1
	rm -f "$dir/log"
	without=
	[ "$part" != ca-old ] || without=renameat2
	[ -e "$dir/shop" ] || ! needs_ops "$part" ||
	    prepare_ops 2>"$dir/text" || { cat "$dir/text"; exit 1; }
	[ -e "$dir/ra" ] || ! needs_media "$part" ||
	    prepare_media 2>"$dir/text" || { cat "$dir/text"; exit 1; }
	fault=none
	case_of
	# A run of the part without faults told how many there are.
	total=$(awk '$1 > n { n = $1 } END { print n + 0 }' "$dir/log")
	[ "$total" -gt 0 ] || fail "nothing was counted"
	op=0
	did=0
	while [ $((op += 1)) -le "$total" ]; do
		for fault in $(faults $op); do
			case_of
			did=$((did + 1))
		done
	done
	points=$((points + did))
	echo "# $part: $total operations, $did faults"
}

prepare "$dir" 2>"$dir/text" || { cat "$dir/text"; exit 1; }
# Later states: the CA that has answered, the device that confirms.
{
	cp -a "$dir/base/ca" "$dir/answered"
	cmp-process -C "$dir/answered"
	cp -a "$dir/answered/spool/out" "$dir/answers"
	cp -a "$dir/base/dev2" "$dir/confirming"
	cmp-process -C "$dir/confirming" -o "$dir/certconf" \
	    "$dir/answers/$(name_of "$dir/base" dev2)-2-ip.pki"
	cp -a "$dir/base/ca" "$dir/hold"
	rm -f "$dir"/hold/spool/in/*
	sed -i '/^\[enrol /a hold = yes' "$dir/hold/cmp.conf"
	cp -a "$dir/hold" "$dir/holding"
	cmp-process -C "$dir/holding" -o "$dir/wait" \
	    "$dir"/base/stick-dev1/*.pki
	cp -a "$dir/base/dev1" "$dir/waiting"
	cmp-process -C "$dir/waiting" -o "$dir/pollreq" "$dir/wait" ||
	    [ $? -eq 3 ]
	cp -a "$dir/holding" "$dir/polled"
	cmp-process -C "$dir/polled" -o "$dir/pollrep" "$dir/pollreq"
	cp -a "$dir/holding" "$dir/approved"
	cmp-ca -C "$dir/approved" approve "$(name_of "$dir/base" dev1)"
	cp -a "$dir/answered" "$dir/confirmed"
	cmp-process -C "$dir/confirmed" -o "$dir/pkiconf" "$dir/certconf"
} 2>"$dir/text" || { cat "$dir/text"; exit 1; }

if [ $# -eq 0 ]; then
	set -- init mkreq trust ca ca-old ca-file dev dev-confirm conf \
	    pkiconf revoke crl hold poll-early poll wait wait-more approve \
	    reject channel bundle ra-up ra-down ra-hold ra-queue ra-batch \
	    ra-split accept rollover activate ticket-new ticket-add \
	    ticket-remove export import behalf
	for i in $operations; do
		set -- "$@" "ask-$i" "ca-$i" "dev-$i"
	done
fi
for i; do
	sweep "$i"
done
echo "# $points faults"
exit $bad
