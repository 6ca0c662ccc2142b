#!/usr/bin/env bats
# Registration authorities, as a CA knows them: trust add --ra, ra-cert,
# approvals, requests for others.
load lib

setup_file() {
	prepared
	{
		root ra-root CN=RA-Root
		for i in lra a b c; do
			key ed25519 "$i.key"
			issue "$i" "CN=RA $i" "$i.key" ra-root \
			    keyUsage=critical,digitalSignature \
			    extendedKeyUsage=1.3.6.1.5.5.7.3.28 \
			    subjectKeyIdentifier=hash
		done
		key ed25519 plain.key
		issue plain "CN=No RA" plain.key ra-root \
		    keyUsage=critical,digitalSignature subjectKeyIdentifier=hash
		root other-root CN=Other-Maker
		device other CN=device,O=Other other-root
	} 2>/dev/null
}

setup() {
	fresh
}

# asks HOME STEM: a request of that device, as sent by ${HOME}.
asks() {
	cmp-mkreq -C "$1" ir --subject "CN=$1,O=Example" --newkey ed25519 \
	    --cert "$2.pem" --key "$2.key" --trust ca/certs/ca.pem -o "to-ca/" \
	    ${3:+--chain "$3"}
}

# wrap RA FILE: its approval.
wrap() {
	cmp-nest wrap --cert "$1.pem" --key "$1.key" -o wrapped/ "$2"
	mv wrapped/*.pki "wrapped-$1.pki"
}

status() {
	reads "$1" '.body.response[0].status.status'
}

@test "ra: an RA asks for others, within its name space" {
	cmp-ca -C ca trust add --ra ra-root.pem --subject 'CN=*,O=Example'
	asks d1 lra
	run -0 cmp-process -C ca -o back/ to-ca/*.pki
	run -0 cmp-process -C d1 back/*.pki
	[ "$(count d1/certs/*.pem)" = 1 ]

	rm -r to-ca back
	cmp-mkreq -C d2 ir --subject "CN=x,O=Else" --newkey ed25519 \
	    --cert lra.pem --key lra.key --trust ca/certs/ca.pem -o to-ca/
	run -1 cmp-process -C ca -o back/ to-ca/*.pki
	has "E_NOT_SUBJECT"
	[ "$(status back/*.pki)" = rejection ]

	rm -r to-ca back
	asks d3 plain
	run -1 cmp-process -C ca -o back/ to-ca/*.pki
	has "E_NOT_AUTHORIZED"
}

@test "ra: an approval is verified, the answer is the device's" {
	cmp-ca -C ca trust add --ra lra.pem --subject 'CN=*,O=Example'
	asks d1 idevid idevid-sub.pem
	wrap lra to-ca/*.pki
	run -0 cmp-process -C ca -o back/ wrapped-lra.pki
	[ "$(status back/*.pki)" = accepted ]
	run -0 cmp-process -C d1 back/*.pki
	[ "$(count d1/certs/*.pem)" = 1 ]
	run -0 cmp-ca -C ca show "$(cmp-ca -C ca list | cut -c1-20)"
	has "approved by lra \"CN=RA lra\""
	run -0 cmp-ca -C ca check
}

@test "ra: an approval by the wrong certificate leaves the request alone" {
	cmp-ca -C ca trust add --ra lra.pem
	asks d1 idevid idevid-sub.pem
	wrap a to-ca/*.pki
	run -1 cmp-process -C ca -o back/ wrapped-a.pki
	has "E_PATH_NONE"
	[ "$(count back/*-error.pki)" = 1 ]
	[ "$(cmp-ca -C ca list | wc -l)" = 0 ]
	rm -r back
	run -0 cmp-process -C ca -o back/ to-ca/*.pki
	[ "$(status back/*.pki)" = accepted ]
}

@test "ra: an RA vouches for devices that the CA does not know" {
	cmp-ca -C ca trust add --ra lra.pem --subject 'CN=*,O=Example'
	asks d1 other
	wrap lra to-ca/*.pki
	run -1 cmp-process -C ca -o direct/ to-ca/*.pki
	has "E_PATH_NONE"
	run -0 cmp-process -C ca -o back/ wrapped-lra.pki
	run -0 cmp-process -C d1 back/*.pki
	[ "$(count d1/certs/*.pem)" = 1 ]
}

@test "ra: two of three, one after another, and no operator instead" {
	for i in a b c; do
		cmp-ca -C ca trust add --ra "$i.pem" --name "officer-$i"
	done
	set_conf ca "enrol idevid-root" approvals \
	    "2 of officer-a officer-b officer-c"
	run -78 cmp-ca -C ca trust remove officer-b
	has "officer-b"
	run -0 cmp-ca -C ca trust list
	has "approvals 2 of 3"

	asks d1 idevid idevid-sub.pem
	wrap a to-ca/*.pki
	wrap b to-ca/*.pki
	run -0 cmp-process -C ca -o back/ wrapped-a.pki
	has "1 of 2 approvals"
	[ "$(status back/*.pki)" = waiting ]
	run -3 cmp-process -C d1 -o poll/ back/*.pki
	run -0 cmp-ca -C ca pending
	has "Needs      2 of officer-a officer-b officer-c"
	has "by officer-a \"CN=RA a\""
	hasnt "Held"
	[ "$(cmp-ca -C ca pending --json | jq -r '.approved[].ra')" = \
	    officer-a ]
	run -1 cmp-ca -C ca approve "$(cmp-ca -C ca pending --json |
	    jq -r .digest)"
	has "which an operator cannot give in their place"

	run -0 cmp-process -C ca -o back2/ wrapped-b.pki
	has "an approval more, by officer-b"
	run -0 cmp-ca -C ca pending
	has "by officer-b \"CN=RA b\""
	[ "$(cmp-ca -C ca list | wc -l)" = 0 ]
	run -0 cmp-process -C ca -o last/ poll/*.pki
	run -0 cmp-process -C d1 last/*.pki
	[ "$(count d1/certs/*.pem)" = 1 ]
	run -0 cmp-ca -C ca show "$(cmp-ca -C ca list | cut -c1-20)"
	has "approved by officer-a"
	has "approved by officer-b"
	run -0 cmp-ca -C ca check
}

@test "ra: an operator refuses what waits for approvals" {
	cmp-ca -C ca trust add --ra a.pem --name officer-a
	set_conf ca "enrol idevid-root" approvals "1 of officer-a"
	asks d1 idevid idevid-sub.pem
	run -0 cmp-process -C ca -o back/ to-ca/*.pki
	run -3 cmp-process -C d1 -o poll/ back/*.pki
	run -0 cmp-ca -C ca reject --reason "no such pump" \
	    "$(cmp-ca -C ca pending --json | jq -r .digest)"
	wrap a to-ca/*.pki
	cmp-process -C ca -o back2/ wrapped-a.pki
	run -1 cmp-process -C ca -o last/ poll/*.pki
	has "E_NOT_APPROVED"
	[ "$(cmp-ca -C ca list | wc -l)" = 0 ]
}

@test "ra-cert: a certificate of the CA for its RA, which may be revoked" {
	openssl req -new -key lra.key -subj "/O=Example/CN=LRA 1" -out lra.csr
	run -0 cmp-ca -C ca ra-cert --csr lra.csr -o own.pem --days 30
	cp lra.key own.key
	run -0 openssl x509 -in own.pem -noout -ext keyUsage,extendedKeyUsage
	has "Digital Signature"
	has "CMC Registration Authority"
	[ "$(cmp-ca -C ca list | wc -l)" = 1 ]
	openssl verify -CAfile ca/certs/ca.pem own.pem

	# Alone it is no RA, and cannot be renewed by a request.
	asks d1 own
	run -1 cmp-process -C ca -o back/ to-ca/*.pki
	has "E_NOT_AUTHORIZED"
	rm -r to-ca
	cmp-mkreq -C d4 kur --cert own.pem --key own.key --newkey ed25519 \
	    --trust ca/certs/ca.pem -o to-ca/
	run -1 cmp-process -C ca -o back/ to-ca/*.pki
	has "E_CERT_PROFILE"
	cmp-ca -C ca trust add --ra own.pem --subject 'CN=*,O=Example'
	rm -r to-ca back
	asks d2 own
	run -0 cmp-process -C ca -o back/ to-ca/*.pki

	rm -r to-ca
	asks d3 idevid idevid-sub.pem
	wrap own to-ca/*.pki
	cmp-ca -C ca revoke "$(cmp-ca -C ca list | grep LRA | cut -c1-20)"
	run -1 cmp-process -C ca -o back/ wrapped-own.pki
	has "E_PATH_REVOKED"
}

@test "ra-cert: only with proof of possession, and a key of its own" {
	openssl req -new -key lra.key -subj "/CN=LRA 1" -outform DER \
	    -out lra.csr
	cp lra.csr bad.csr
	printf '\001' | dd of=bad.csr bs=1 seek=$(($(stat -c %s bad.csr) - 3)) \
	    conv=notrunc status=none
	run -1 cmp-ca -C ca ra-cert --csr bad.csr -o x.pem
	has "E_CSR_SIG"
	run -0 cmp-ca -C ca ra-cert --csr lra.csr -o own.pem
	openssl req -new -key lra.key -subj "/CN=LRA 2" -out two.csr
	run -1 cmp-ca -C ca ra-cert --csr two.csr -o x.pem
	has "E_TMPL_KEY_USED"
	openssl req -new -key a.key -subj / -out none.csr
	run -1 cmp-ca -C ca ra-cert --csr none.csr -o x.pem
	has "E_TMPL_SUBJECT"
	[ ! -e x.pem ]
	[ "$(cmp-ca -C ca list | wc -l)" = 1 ]
	run -64 cmp-ca -C ca ra-cert --csr lra.csr -o x.pem --days 0
	run -64 cmp-ca -C ca ra-cert --csr lra.csr
}

@test "trust --ra: anchor or certificate, listed, removed" {
	crl ra.crl ra-root 30
	run -0 cmp-ca -C ca trust add --ra ra-root.pem --name roots \
	    --crl ra.crl --profile default
	has "anchor \"CN=RA-Root\""
	run -0 cmp-ca -C ca trust add --ra lra.pem
	has "RA \"CN=RA lra\""
	has "for every profile and every subject"
	run -0 cmp-ca -C ca trust list
	has "anchor   trust/roots.pem"
	has "cert     trust/lra.pem"
	run -73 cmp-ca -C ca trust add --ra a.pem --name idevid-root
	has "[enrol idevid-root]"
	run -64 cmp-ca -C ca trust add --ra a.pem --crl ra.crl
	has "--crl is for an anchor"
	cat a.pem ra-root.pem >both.pem
	run -64 cmp-ca -C ca trust add --ra both.pem
	run -64 cmp-ca -C ca trust add --ra a.pem --enrol idevid-root.pem
	run -0 cmp-ca -C ca trust remove lra
	[ ! -e ca/trust/lra.pem ]
	run -0 cmp-ca -C ca trust remove roots
	run -0 cmp-ca -C ca trust list
	hasnt "registration authority"
}

@test "ra: an RA that a CRL revokes approves nothing" {
	crl ra.crl ra-root 30 lra.pem
	cmp-ca -C ca trust add --ra ra-root.pem --crl ra.crl
	asks d1 idevid idevid-sub.pem
	wrap lra to-ca/*.pki
	wrap a to-ca/*.pki
	run -1 cmp-process -C ca -o no/ wrapped-lra.pki
	has "E_PATH_REVOKED"
	run -0 cmp-process -C ca -o back/ wrapped-a.pki
	[ "$(status back/*.pki)" = accepted ]
}
