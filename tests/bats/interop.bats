#!/usr/bin/env bats
# With Debian's openssl cmp on the other side, through files.
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2164

bats_require_minimum_version 1.5.0

load ../interop/openssl.bash

setup_file() {
	export IDS=$BATS_FILE_TMPDIR
	cd "$IDS"
	root root '/O=Example/CN=Device Root'
	leaf dev /O=Example/CN=pump17 root "$DEVICE_EXT" ec
	leaf rsadev /O=Example/CN=pump17 root "$DEVICE_EXT" rsa
	leaf noski /O=Example/CN=pump17 root \
	    "${DEVICE_EXT/=hash/=none}" ec
	leaf sub '/O=Example/CN=Device Sub CA' root "$SUB_EXT" ec
	leaf subdev /O=Example/CN=pump17 sub "$DEVICE_EXT" ec
	root mock '/O=Example/CN=Mock Root'
	leaf srv '/O=Example/CN=Mock CMP' mock "$SERVER_EXT" ec
	leaf rsasrv '/O=Example/CN=Mock CMP' mock "$SERVER_EXT" rsa
	leaf noskisrv '/O=Example/CN=Mock CMP' mock \
	    "${SERVER_EXT/=hash/=none}" ec
	leaf kesrv '/O=Example/CN=Mock CMP' mock \
	    "${SERVER_EXT/digitalSignature/keyEncipherment}" rsa
	leaf plain '/O=Example/CN=Mock CMP' mock "$DEVICE_EXT" ec
	our_ca ca-ec ec:P-256
	our_ca ca-rsa rsa:2048
	our_ca ca-ed ed25519
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	CA=$IDS/ca-ec ID=dev SRV=srv
}

# --- openssl's client and our CA

implicit() {
	new_key new.key "$1"
	ask ir.pki -implicit_confirm -sans pump17.example
	cmp-process -C "$CA" -o ip.pki ir.pki
	answers ip.pki ir.pki
	client -implicit_confirm -reqout /dev/null -rspin ip.pki
	got_it
	openssl x509 -in got.pem -noout -ext subjectAltName |
	    grep DNS:pump17.example
}

@test "openssl's client enrols with implicit confirmation, P-256" {
	implicit ec
	[ "$(header ip.pki protectionAlg)" = ecdsa-with-SHA256 ]
}

@test "openssl's client enrols with implicit confirmation, RSA" {
	CA=$IDS/ca-rsa ID=rsadev
	implicit rsa
	[ "$(header ir.pki protectionAlg)" = sha256WithRSAEncryption ]
	[ "$(header ip.pki protectionAlg)" = sha256WithRSAEncryption ]
}

# Each step is a run of the client that ends where the next file is missing.
explicit() {
	new_key new.key "$1"
	ask ir.pki
	cmp-process -C "$CA" -o ip.pki ir.pki
	answers ip.pki ir.pki
	run ! client -reqout /dev/null,certconf.pki -rspin ip.pki,absent.pki
	[ ! -e got.pem ]
	[ "$(header certconf.pki recipNonce)" = \
	    "$(header ip.pki senderNonce)" ]
	cmp-process -C "$CA" -o pkiconf.pki certconf.pki
	answers pkiconf.pki certconf.pki
	client -reqout /dev/null,/dev/null -rspin ip.pki,pkiconf.pki
	got_it
	grep 'received PKICONF' client.log
}

@test "openssl's client enrols with explicit confirmation, P-256" {
	explicit ec
	# The same certConf again has the same answer, byte for byte.
	cmp-process -C "$CA" -o again.pki certconf.pki
	cmp pkiconf.pki again.pki
}

@test "openssl's client enrols with explicit confirmation, RSA" {
	CA=$IDS/ca-rsa ID=rsadev
	explicit rsa
}

@test "openssl's client enrols with a CA that signs with Ed25519" {
	CA=$IDS/ca-ed
	explicit ec
}

@test "openssl's client enrols in one run, through named pipes" {
	new_key new.key ec
	mkfifo ip pkiconf
	# A pipe opens when the client reads, so when its request is there.
	# shellcheck disable=SC2016
	timeout 20 bash -c 'cmp-process -C "$1" -o - ir.pki >ip &&
	    cmp-process -C "$1" -o - certconf.pki >pkiconf' - "$CA" \
	    3>&- 2>agent.log &
	client -reqout ir.pki,certconf.pki -rspin ip,pkiconf
	wait
	got_it
	[ "$(header certconf.pki transactionID)" = \
	    "$(header ir.pki transactionID)" ]
}

