#!/usr/bin/env bats
# Shared secrets with Debian's openssl cmp on the other side, through files.
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154,SC2164

bats_require_minimum_version 1.5.0

load ../interop/openssl.bash

setup_file() {
	export IDS=$BATS_FILE_TMPDIR
	cd "$IDS"
	printf 'insecure-but-long-42x\n' >secret
	root mock '/O=Example/CN=Mock Root'
	cmp-ca -C ca init --name 'CN=Plant CA,O=Example' --newkey ec:P-256
	cmp-ca -C ca ticket add --ref 12 --secret-file secret --uses unlimited \
	    --subject 'CN=*,O=Example' --san 'dns:*.example'
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	CA=$IDS/ca
	new_key new.key ec
}

# mac_client [OPTION]...: as the one who has the secret.
mac_client() {
	rm -f got.pem
	timeout 20 openssl cmp -config '' -cmd ir -secret "file:$IDS/secret" \
	    -ref 12 -newkey new.key -subject /O=Example/CN=pump17 \
	    -recipient '/O=Example/CN=Plant CA' -trusted "$CA/certs/ca.pem" \
	    -certout got.pem "$@" >client.log 2>&1
}

@test "openssl's client enrols with a secret, implicit confirmation" {
	run ! mac_client -implicit_confirm -reqout ir.pki -rspin absent.pki
	[ "$(header ir.pki protectionAlg)" = passwordBasedMac ]
	cmp-process -C "$CA" -o ip.pki ir.pki
	answers ip.pki ir.pki
	[ "$(header ip.pki protectionAlg)" = passwordBasedMac ]
	mac_client -implicit_confirm -reqout /dev/null -rspin ip.pki
	got_it
}

@test "openssl's client enrols with a secret, explicit confirmation" {
	run ! mac_client -reqout ir.pki -rspin absent.pki
	cmp-process -C "$CA" -o ip.pki ir.pki
	run ! mac_client -reqout /dev/null,certconf.pki -rspin ip.pki,absent.pki
	cmp-process -C "$CA" -o pkiconf.pki certconf.pki
	mac_client -reqout /dev/null,/dev/null -rspin ip.pki,pkiconf.pki
	got_it
	grep 'received PKICONF' client.log
}

@test "openssl's client enrols with cr and p10cr and a secret" {
	openssl req -new -key new.key -subj /O=Example/CN=pump18 -out csr.pem
	run ! mac_client -cmd p10cr -csr csr.pem -implicit_confirm \
	    -reqout p10cr.pki -rspin absent.pki
	cmp-process -C "$CA" -o cp.pki p10cr.pki
	mac_client -cmd p10cr -csr csr.pem -implicit_confirm \
	    -reqout /dev/null -rspin cp.pki
	got_it
	new_key new.key ec
	run ! mac_client -cmd cr -implicit_confirm -reqout cr.pki \
	    -rspin absent.pki
	cmp-process -C "$CA" -o cp2.pki cr.pki
	mac_client -cmd cr -implicit_confirm -reqout /dev/null -rspin cp2.pki
	got_it
}

@test "openssl's client reads why a request with a secret is refused" {
	run ! mac_client -subject /O=Other/CN=pump17 -reqout ir.pki \
	    -rspin absent.pki
	run -1 cmp-process -C "$CA" -o no.pki ir.pki
	says 'refused: E_NOT_SUBJECT: '
	run ! mac_client -reqout /dev/null -rspin no.pki
	grep 'PKIFailureInfo: notAuthorized' client.log
	run ! mac_client -secret pass:wrong -reqout ir2.pki -rspin absent.pki
	run -1 cmp-process -C "$CA" -o no2.pki ir2.pki
	says 'refused: E_PROT_MAC: '
	run ! mac_client -reqout /dev/null -rspin no2.pki
	grep 'PKIFailureInfo: badMessageCheck' client.log
}

# mac_mock REQUESTS RESPONSES [OPTION]...: the mock server with the secret.
mac_mock() {
	local in=$1 out=$2

	shift 2
	timeout 20 openssl cmp -config '' -cmd ir -use_mock_srv \
	    -srv_secret "file:$IDS/secret" -srv_ref 12 -rsp_cert dev.pem \
	    -secret "file:$IDS/secret" -ref 12 -subject /CN=none \
	    -recipient /CN=none -newkey "$(echo dev/keys/*.key)" \
	    -unprotected_errors -certout /dev/null \
	    -reqin "$in" -rspout "$out" "$@" >mock.log 2>&1 || :
	[ -s "${out%%,*}" ]
}

# mac_request [OPTION]...: an ir of our device, and the certificate for it.
mac_request() {
	cmp-mkreq -C dev ir --subject CN=pump17,O=Example --newkey ec:P-256 \
	    --secret-file "$IDS/secret" --ref 12 --mac pbm \
	    --trust "$IDS/mock.pem" -o ir.pki "$@"
	certify dev.pem /O=Example/CN=pump17 "$IDS/mock" "$DEVICE_EXT" \
	    dev/keys/*.key
}

@test "our device takes the mock server's certificate with a secret" {
	mac_request
	mac_mock ir.pki ip.pki -implicit_confirm -grant_implicitconf
	answers ip.pki ir.pki
	run -0 cmp-process -C dev ip.pki
	says ': taken: installed certs/'
	diff <(openssl x509 -in dev/certs/*.pem) <(openssl x509 -in dev.pem)
}

@test "our device and the mock server confirm explicitly with a secret" {
	mac_request --confirm
	mkfifo certconf
	timeout 20 bash -c '{ cmp-process -C dev -o certconf.pki ip.pki &&
	    cat certconf.pki; } >certconf' 3>&- 2>dev.log &
	mac_mock ir.pki,certconf ip.pki,pkiconf.pki
	wait
	run -0 cmp-process -C dev pkiconf.pki
	says 'confirmation was received'
}

@test "our device refuses the mock server's answer with another secret" {
	mac_request
	mac_mock ir.pki ip.pki -implicit_confirm -grant_implicitconf
	cp "$IDS/secret" kept
	printf 'something else\n' >"$IDS/secret"
	run -1 cmp-process -C dev ip.pki
	cp kept "$IDS/secret"
	says 'not taken: E_PROT_MAC: '
	[ -z "$(ls dev/certs)" ]
	run -0 cmp-process -C dev ip.pki
}
