#!/usr/bin/env bats
# What an agent makes of files of its own home that are wrong, or change.
# shellcheck disable=SC2164

load lib.bash

setup_file() {
	prepared
}

setup() {
	fresh
}

@test "agent: what is put back has no answer, and none is named" {
	mkreq dev ir.pki
	cmp-process -C ca -o ip.pki ir.pki
	sqlite3 ca/state/cmp.db 'CREATE UNIQUE INDEX x ON cert (profile)'
	ID=idevid mkreq dev2 ca/spool/in/

	run -75 cmp-process -C ca

	has "put back: E_STORE"
	hasnt "->"
	[ "$(count ca/spool/in/*.pki)" = 1 ]
	sqlite3 ca/state/cmp.db 'DROP INDEX x'
	cmp-process -C ca
	[ "$(count ca/spool/out/*.pki)" = 1 ]
}

# follow: an agent in the background; until_log TEXT: its word.
follow() {
	cmp-process -C ca --watch 2>log 3>&- &
	agent=$!
	until_log following
}

until_log() {
	for _ in $(seq 100); do
		grep -q "$1" log && return
		sleep 0.1
	done
	cat log
	return 1
}

teardown() {
	[ -z "${agent:-}" ] || kill "$agent" 2>/dev/null || true
}

# waits N: so many requests are in in/.
waits() {
	[ "$(count ca/spool/in/*.pki)" = "$1" ]
}

@test "agent: a bad file of ours puts back who asks for it, and stops nobody (E_CONF)" {
	set_conf ca ca group 2
	cmp-ca -C ca crl
	cp ca/certs/ca.crl good.crl
	echo nonsense >ca/certs/ca.crl
	for i in 1 2 3 4 5; do
		cmp-mkreq -C dev genm current-crl --cert idevid.pem \
		    --key idevid.key --chain idevid-sub.pem \
		    --trust ca/certs/ca.pem -o "ca/spool/in/$i.pki"
	done
	mkreq dev ca/spool/in/6.pki

	run -78 cmp-process -C ca

	has "1.pki: put back: E_CONF: certs/ca.crl"
	has "6.pki: answered"
	waits 5
	[ "$(grep -c 'put back' <<<"$output")" = 5 ]
	cat good.crl >ca/certs/ca.crl
	run -0 cmp-process -C ca
	waits 0
	[ "$(count ca/spool/out/*.pki)" = 6 ]
}

@test "agent: --watch notices files that are changed in place, and outside HOME" {
	root other CN=Other,O=Maker
	cat idevid-root.pem >anchor.pem
	sed -i "s|^anchor = .*|anchor = $PWD/anchor.pem|" ca/cmp.conf
	follow
	mkreq dev ca/spool/in/a.pki
	until_log 'a.pki: answered'
	cat other.pem >anchor.pem
	mkreq dev2 ca/spool/in/b.pki
	until_log 'b.pki: refused: E_PATH_NONE'
	cat idevid-root.pem >anchor.pem
	printf '\n' >>ca/keys/cmp.key
	mkreq dev3 ca/spool/in/c.pki
	until_log 'c.pki: answered'
	[ "$(grep -c 'was read again' log)" -ge 2 ]
}

@test "agent: beside --watch an operator revokes, approves and rejects" {
	set_conf ca spool poll 1s
	sed -i '/^\[enrol /a hold = yes' ca/cmp.conf
	follow
	mkreq dev ca/spool/in/a.pki
	mkreq dev2 ca/spool/in/b.pki --subject CN=b,O=Example
	until_log 'a.pki: answered'
	until_log 'b.pki: answered'
	id() { cmp-ca -C ca pending --json |
	    jq -r "select(.subject == \"$1\") | .digest"; }

	run -0 cmp-ca -C ca approve "$(id CN=pump17,O=Example)"
	run -0 cmp-ca -C ca reject "$(id CN=b,O=Example)" --reason no
	for f in ca/spool/out/*-ip.pki; do
		run cmp-process -C dev -o c.pki "$f"
	done
	cp c.pki ca/spool/in/
	until_log 'c.pki: answered: issued'
	run -0 cmp-ca -C ca revoke "$(cmp-ca -C ca list --json |
	    jq -r .serial)" --reason keyCompromise

	has "the agent that runs makes the CRL"
	until_log 'CRL .* with 1 entries'
	run -75 cmp-ca -C ca crl
	has E_LOCKED
	cmp-ca -C ca check
}

@test "rollover: the key that the CA has already is not that of the next root (E_EXISTS)" {
	cp ca/keys/ca.key ca/keys/next.key
	run -73 cmp-ca -C ca rollover
	has E_EXISTS
	has "the key that the CA has already"
	[ ! -e ca/certs/next/new-with-new.pem ]
	rm ca/keys/next.key
	cmp-ca -C ca rollover
	cmp-ca -C ca rollover --activate
	[ ! -e ca/keys/next.key ]
}

@test "rollover: cmp.conf loses nothing that is changed at the same time" {
	cmp-ca -C ca rollover
	exec 9<ca/trust
	flock 9
	cmp-ca -C ca rollover --activate 9<&- 3>&- &
	pid=$!
	sleep 1
	printf '[profile late]\n' >>ca/cmp.conf
	flock -u 9
	wait "$pid"
	grep -q '^\[profile late\]' ca/cmp.conf
	grep -q '^key = keys/ca-' ca/cmp.conf
}

@test "agent: keys in memory reach no core file and no swap that can be kept from them" {
	follow
	grep -q '^Max core file size *0 *0 ' "/proc/$agent/limits"
	if grep -q '^Max locked memory *unlimited' "/proc/$agent/limits"; then
		! grep -q '^VmLck:	 *0 kB' "/proc/$agent/status"
	fi
	kill -SEGV "$agent"
	wait "$agent" || true
	[ "$(count core*)" = 0 ]
	agent=
}