@test "openssl's client refuses our answer when it is changed" {
	new_key new.key ec
	ask ir.pki -implicit_confirm
	cmp-process -C "$CA" -o ip.pki ir.pki
	perl -pe 's/pump17/PUMP17/' ip.pki >other.pki
	run ! cmp -s ip.pki other.pki
	run ! client -implicit_confirm -reqout /dev/null -rspin other.pki
	grep 'validating protection' client.log
	[ ! -e got.pem ]
}

@test "openssl's client refuses our answer under another root" {
	new_key new.key ec
	ask ir.pki -implicit_confirm
	cmp-process -C "$CA" -o ip.pki ir.pki
	run ! client -implicit_confirm -reqout /dev/null -rspin ip.pki \
	    -trusted "$IDS/mock.pem"
	[ ! -e got.pem ]
}

@test "openssl's client takes our protection certificate pinned" {
	new_key new.key ec
	ask ir.pki -implicit_confirm
	cmp-process -C "$CA" -o ip.pki ir.pki
	client -implicit_confirm -reqout /dev/null -rspin ip.pki \
	    -srvcert "$CA/certs/cmp.pem"
	got_it
}

@test "a certificate that openssl's client rejects is revoked" {
	new_key new.key ec
	ask ir.pki
	cmp-process -C "$CA" -o ip.pki ir.pki
	run ! client -reqout /dev/null,certconf.pki -rspin ip.pki,absent.pki \
	    -out_trusted "$IDS/mock.pem"
	[ "$(status certconf.pki)" = rejection ]
	run -0 cmp-process -C "$CA" -o pkiconf.pki certconf.pki
	says 'it is revoked'
	serial=$(cmp-inspect --json ip.pki |
	    jq -r '.body.response[0].certificate.serialNumber')
	cmp-ca -C "$CA" list | grep "^$serial revoked"
}

# --- what openssl's client sends outside the profile

# granted STATUS [OPTION]...: the request is granted, with this status.
granted() {
	local want=$1

	shift
	new_key new.key ec
	rm -f ir.pki ip.pki
	ask ir.pki -implicit_confirm "$@"
	cmp-process -C "$CA" -o ip.pki ir.pki
	[ "$(status ip.pki)" = "$want" ]
	client -implicit_confirm -reqout /dev/null -rspin ip.pki "$@"
	got_it
}

@test "issuer in certTemplate: ours is granted, another with changes" {
	granted accepted -issuer '/O=Example/CN=Plant CA'
	granted grantedWithMods
	cmp-inspect ip.pki | grep 'statusString: issuer is CN=Plant CA'
}

@test "validity in certTemplate is granted as far as the profile goes" {
	granted accepted -issuer '/O=Example/CN=Plant CA' -days 10
	granted grantedWithMods -issuer '/O=Example/CN=Plant CA' -days 9999
	openssl x509 -in got.pem -noout -checkend $((360 * 86400))
	run ! openssl x509 -in got.pem -noout -checkend $((370 * 86400))
}

@test "extensions the profile does not allow are left out" {
	cat >ext.cnf <<-EOF
	[ext]
	keyUsage = critical,digitalSignature,keyAgreement
	extendedKeyUsage = serverAuth
	certificatePolicies = 1.2.3.4
	1.2.3.4.5 = ASN1:UTF8String:hello
	EOF
	granted grantedWithMods -config ext.cnf -reqexts ext
	run -0 openssl x509 -in got.pem -noout -text
	says 'Digital Signature'
	[[ "$output" != *"Key Agreement"* ]]
	[[ "$output" != *"Server Auth"* ]]
	[[ "$output" != *1.2.3.4* ]]
}

@test "general information that nobody knows does no harm" {
	granted accepted -issuer '/O=Example/CN=Plant CA' \
	    -geninfo 1.2.3.4:int:56789
}

