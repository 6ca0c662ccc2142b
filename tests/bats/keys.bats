#!/usr/bin/env bats
# Every kind of key in every place: CA, protection, device, new key.
load lib

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	echo secret >pass
	printf 'no final newline' >pass2
	printf 'wrong\n' >nopass
}

setup() {
	fresh
}

# kind FILE: what openssl calls the key of a certificate
kind() {
	openssl x509 -in "$1" -noout -text | sed -n \
	    's/.*Public Key Algorithm: //p; s/.*Public-Key: //p; s/.*ASN1 OID: //p' |
	    xargs
}

# round HOME-OF-CA DEVICE-STEM NEW-KEY: a whole enrolment with certConf.
round() {
	local d

	d=$(mktemp -d "$BATS_TEST_TMPDIR/r.XXXXXX")
	cmp-mkreq -C "$d/dev" ir --subject CN=x,O=Example --newkey "$3" \
	    --cert "$2.pem" --key "$2.key" --chain idevid-sub.pem \
	    --trust "$1/certs/ca.pem" --confirm -o "$d/ir.pki"
	cmp-process -C "$1" -o "$d/ip.pki" "$d/ir.pki"
	cmp-process -C "$d/dev" -o "$d/cc.pki" "$d/ip.pki"
	cmp-process -C "$1" -o "$d/conf.pki" "$d/cc.pki"
	cmp-process -C "$d/dev" "$d/conf.pki"
	openssl verify -CAfile "$1/certs/ca.pem" "$d"/dev/certs/*.pem
	run -0 cmp-inspect --lint "$d"/*.pki
	hasnt MUST
	new=$(echo "$d"/dev/certs/*.pem)
	newkey=$(echo "$d"/dev/keys/*.key)
}

as_ca() {
	cmp-ca -C k init --name "CN=Plant CA,O=Example" --newkey "$1"
	cmp-ca -C k trust add --enrol idevid-root.pem --subject 'CN=*,O=Example'
	[ "$(kind k/certs/ca.pem)" = "$(kind k/certs/cmp.pem)" ]
	device id CN=d,O=Maker idevid-sub "$1"
	round k id "$1"
	[ "$(kind "$new")" = "$(kind k/certs/ca.pem)" ]
	[ "$(kind "$new")" = "$(kind id.pem)" ]
}

@test "keys: RSA for CA, protection, device and new key" {
	as_ca rsa:2048
	kind "$new" | grep -q 'rsaEncryption'
}

@test "keys: RSA-PSS for CA, protection, device and new key" {
	as_ca rsa-pss:2048
	kind "$new" | grep -q 'rsassaPss'
	openssl x509 -in "$new" -noout -text | grep -q 'Signature Algorithm: rsassaPss'
}

@test "keys: P-256 for CA, protection, device and new key" {
	as_ca ec:P-256
}

@test "keys: P-384 for CA, protection, device and new key" {
	as_ca ec:P-384
	kind "$new" | grep -q secp384r1
}

@test "keys: P-521 for CA, protection, device and new key" {
	as_ca ec:P-521
	kind "$new" | grep -q secp521r1
}

@test "keys: Ed25519 for CA, protection, device and new key" {
	as_ca ed25519
	kind "$new" | grep -q ED25519
}

@test "keys: Ed448 for CA, protection, device and new key" {
	as_ca ed448
	kind "$new" | grep -q ED448
}

@test "keys: each role may have another kind of key" {
	cmp-ca -C k init --name "CN=Plant CA,O=Example" --newkey ed448 \
	    --protect-newkey ec:P-384
	cmp-ca -C k trust add --enrol idevid-root.pem --subject 'CN=*,O=Example'
	device id CN=d,O=Maker idevid-sub ed25519
	round k id ec:P-521
	kind k/certs/ca.pem | grep -q ED448
	kind k/certs/cmp.pem | grep -q secp384r1
	kind "$new" | grep -q secp521r1
}

@test "keys: RSA keys longer than 2048 bits" {
	round ca idevid rsa:3072
	kind "$new" | grep -q 3072
}

@test "keys: private keys are PKCS#8 that openssl reads, mode 0600" {
	cmp-mkreq -C dev ir --subject CN=x --newkey ed25519 -o draft.pki
	[ "$(stat -c %a dev/keys/*.key)" = 600 ]
	[ "$(head -n1 dev/keys/*.key)" = "-----BEGIN PRIVATE KEY-----" ]
	openssl pkey -in dev/keys/*.key -noout
}

# locked IN OUT PASS-FILE: the same key, encrypted.
locked() {
	openssl pkcs8 -topk8 -in "$1" -out "$2" -v2 aes-256-cbc -iter 5000 \
	    -passout "file:$3"
	chmod 600 "$2"
}

@test "keys: an encrypted device key opens with --key-pass at mkreq" {
	locked idevid.key enc.key pass
	ask=(cmp-mkreq -C dev ir --subject CN=x,O=Example --newkey ec:P-256
	    --cert idevid.pem --key enc.key --chain idevid-sub.pem
	    --trust ca/certs/ca.pem --confirm)
	run -77 "${ask[@]}" -o ir.pki
	has E_KEY_PASS
	run -77 "${ask[@]}" -o ir.pki --key-pass nopass
	has E_KEY_PASS
	[ ! -e dev ]
	"${ask[@]}" -o ir.pki --key-pass pass
	cmp-process -C ca -o ip.pki ir.pki
	# The certConf is signed with the same key, from anywhere.
	(cd / && cmp-process -C "$OLDPWD/dev" -o "$OLDPWD/cc.pki" "$OLDPWD/ip.pki")
	cmp-process -C ca -o conf.pki cc.pki
	cmp-process -C dev conf.pki
}

@test "keys: an encrypted key opens with --key-pass at sign" {
	locked idevid.key enc.key pass2
	cmp-mkreq -C dev ir --subject CN=x,O=Example --newkey ec:P-256 \
	    --trust ca/certs/ca.pem -o draft.pki
	sign=(cmp-sign --cert idevid.pem --key enc.key --chain idevid-sub.pem)
	run -77 "${sign[@]}" -o ir.pki draft.pki
	has E_KEY_PASS
	run -77 "${sign[@]}" -o ir.pki --key-pass pass draft.pki
	"${sign[@]}" -o ir.pki --key-pass pass2 draft.pki
	cmp-process -C ca ir.pki | cmp-process -C dev -
}

@test "keys: --newkey-pass encrypts the new key" {
	cmp-mkreq -C dev ir --subject CN=x,O=Example --newkey ec:P-256 \
	    --newkey-pass pass --cert idevid.pem --key idevid.key \
	    --chain idevid-sub.pem --trust ca/certs/ca.pem -o ir.pki
	grep -q 'BEGIN ENCRYPTED PRIVATE KEY' dev/keys/*.key
	run ! openssl pkey -in dev/keys/*.key -noout -passin file:nopass
	cmp-process -C ca ir.pki | cmp-process -C dev -
	[ "$(openssl pkey -in dev/keys/*.key -passin file:pass -pubout)" = \
	    "$(openssl x509 -in dev/certs/*.pem -noout -pubkey)" ]
	# What was enrolled can sign the next request.
	cmp-ca -C ca trust add --enrol ca/certs/ca.pem --subject 'CN=*,O=Example'
	cmp-mkreq -C dev2 cr --subject CN=y,O=Example --newkey ec:P-256 \
	    --cert dev/certs/*.pem --key dev/keys/*.key --key-pass pass \
	    --trust ca/certs/ca.pem -o cr.pki
	cmp-process -C ca cr.pki | cmp-process -C dev2 -
}

@test "keys: an existing CA with an encrypted key" {
	root old "CN=Old CA,O=Example"
	locked old.key enc.key pass
	run -77 cmp-ca -C k init --key enc.key --cert old.pem
	has E_KEY_PASS
	run -77 cmp-ca -C k init --key enc.key --cert old.pem --key-pass nopass
	[ ! -e k ]
	cmp-ca -C k init --key enc.key --cert old.pem --key-pass pass
	grep -q 'ENCRYPTED' k/keys/ca.key
	cmp-ca -C k trust add --enrol idevid-root.pem --subject 'CN=*,O=Example'
	round k idevid ec:P-256
	mv pass elsewhere
	run cmp-process -C k
	[ "$status" -ge 66 ]
	has pass
}

@test "keys: an encrypted protection key by protect-pass" {
	locked ca/keys/cmp.key enc.key pass
	mv enc.key ca/keys/cmp.key
	run -77 cmp-process -C ca
	has E_KEY_PASS
	cp pass ca/keys/cmp.pass
	set_conf ca ca protect-pass keys/cmp.pass
	round ca idevid ec:P-256
}

@test "keys: init takes an existing root" {
	root old "CN=Old CA,O=Example" ec:P-384
	cmp-ca -C k init --key old.key --cert old.pem
	cmp k/certs/ca.pem old.pem
	cmp-ca -C k trust add --enrol idevid-root.pem --subject 'CN=*,O=Example'
	round k idevid ec:P-256
	openssl verify -CAfile old.pem "$new"
}

@test "keys: init takes an existing sub CA with its chain" {
	root top "CN=Top,O=Example"
	sub mid "CN=Mid,O=Example" top
	sub low "CN=Low,O=Example" mid
	cat mid.pem >chain.pem
	cmp-ca -C k init --key low.key --cert low.pem --chain chain.pem
	cmp-ca -C k trust add --enrol idevid-root.pem --subject 'CN=*,O=Example'
	cmp-mkreq -C dev ir --subject CN=x,O=Example --newkey ec:P-256 \
	    --cert idevid.pem --key idevid.key --chain idevid-sub.pem \
	    --trust top.pem -o ir.pki
	cmp-process -C k -o ip.pki ir.pki
	run -0 cmp-process -C dev ip.pki
	grep -c 'BEGIN CERT' dev/certs/*.pem >count
	[ "$(cat count)" -ge 3 ]
	openssl verify -CAfile top.pem -untrusted dev/certs/*.pem \
	    dev/certs/*.pem
}

@test "keys: init refuses a key or certificate that is no CA's" {
	root old "CN=Old CA,O=Example"
	run -65 cmp-ca -C k init --key idevid.key --cert idevid.pem
	has E_KEY_CERT
	run -65 cmp-ca -C k init --key idevid.key --cert old.pem
	has E_KEY_CERT
	run -65 cmp-ca -C k init --key old.key --cert old.pem --chain old.key
	chmod 640 old.key
	run -77 cmp-ca -C k init --key old.key --cert old.pem
	has E_KEY_MODE
	[ ! -e k ]
}

@test "keys: traditional EC and RSA files are read or named" {
	openssl ec -in idevid.key -out trad.key 2>/dev/null
	chmod 600 trad.key
	run cmp-mkreq -C dev ir --subject CN=x,O=Example --newkey ec:P-256 \
	    --cert idevid.pem --key trad.key -o ir.pki
	if [ "$status" -ne 0 ]; then
		[ "$status" = 65 ]
		has E_KEY_FILE
		has pkcs8
	fi
}
