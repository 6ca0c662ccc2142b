#!/usr/bin/env bats
# General messages with Debian's openssl cmp on the other side, through files.
# Version 3.0 names what it asks for and what it got, and looks into neither.
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
	cmp-ca -C ca-ec crl
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	CA=$IDS/ca-ec
}

# genm TYPE [OPTION]...
genm() {
	local type=$1

	shift
	timeout 20 openssl cmp -config '' -cmd genm -infotype "$type" \
	    -cert "$IDS/dev.pem" -key "$IDS/dev.key" \
	    -trusted "$CA/certs/ca.pem" \
	    -recipient '/O=Example/CN=Plant CA' "$@" >client.log 2>&1
}

@test "openssl's client is told CA certificates, a template and the CRL" {
	for type in caCerts certReqTemplate currentCRL; do
		rm -f genm.pki genp.pki
		run ! genm "$type" -reqout genm.pki -rspin absent.pki
		run -0 cmp-process -C "$CA" -o genp.pki genm.pki
		says ': told'
		answers genp.pki genm.pki
		genm "$type" -reqout /dev/null -rspin genp.pki
		grep "genp contains ITAV of type: id-it-$type" client.log
	done
}

@test "openssl's client reads that what we do not know is refused" {
	run ! genm signKeyPairTypes -reqout genm.pki -rspin absent.pki
	run -1 cmp-process -C "$CA" -o no.pki genm.pki
	says E_INFO_TYPE
	run ! genm signKeyPairTypes -reqout /dev/null -rspin no.pki
	grep 'PKIFailureInfo: badRequest' client.log
}

# The mock server gives back what it was asked: a type without a value.
@test "our device takes from the mock server that there is nothing to tell" {
	cmp-mkreq -C dev genm cacerts --cert "$IDS/dev.pem" \
	    --key "$IDS/dev.key" --trust "$IDS/mock.pem" -o genm.pki
	timeout 20 openssl cmp -config '' -cmd genm -infotype caCerts \
	    -use_mock_srv -srv_cert "$IDS/srv.pem" -srv_key "$IDS/srv.key" \
	    -srv_trusted "$IDS/root.pem" -cert "$IDS/dev.pem" \
	    -key "$IDS/dev.key" -recipient /CN=none \
	    -trusted "$IDS/mock.pem" -unprotected_errors \
	    -reqin genm.pki -rspout genp.pki >mock.log 2>&1 || :
	[ -s genp.pki ]
	run -0 cmp-process -C dev genp.pki
	[ ! -e dev/certs/cacerts.pem ]
}
