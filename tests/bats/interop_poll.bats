#!/usr/bin/env bats
# Delayed answers with Debian's openssl cmp on the other side.
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2164

bats_require_minimum_version 1.5.0

load ../interop/openssl.bash

setup_file() {
	export IDS=$BATS_FILE_TMPDIR
	cd "$IDS"
	root root '/O=Example/CN=Device Root'
	leaf dev /O=Example/CN=pump17 root "$DEVICE_EXT" ec
	root mock '/O=Example/CN=Mock Root'
	leaf srv '/O=Example/CN=Mock CMP' mock "$SERVER_EXT" ec
	our_ca ca ec:P-256
	sed -i -e '/^\[ca\]/a check-after = 1s' ca/cmp.conf
	sed -i -e '/^\[enrol /a hold = yes' ca/cmp.conf
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	ID=dev SRV=srv
	cp -a "$IDS/ca" ca
	CA=$PWD/ca
}

# polled [OPTION...]: openssl's client polls twice; in between the operator
# makes up his mind with $DECIDE.
polled() {
	new_key new.key ec
	mkfifo ip rep final
	# A pipe opens when the client reads, so when its request is there.
	# shellcheck disable=SC2016
	timeout 20 bash -c 'cmp-process -C "$1" -o - ir.pki >ip
	    cmp-process -C "$1" -o - poll1.pki >rep
	    id=$(cmp-ca -C "$1" pending --json | jq -r .digest)
	    '"$DECIDE"'
	    cmp-process -C "$1" -o - poll2.pki >final' - "$CA" \
	    3>&- 2>agent.log &
	run client -total_timeout 15 -reqout ir.pki,poll1.pki,poll2.pki \
	    -rspin ip,rep,final -implicit_confirm
	wait
}

@test "openssl's client polls until our operator has approved" {
	DECIDE='cmp-ca -C "$1" approve $id'
	polled
	cat client.log agent.log
	[ "$status" = 0 ]
	got_it
	[ "$(header poll1.pki transactionID)" = "$(header ir.pki transactionID)" ]
}

@test "openssl's client is told that our operator has rejected" {
	DECIDE='cmp-ca -C "$1" reject $id --reason "no such pump"'
	polled
	cat client.log agent.log
	[ "$status" != 0 ]
	grep 'no such pump' client.log
}

@test "our device polls the mock server until it has the certificate" {
	our_request dev1 --trust "$IDS/mock.pem"
	mkfifo poll1 poll2
	# shellcheck disable=SC2016
	timeout 20 bash -c '
	    { cmp-process -C dev1 -o p1.pki ip.pki; cat p1.pki; } >poll1
	    { cmp-process -C dev1 -o p2.pki rep1.pki; cat p2.pki; } >poll2' \
	    3>&- 2>dev.log &
	mock dev1 dev1-ir.pki,poll1,poll2 ip.pki,rep1.pki,dev1-ip.pki \
	    -poll_count 2 -check_after 1 -implicit_confirm -grant_implicitconf
	wait
	cat mock.log dev.log
	run -0 cmp-process -C dev1 dev1-ip.pki
	says ': taken: installed certs/'
	diff <(openssl x509 -in dev1/certs/*.pem) <(openssl x509 -in dev1.pem)
}
