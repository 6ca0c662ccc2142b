#!/usr/bin/env bats
# Revocation with Debian's openssl cmp on the other side, through files.
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
	our_ca ca-ec ec:P-256
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	cp -a "$IDS/ca-ec" ca
	CA=$PWD/ca ID=dev SRV=srv
	new_key new.key ec
	ask ir.pki -implicit_confirm
	cmp-process -C "$CA" -o ip.pki ir.pki
	client -implicit_confirm -reqout /dev/null -rspin ip.pki
	mv got.pem own.pem
	mv new.key own.key
}

# rr_client [OPTION]...: openssl wants own.pem revoked.
rr_client() {
	timeout 20 openssl cmp -config '' -cmd rr -oldcert own.pem \
	    -cert own.pem -key own.key -trusted "$CA/certs/ca.pem" \
	    -recipient '/O=Example/CN=Plant CA' "$@" >client.log 2>&1
}

walk() {
	run ! rr_client "$@" -reqout rr.pki -rspin absent.pki
	cmp-process -C "$CA" -o rp.pki rr.pki
	answers rp.pki rr.pki
	rr_client "$@" -reqout /dev/null -rspin rp.pki
	run ! openssl verify -CAfile "$CA/certs/ca.pem" -crl_check \
	    -CRLfile "$CA/certs/ca.crl.pem" own.pem
	says 'certificate revoked'
}

@test "openssl's client revokes its certificate, with a reason" {
	walk -revreason 1
	[ "$(cmp-ca -C "$CA" list --json | jq .reason)" = 1 ]
	# Once more is a "no" that the client understands.
	run ! rr_client -revreason 1 -reqout again.pki -rspin absent.pki
	run -1 cmp-process -C "$CA" -o no.pki again.pki
	says E_RR_REVOKED
	run ! rr_client -revreason 1 -reqout /dev/null -rspin no.pki
	grep -i 'certRevoked' client.log
}

@test "openssl's client revokes its certificate, without a reason" {
	walk
	[ "$(cmp-ca -C "$CA" list --json | jq .reason)" = 0 ]
}

@test "openssl's client cannot revoke what is not its own" {
	run ! timeout 20 openssl cmp -config '' -cmd rr -oldcert own.pem \
	    -cert "$IDS/dev.pem" -key "$IDS/dev.key" -trusted \
	    "$CA/certs/ca.pem" -recipient '/O=Example/CN=Plant CA' \
	    -reqout rr.pki -rspin absent.pki
	run -1 cmp-process -C "$CA" -o rp.pki rr.pki
	says E_NOT_AUTHORIZED
	[ "$(cmp-ca -C "$CA" list --json | jq -r .state)" = valid ]
}

@test "openssl's server takes our device's rr, and our device its rp" {
	cp own.pem dev.own.pem
	cmp-mkreq -C dev rr --cert own.pem --key own.key \
	    --reason keyCompromise --trust "$IDS/mock.pem" -o rr.pki
	timeout 20 openssl cmp -config '' -cmd rr -use_mock_srv \
	    -srv_cert "$IDS/srv.pem" -srv_key "$IDS/srv.key" \
	    -srv_trusted "$CA/certs/ca.pem" -rsp_cert own.pem \
	    -cert own.pem -key own.key -oldcert own.pem -recipient /CN=none \
	    -trusted "$IDS/mock.pem" -unprotected_errors \
	    -reqin rr.pki -rspout rp.pki >mock.log 2>&1 || :
	[ -s rp.pki ]
	run -0 cmp-process -C dev rp.pki
	says 'is revoked'
}