@test "another hash than that of the profile is accepted" {
	granted accepted -issuer '/O=Example/CN=Plant CA' -digest sha512
	[ "$(header ir.pki protectionAlg)" = ecdsa-with-SHA512 ]
}

@test "a recipient that is not us, or empty, is accepted" {
	granted accepted -issuer '/O=Example/CN=Plant CA' -recipient /CN=Who
	granted accepted -issuer '/O=Example/CN=Plant CA' -recipient /
}

@test "a device certificate without a key identifier has no senderKID" {
	ID=noski
	granted accepted -issuer '/O=Example/CN=Plant CA'
	[ "$(header ir.pki senderKID)" = null ]
}

@test "unrelated and self-signed certificates in extraCerts do no harm" {
	ID=subdev
	cat "$IDS/mock.pem" "$IDS/root.pem" "$IDS/rsadev.pem" >extra.pem
	granted accepted -issuer '/O=Example/CN=Plant CA' \
	    -untrusted "$IDS/sub.pem" -extracerts extra.pem
	[ "$(cmp-inspect --json ir.pki | jq '.extraCerts | length')" -ge 5 ]
}

@test "a client that does not confirm gets its certificate" {
	new_key new.key ec
	ask ir.pki -disable_confirm
	cmp-process -C "$CA" -o ip.pki ir.pki
	[ "$(cmp-inspect --json ip.pki |
	    jq -r '.header.generalInfo[0].type')" = confirmWaitTime ]
	client -disable_confirm -reqout /dev/null -rspin ip.pki
	got_it
}

# refused CODE FAILINFO BODY [OPTION]...: our CA says no, and openssl's
# client reads that.
refused() {
	local code=$1 fail=$2 body=$3

	shift 3
	rm -f ir.pki no.pki
	ask ir.pki "$@"
	run -"$(exit_of "$code")" cmp-process -C "$CA" -o no.pki ir.pki
	says "refused: $code: "
	answers no.pki ir.pki
	[ "$(cmp-inspect --json no.pki | jq -r .message)" = "$body" ]
	run ! client "$@" -reqout /dev/null -rspin no.pki
	grep "PKIFailureInfo: $fail" client.log
	[ ! -e got.pem ]
}

exit_of() {
	case $1 in
	E_PROT_MISSING)	echo 77 ;;
	*)		echo 1 ;;
	esac
}

@test "openssl's client reads why a name is refused" {
	new_key new.key ec
	refused E_NOT_SUBJECT notAuthorized ip -subject /O=Other/CN=pump17
	refused E_NOT_SAN notAuthorized ip -sans 192.0.2.1
	refused E_TMPL_SUBJECT badCertTemplate ip -subject '' \
	    -sans pump17.example
}

@test "openssl's client reads why a proof of possession is refused" {
	new_key new.key ec
	refused E_POPO_MISSING badPOP ip -popo -1
	refused E_RA_VERIFIED notAuthorized ip -popo 0
	new_key new.key rsa
	refused E_POPO_KIND badPOP ip -popo 2
}

@test "openssl's client reads that CA powers are refused" {
	new_key new.key ec
	printf '[ca]\nbasicConstraints = critical,CA:TRUE\n' >ext.cnf
	refused E_TMPL_CA badCertTemplate ip -config ext.cnf -reqexts ca
}

@test "openssl's client reads that a critical extension is refused" {
	new_key new.key ec
	printf '[ext]\ncertificatePolicies = critical,1.2.3.4\n' >ext.cnf
	refused E_TMPL_EXT badCertTemplate ip -config ext.cnf -reqexts ext
}

@test "openssl's client reads why a protection is refused" {
	new_key new.key ec
	refused E_PROT_MISSING badMessageCheck error -unprotected_requests
	refused E_PROT_MAC badMessageCheck error -secret pass:secret -ref 12
	refused E_ALG_UNKNOWN badAlg error -digest sha1
	ID=rsadev
	refused E_ALG_UNKNOWN badAlg error -digest sha1
	ID=srv
	refused E_PATH_NONE signerNotTrusted error
}

@test "openssl's client reads why a revocation is refused" {
	new_key new.key ec
	refused E_RR_ID badCertId rp -cmd rr -oldcert "$IDS/dev.pem"
}

