#!/usr/bin/env bats
# With Debian's openssl cmp on the other side, through files: further
# certificates, updates and PKCS#10.
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
	CA=$IDS/ca-ec ID=dev SRV=srv
}

# --- openssl's client and our CA

# enrolled: own.pem and own.key, by an ir.
enrolled() {
	new_key new.key ec
	ask ir.pki -implicit_confirm -sans pump17.example
	cmp-process -C "$CA" -o ip.pki ir.pki
	client -implicit_confirm -reqout /dev/null -rspin ip.pki
	got_it
	mv got.pem own.pem
	mv new.key own.key
}

# A request signed with what was enrolled.
own_ask() {
	ask "$@" -cert own.pem -key own.key
}

# implicit CMD ANSWER [OPTION]...
implicit() {
	local cmd=$1 answer=$2

	shift 2
	rm -f req.pki rep.pki
	own_ask req.pki -cmd "$cmd" -implicit_confirm "$@"
	cmp-process -C "$CA" -o rep.pki req.pki
	answers rep.pki req.pki
	[ "$(cmp-inspect --json rep.pki | jq -r .message)" = "$answer" ]
	client -cmd "$cmd" -implicit_confirm "$@" -cert own.pem -key own.key \
	    -reqout /dev/null -rspin rep.pki
	got_it
}

# explicit CMD [OPTION]...
explicit() {
	local cmd=$1

	shift
	rm -f req.pki rep.pki
	own_ask req.pki -cmd "$cmd" "$@"
	cmp-process -C "$CA" -o rep.pki req.pki
	run ! client -cmd "$cmd" "$@" -cert own.pem -key own.key \
	    -reqout /dev/null,certconf.pki -rspin rep.pki,absent.pki
	cmp-process -C "$CA" -o pkiconf.pki certconf.pki
	answers pkiconf.pki certconf.pki
	client -cmd "$cmd" "$@" -cert own.pem -key own.key \
	    -reqout /dev/null,/dev/null -rspin rep.pki,pkiconf.pki
	got_it
}

# refused CODE FAILINFO BODY CMD [OPTION]...
refused() {
	local code=$1 fail=$2 body=$3 cmd=$4

	shift 4
	rm -f req.pki no.pki
	ask req.pki -cmd "$cmd" "$@"
	run -1 cmp-process -C "$CA" -o no.pki req.pki
	says "refused: $code: "
	answers no.pki req.pki
	[ "$(cmp-inspect --json no.pki | jq -r .message)" = "$body" ]
	run ! client -cmd "$cmd" "$@" -reqout /dev/null -rspin no.pki
	grep "PKIFailureInfo: $fail" client.log
	[ ! -e got.pem ]
}

csr() {
	openssl req -new -key new.key -subj "${1:-/O=Example/CN=pump17}" \
	    -addext "subjectAltName=DNS:${2:-pump17.example}" -out csr.pem
}

@test "openssl's client gets another certificate with cr" {
	enrolled
	new_key new.key rsa
	implicit cr cp
	new_key new.key ec
	explicit cr
}

@test "openssl's client updates its certificate with kur" {
	enrolled
	new_key new.key ec
	implicit kur kup -oldcert own.pem
	openssl x509 -in got.pem -noout -ext subjectAltName |
	    grep DNS:pump17.example
	cmp-inspect req.pki | grep -i oldCert
	mv got.pem own.pem
	mv new.key own.key
	new_key new.key ec
	explicit kur -oldcert own.pem
}

@test "openssl's client enrols with p10cr" {
	enrolled
	new_key new.key ec
	csr
	implicit p10cr cp -csr csr.pem
	openssl x509 -in got.pem -noout -ext subjectAltName |
	    grep DNS:pump17.example
	[ "$(cmp-inspect --json rep.pki |
	    jq '.body.response[0].certReqId')" = -1 ]
}

@test "openssl's client enrols with p10cr and confirms" {
	enrolled
	new_key new.key ec
	csr
	explicit p10cr -csr csr.pem
}

