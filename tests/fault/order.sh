#!/bin/sh
# order.sh DIR: does everything that has to be on disk get there in time?
# DIR must not exist; it is used and removed.  Prints what came too early.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/fault/lib.sh
. "$here/lib.sh"

dir=$1
mkdir "$dir"
dir=$(cd "$dir" && pwd -P)
trap 'rm -rf "$dir"' EXIT
bad=0

# run NAME WANT VAR=VALUE... -- PROGRAM: below the current directory
run() {
	what=$1
	want=$2
	shift 2
	rm -f "$dir/log"
	status=0
	inject "$PWD" FAULT_LOG="$dir/log" "$@" >"$dir/text" 2>&1 || status=$?
	if [ "$status" -gt "${may:-0}" ]; then
		echo "$what: exit status $status"
		cat "$dir/text"
		bad=1
	fi
	if ! awk -v want="$want" -f "$here/order.awk" "$dir/log" \
	    "$dir/log" >"$dir/found"; then
		sed "s/^/$what: /" "$dir/found"
		bad=1
	fi
}

prepare "$dir" 2>"$dir/prepare" || { cat "$dir/prepare"; exit 1; }

mkdir "$dir/new" && cd "$dir/new"
run "init" key -- cmp-ca -C ca init --name CN=CA --newkey ec:P-256
run "init with chain" key -- cmp-ca -C ca2 init --key ca/keys/ca.key \
    --cert ca/certs/ca.pem --chain ca/certs/ca.pem
run "trust add" "" -- cmp-ca -C ca trust add --enrol "$dir/id/root.pem" \
    --name r
run "trust remove" "" -- cmp-ca -C ca trust remove r
run "mkreq" key,commit,answer -- cmp-mkreq -C dev ir --subject CN=x \
    --newkey ec:P-256 --cert "$dir/id/dev1.pem" --key "$dir/id/dev1.key" \
    --trust ca/certs/ca.pem -o stick/

# The CA, with and without renameat2().
for kind in new old; do
	cp -a "$dir/base" "$dir/$kind-ca" && cd "$dir/$kind-ca"
	set --
	[ $kind = new ] || set -- FAULT_WITHOUT=renameat2
	run "$kind: nothing happens" "" "$@" -- cmp-process -C ca -n
	cp -a ca counted
	run "$kind: the same" commit "$@" -- cmp-process -C counted
	full=$(awk '$2 ~ /^pwrite/ && /cmp\.db-wal/ { print $1; exit }' "$dir/log")
	may=75 run "$kind: full disk" return "$@" "FAULT=fail:$full:ENOSPC" -- \
	    cmp-process -C ca
	run "$kind: two requests" commit,answer,done "$@" -- cmp-process -C ca
	mkdir taken && mv ca/spool/out/* taken/
	cp ca/spool/done/*.pki ca/spool/in/
	run "$kind: again" answer,done "$@" -- cmp-process -C ca
	for text in '\060\003abc' '\060\003abc\060'; do
		# shellcheck disable=SC2059 # octets
		printf "$text" >ca/spool/in/broken.pki
		may=65 run "$kind: broken" bad "$@" -- cmp-process -C ca
	done
	run "$kind: answer" commit,cert "$@" -- cmp-process -C dev1 \
	    "ca/spool/out/$(name_of . dev1)-2-ip.pki"
	run "$kind: answer to confirm" commit,cert,conf "$@" -- \
	    cmp-process -C dev2 -o stick/ \
	    "ca/spool/out/$(name_of . dev2)-2-ip.pki"
	cp stick/*certconf.pki ca/spool/in/
	run "$kind: certConf" commit,answer,done "$@" -- cmp-process -C ca
	run "$kind: pkiConf" commit "$@" -- cmp-process -C dev2 \
	    ca/spool/out/*-pkiconf.pki
	# All that is neither a file of the spool nor an enrolment.
	(
		cp -a "$dir/base/dev1" owner
		cmp-process -C owner "ca/spool/out/$(name_of . dev1)-2-ip.pki"
		cp owner/certs/*.pem own.pem
		cp owner/keys/*.key own.key
		chmod 600 own.key
	) 2>"$dir/prepare"
	run "$kind: crl" commit "$@" -- cmp-ca -C ca crl
	run "$kind: rollover" key "$@" -- cmp-ca -C ca rollover
	run "$kind: ticket" commit "$@" -- cmp-ca -C ca ticket new \
	    --subject 'CN=*'
	for about in cacerts "rootupdate --root ca/certs/ca.pem" reqtemplate \
	    current-crl; do
		q=genm-${about%% *}
		# shellcheck disable=SC2086 # words
		run "$kind: $q asked" commit,answer "$@" -- cmp-mkreq \
		    -C owner genm $about --cert own.pem --key own.key \
		    -o "$q.pki"
		run "$kind: $q" commit,answer "$@" -- cmp-process -C ca \
		    -o "$q-answer.pki" "$q.pki"
		run "$kind: $q taken" commit,file "$@" -- cmp-process \
		    -C owner "$q-answer.pki"
	done
	run "$kind: accept" root "$@" -- cmp-process -C owner --accept
	run "$kind: activate" key "$@" -- cmp-ca -C ca rollover --activate
	run "$kind: rr asked" commit,answer "$@" -- cmp-mkreq -C owner rr \
	    --cert own.pem --key own.key -o rr.pki
	run "$kind: rr" commit,answer,crl "$@" -- cmp-process -C ca -o rp.pki \
	    rr.pki
	run "$kind: revoked" commit "$@" -- cmp-process -C owner rp.pki
	cp -a "$dir/base/ca" fca
	cp -a fca held
	sed -i '/^\[enrol /a hold = yes' held/cmp.conf
	run "$kind: held" commit,answer "$@" -- cmp-process -C held \
	    -o wait.pki stick-dev1/*.pki
	cp -a "$dir/base/dev1" waiting
	may=3 run "$kind: waits" commit,answer "$@" -- cmp-process \
	    -C waiting -o poll.pki wait.pki
	run "$kind: approve" commit "$@" -- cmp-ca -C held approve \
	    "$(name_of . dev1)"
	run "$kind: polled" commit,answer "$@" -- cmp-process -C held \
	    -o late.pki poll.pki
	run "$kind: given a file" commit,answer "$@" -- cmp-process -C fca \
	    -o answers/ stick-dev1/*.pki
done
exit $bad