# 32 octets of SHAKE256, where RFC 9481 section 3.3 has 64.
@test "the certHash that openssl has for Ed448 is refused" {
	CA=$PWD/ca
	ln -s "$IDS/root.pem" .
	our_ca "$CA" ed448
	new_key new.key ec
	ask ir.pki
	cmp-process -C "$CA" -o ip.pki ir.pki
	run ! client -reqout /dev/null,certconf.pki -rspin ip.pki,absent.pki
	run -1 cmp-process -C "$CA" -o no.pki certconf.pki
	says 'refused: E_CONF_HASH: '
	run ! client -reqout /dev/null,/dev/null -rspin ip.pki,no.pki
	grep 'PKIFailureInfo: badCertId' client.log
}

# --- our device and openssl's mock server

GRANT='-implicit_confirm -grant_implicitconf'

# taken HOME: the answer is taken, the certificate installed.
taken() {
	run -0 cmp-process -C "$1" "$1-ip.pki"
	says ': taken: installed certs/'
	diff <(openssl x509 -in "$1"/certs/*.pem) <(openssl x509 -in "$1.pem")
}

none_in() {
	[ -z "$(ls "$1")" ]
}

# not_taken HOME CODE EXIT: it is not, for this reason.
not_taken() {
	run -"$3" cmp-process -C "$1" "$1-ip.pki"
	says "not taken: $2: "
	none_in "$1/certs"
}

trust_root() {
	our_request dev1 --trust "$IDS/mock.pem"
}

@test "our device takes the mock server's certificate, P-256" {
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	answers dev1-ip.pki dev1-ir.pki
	taken dev1
	# Once: the same again changes nothing, another one is refused.
	run -0 cmp-process -C dev1 dev1-ip.pki
	says ': repeated: '
	mock dev1 dev1-ir.pki dev1-ip2.pki $GRANT
	run -1 cmp-process -C dev1 dev1-ip2.pki
	says E_ANSWER_TAKEN
}

@test "our device takes the mock server's certificate, RSA" {
	ID=rsadev SRV=rsasrv NEWKEY=rsa:2048
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	[ "$(header dev1-ip.pki protectionAlg)" = sha256WithRSAEncryption ]
	taken dev1
}

@test "the mock server verifies a request for an Ed25519 key" {
	NEWKEY=ed25519
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	taken dev1
}

@test "our device confirms when the mock server does not grant less" {
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki -disable_confirm
	run -0 cmp-process -C dev1 -o certconf.pki dev1-ip.pki
	says ': taken: installed certs/'
	[ "$(cmp-inspect --json certconf.pki | jq -r .message)" = certConf ]
	answers certconf.pki dev1-ip.pki
}

@test "our device and the mock server confirm explicitly" {
	our_request dev1 --trust "$IDS/mock.pem" --confirm
	mkfifo certconf
	# The pipe opens when the server reads, so when its ip is there.
	timeout 20 bash -c '{ cmp-process -C dev1 -o certconf.pki dev1-ip.pki &&
	    cat certconf.pki; } >certconf' 3>&- 2>dev.log &
	mock dev1 dev1-ir.pki,certconf dev1-ip.pki,pkiconf.pki
	wait
	answers pkiconf.pki certconf.pki
	run -0 cmp-process -C dev1 pkiconf.pki
	says 'confirmation was received'
	diff <(openssl x509 -in dev1/certs/*.pem) <(openssl x509 -in dev1.pem)
}

@test "our device names that a certificate is for another key" {
	trust_root
	cp "$IDS/dev.pem" dev1.pem
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	not_taken dev1 E_ANSWER_KEY 1
}

@test "our device rejects a wrong certificate where it is to confirm" {
	our_request dev1 --trust "$IDS/mock.pem" --confirm
	cp "$IDS/dev.pem" dev1.pem
	mock dev1 dev1-ir.pki dev1-ip.pki -disable_confirm
	run -1 cmp-process -C dev1 -o certconf.pki dev1-ip.pki
	says 'not taken: E_ANSWER_KEY: '
	[ "$(status certconf.pki)" = rejection ]
	none_in dev1/certs
}

@test "our device names that a certificate has another name" {
	trust_root
	certify dev1.pem /O=Example/CN=pump18 "$IDS/mock" "$DEVICE_EXT" \
	    dev1/keys/*.key
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	not_taken dev1 E_ANSWER_SUBJECT 1
	rm -rf dev1*
	trust_root
	certify dev1.pem /O=Example/CN=pump17 "$IDS/mock" "$DEVICE_EXT
subjectAltName=DNS:pump17.example,DNS:www.example" dev1/keys/*.key
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	not_taken dev1 E_ANSWER_SAN 1
}

@test "a server certificate without cmcCA is believed only when pinned" {
	SRV=plain
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	not_taken dev1 E_ANSWER_SIGNER 1
	our_request dev2 --trust "$IDS/plain.pem" --trust "$IDS/mock.pem"
	mock dev2 dev2-ir.pki dev2-ip.pki $GRANT
	taken dev2
}

@test "a server certificate that may not sign is not believed" {
	SRV=kesrv
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	not_taken dev1 E_PROT_USAGE 1
}

@test "a server certificate without a key identifier is believed" {
	SRV=noskisrv
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	[ "$(header dev1-ip.pki senderKID)" = null ]
	taken dev1
}

@test "a server below another root is not believed" {
	our_request dev1 --trust "$IDS/root.pem"
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	not_taken dev1 E_PATH_NONE 1
}

@test "caPubs are never trusted by themselves" {
	our_request dev1 --trust "$IDS/srv.pem"
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT -rsp_capubs "$IDS/mock.pem"
	cmp-inspect dev1-ip.pki | grep -i caPubs
	not_taken dev1 E_ANSWER_PATH 1
	[ "$(find dev1/trust -type f | wc -l)" = 1 ]
	# With the root trusted by the user they do no harm.
	our_request dev2 --trust "$IDS/mock.pem"
	mock dev2 dev2-ir.pki dev2-ip.pki $GRANT -rsp_capubs "$IDS/root.pem"
	taken dev2
	[ "$(find dev2/trust -type f | wc -l)" = 1 ]
}

@test "unrelated certificates in the server's extraCerts do no harm" {
	trust_root
	cat "$IDS/root.pem" "$IDS/plain.pem" >extra.pem
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT -rsp_extracerts extra.pem
	taken dev1
}

@test "our device tells the rejection and its reason" {
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki -pkistatus 2 -failure 19 \
	    -statusstring 'not today'
	not_taken dev1 E_ANSWER_REJECTED 1
	says 'rejection: not today failInfo badCertTemplate'
	# It was protected, so it ends the transaction.
	mock dev1 dev1-ir.pki dev1-ip2.pki -disable_confirm
	run -1 cmp-process -C dev1 dev1-ip2.pki
	says E_ANSWER_TAKEN
}

@test "our device takes grantedWithMods" {
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT -pkistatus 1 \
	    -statusstring 'changed it'
	[ "$(status dev1-ip.pki)" = grantedWithMods ]
	taken dev1
}

@test "our device refuses statuses that grant nothing" {
	for value in 4 5 6; do
		rm -rf dev1*
		trust_root
		mock dev1 dev1-ir.pki dev1-ip.pki -pkistatus $value
		not_taken dev1 E_ANSWER_STATUS 1
	done
}

@test "our device tells a protected error message" {
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki -send_error
	not_taken dev1 E_ANSWER_ERROR 1
	says 'error processing message'
}

@test "an unprotected error message is told and ends nothing" {
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki -send_error -send_unprot_err
	not_taken dev1 E_ANSWER_UNPROTECTED 1
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	taken dev1
}

@test "unprotected answers are refused and end nothing" {
	trust_root
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT -send_unprotected
	not_taken dev1 E_PROT_MISSING 77
	says 'anybody can write such a file'
	mock dev1 dev1-ir.pki dev1-ip.pki -send_unprot_err -pkistatus 2
	not_taken dev1 E_PROT_MISSING 77
	mock dev1 dev1-ir.pki dev1-ip.pki $GRANT
	taken dev1
}

@test "the mock server refuses our request when it is changed" {
	trust_root
	perl -pe 's/pump17\.example/pump18.example/' dev1-ir.pki >other.pki
	mock dev1 other.pki dev1-ip.pki $GRANT
	[ "$(cmp-inspect --json dev1-ip.pki | jq -r .message)" = error ]
	not_taken dev1 E_ANSWER_ERROR 1
}
