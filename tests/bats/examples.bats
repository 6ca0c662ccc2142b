#!/usr/bin/env bats
# The examples do what they say, from any directory.
bats_require_minimum_version 1.5.0

setup() {
	root=${SRC_DIR:-$PWD}
	export BUILD_DIR=${BUILD_DIR:-$root/build/release}
	PATH=$BUILD_DIR:$PATH
	cd "$BATS_TEST_TMPDIR" || return 1
}

@test "examples: enrol.sh ends with a certificate that openssl verifies" {
	run "$root/examples/enrol.sh" here

	[ "$status" -eq 0 ]
	[[ $output == *"dev1/certs/"*": OK"* ]]
	[[ $output == *"certificate is confirmed"* ]]
	[[ $output == *"DNS:pump17.example"* ]]
	openssl verify -CAfile here/ca/certs/ca.pem here/dev1/certs/*.pem
}

@test "examples: enrol.sh leaves nothing behind" {
	mkdir tmp

	TMPDIR=$PWD/tmp run "$root/examples/enrol.sh"

	[ "$status" -eq 0 ]
	[ -z "$(ls -A tmp)" ]
}

@test "examples: pipe.sh enrols through one pipeline" {
	run "$root/examples/pipe.sh" here

	[ "$status" -eq 0 ]
	[[ $output == *"dev2/certs/"*": OK"* ]]
}

@test "examples: device-life.sh goes from the first certificate to the CRL" {
	run "$root/examples/device-life.sh" here

	[ "$status" -eq 0 ]
	for word in ' ir ' ' cp  ' kup genp pollReq ' rp '; do
		[[ $output == *"$word"* ]]
	done
	[[ $output == *Superseded* ]]
	[ "$(find here/dev2/certs -name 'pump18-*.pem' | wc -l)" = 1 ]
	[ "$(find here/dev/trust -maxdepth 1 -name '*.pem' | wc -l)" = 2 ]
	openssl crl -in here/ca/certs/ca.crl.pem -noout -verify \
	    -CAfile here/ca/certs/ca.pem
}

@test "examples: a command that fails ends the example" {
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/cmp-process
	chmod +x bin/cmp-process
	ln -s "$BUILD_DIR"/cmp-ca "$BUILD_DIR"/cmp-mkreq bin/

	BUILD_DIR=$PWD/bin run "$root/examples/enrol.sh" here

	[ "$status" -ne 0 ]
}

@test "examples: the CA's cmp.conf is understood" {
	mkdir -p home/trust
	cp "$root/examples/ca/cmp.conf" home/

	run --separate-stderr cmp-ca -C home trust list

	[ "$status" -eq 0 ]
	[ "${lines[0]}" = vendor ]
}

@test "examples: the device's cmp.conf is understood" {
	mkdir -p home/trust home/state home/certs home/keys
	cp "$root/examples/device/cmp.conf" home/

	run cmp-mkreq -C home ir --subject CN=x --newkey ed25519 -o ir.pki

	[ "$status" -eq 0 ]
	cmp "$root/examples/device/cmp.conf" home/cmp.conf
}

@test "examples: systemd finds nothing to say about the unit" {
	command -v systemd-analyze >/dev/null || skip "no systemd here"
	sed "s|/usr/local/bin|$BUILD_DIR|" \
	    "$root/examples/systemd/cmp-process@.service" >cmp-process@.service

	run systemd-analyze verify "$PWD/cmp-process@.service"

	[[ $output != *"cmp-process@.service:"* ]]
}