@test "openssl's client enrols with p10cr and its maker's certificate" {
	new_key new.key rsa
	csr
	ask req.pki -cmd p10cr -csr csr.pem -implicit_confirm
	cmp-process -C "$CA" -o rep.pki req.pki
	client -cmd p10cr -csr csr.pem -implicit_confirm -reqout /dev/null \
	    -rspin rep.pki
	got_it
}

@test "openssl's client reads why cr, kur and p10cr are refused" {
	enrolled
	new_key new.key ec
	refused E_NOT_AUTHORIZED notAuthorized cp cr
	refused E_NOT_AUTHORIZED notAuthorized kup kur -oldcert "$IDS/dev.pem"
	refused E_NOT_AUTHORIZED notAuthorized ip ir -cert own.pem \
	    -key own.key
	refused E_NOT_SUBJECT notAuthorized cp cr -cert own.pem -key own.key \
	    -subject /O=Example/CN=pump18
	refused E_UPDATE_NAME badCertTemplate kup kur -cert own.pem \
	    -key own.key -oldcert own.pem -subject /O=Example/CN=pump18
	refused E_UPDATE_ID badCertId kup kur -cert own.pem -key own.key \
	    -oldcert "$IDS/dev.pem" -sans pump17.example
	cp own.key new.key
	refused E_TMPL_KEY_USED badCertTemplate kup kur -cert own.pem \
	    -key own.key -oldcert own.pem
	new_key new.key ec
	csr /O=Example/CN=pump18
	refused E_NOT_SUBJECT notAuthorized cp p10cr -csr csr.pem \
	    -cert own.pem -key own.key
}

# --- our device and openssl's mock server

@test "our device takes the mock server's answer to cr" {
	cmp-mkreq -C cr cr --subject CN=pump17,O=Example --newkey ec:P-256 \
	    --cert "$IDS/dev.pem" --key "$IDS/dev.key" \
	    --trust "$IDS/mock.pem" -o cr.pki
	certify cr.pem /O=Example/CN=pump17 "$IDS/mock" "$DEVICE_EXT" \
	    cr/keys/*.key
	mock cr cr.pki rep.pki -cmd cr -implicit_confirm -grant_implicitconf
	answers rep.pki cr.pki
	run -0 cmp-process -C cr rep.pki
	says ': taken: installed certs/'
}

# The mock server wants the oldCertId of the certificate that it sends.
@test "our device takes the mock server's answer to kur" {
	cmp-mkreq -C kur kur --newkey ec:P-256 --cert "$IDS/dev.pem" \
	    --key "$IDS/dev.key" --trust "$IDS/mock.pem" \
	    --trust "$IDS/root.pem" -o kur.pki
	openssl req -new -key kur/keys/*.key -subj /O=Example/CN=pump17 \
	    -out kur.csr
	openssl x509 -req -in kur.csr -CA "$IDS/root.pem" \
	    -CAkey "$IDS/root.key" -set_serial "0x$(openssl x509 -noout \
	    -serial -in "$IDS/dev.pem" | sed 's/.*=//')" -days 30 \
	    -extfile <(printf '%s\n' "$DEVICE_EXT") -out kur.pem
	mock kur kur.pki rep.pki -cmd kur -oldcert "$IDS/dev.pem" \
	    -implicit_confirm -grant_implicitconf
	answers rep.pki kur.pki
	run -0 cmp-process -C kur rep.pki
	says ': taken: installed certs/'
}

@test "our device takes the mock server's answer to p10cr" {
	mkdir -p p10cr/keys
	new_key p10cr/keys/x.key ec
	cp p10cr/keys/x.key new.key
	csr
	cmp-mkreq -C p10cr p10cr --csr csr.pem --cert "$IDS/dev.pem" \
	    --key "$IDS/dev.key" --trust "$IDS/mock.pem" -o p10cr.pki
	certify p10cr.pem /O=Example/CN=pump17 "$IDS/mock" "$DEVICE_EXT
subjectAltName=DNS:pump17.example" new.key
	mock p10cr p10cr.pki rep.pki -cmd p10cr -csr csr.pem \
	    -implicit_confirm -grant_implicitconf
	run -0 cmp-process -C p10cr rep.pki
	says ': taken: installed certs/'
}
