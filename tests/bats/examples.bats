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

@test "examples: plant.sh gives each device of a plant its answer from one file" {
	run "$root/examples/plant.sh" here

	[ "$status" -eq 0 ]
	[[ $output == *"device 07 has none"*"device 13 has none"* ]]
	[ "$(grep -c '^subject=CN=pump' <<<"$output")" -eq 18 ]
	[[ $output == *'left on "usb-7"'*'left on "usb-8"'* ]]
	[[ $output == *"bundle of 18 messages: 18 good, 0 refused"* ]]
	[[ $output == *"nothing waits for upstream"* ]]
	[[ $output == *" revoked "*"CN=pump20,O=Example"* ]]
}

@test "examples: officers.sh wants two of three, and asks for machines" {
	run "$root/examples/officers.sh" here

	[ "$status" -eq 0 ]
	[[ $output == *"1 of 2 approvals"*"approved by officer-a"* ]]
	[[ $output == *"approved by officer-c"* ]]
	[ "$(grep -c '^ra/certs/.*: OK' <<<"$output")" -eq 3 ]
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

@test "examples: the cmp.conf of an RA is understood" {
	mkdir -p home/trust home/state
	cp "$root/examples/ra/cmp.conf" home/

	run --separate-stderr cmp-ca -C home trust list

	[ "$status" -eq 0 ]
	[[ $output == *pumps*panels* ]]
}

@test "examples: systemd finds nothing to say about the unit" {
	command -v systemd-analyze >/dev/null || skip "no systemd here"
	sed "s|/usr/local/bin|$BUILD_DIR|" \
	    "$root/examples/systemd/cmp-process@.service" >cmp-process@.service

	run systemd-analyze verify "$PWD/cmp-process@.service"

	[[ $output != *"cmp-process@.service:"* ]]
}
