#!/usr/bin/env bats
# Revocation and CRLs: by rr, by the operator, by schedule.
# shellcheck disable=SC2164,SC2012

bats_require_minimum_version 1.5.0

load lib.bash

setup_file() {
	prepared
	mkreq dev ir.pki && cmp-process -C ca -o ip.pki ir.pki &&
	    cmp-process -C dev ip.pki && cp dev/certs/*.pem own.pem &&
	    cp dev/keys/*.key own.key
	[ ! -e ca/certs/ca.crl ]
}

setup() {
	fresh
}

rr() {
	cmp-mkreq -C dev rr --cert own.pem --key own.key \
	    -o "${RR:-rr.pki}" "$@"
}

number() {
	openssl crl -in ca/certs/ca.crl.pem -noout -crlnumber |
	    sed 's/.*=0x//' | { read -r n; echo $((16#$n)); }
}

# revoked [REASON]: openssl says so, by our CRL.
revoked() {
	openssl crl -in ca/certs/ca.crl -inform DER -noout -verify \
	    -CAfile ca/certs/ca.pem
	run openssl verify -CAfile ca/certs/ca.pem -crl_check \
	    -CRLfile ca/certs/ca.crl.pem own.pem
	has 'certificate revoked'
	openssl crl -in ca/certs/ca.crl.pem -outform DER |
	    cmp - ca/certs/ca.crl
	run openssl crl -in ca/certs/ca.crl.pem -noout -text
	if [ -n "${1:-}" ]; then has "$1"; else hasnt 'Reason Code'; fi
}

@test "a device revokes its certificate, and the CRL has it" {
	rr --reason keyCompromise
	cmp-process -C ca -o rp.pki rr.pki
	run -0 cmp-process -C dev rp.pki
	has 'is revoked'
	revoked 'Key Compromise'
	run -0 cmp-ca -C ca list --revoked --json
	[ "$(jq -r .reason <<<"$output")" = 1 ]
	cmp-ca -C ca check
	RR=again.pki rr
	run -1 cmp-process -C ca -o no.pki again.pki
	has E_RR_REVOKED
	run -1 cmp-process -C dev no.pki
	has E_ANSWER_REJECTED
	has certRevoked
}

@test "through the spool: one CRL for a group, after the answers" {
	rr
	cp rr.pki ca/spool/in/
	run -0 cmp-process -C ca
	has 'with 1 entries'
	[ "$(count ca/spool/out/*.pki)" = 1 ]
	revoked
	n=$(number)
	cmp-process -C ca
	[ "$(number)" = "$n" ]
}

@test "the operator revokes" {
	serial=$(cmp-ca -C ca issued --json | jq -r .serial)
	run -64 cmp-ca -C ca revoke "$serial" --reason removeFromCRL
	has 'stays so'
	run -1 cmp-ca -C ca revoke ff00ff00
	has E_NOT_FOUND
	run -0 cmp-ca -C ca revoke "${serial:0:8}" --reason superseded
	has 'with 1 entries'
	revoked Superseded
	run -1 cmp-ca -C ca revoke "$serial"
	has E_RR_REVOKED
}

@test "certificateHold is not taken back by anybody" {
	rr --reason certificateHold
	cmp-process -C ca -o rp.pki rr.pki
	cmp-process -C dev rp.pki
	revoked 'Certificate Hold'
	serial=$(cmp-ca -C ca list --revoked --json | jq -r .serial)
	run -1 cmp-ca -C ca revoke "$serial" --reason superseded
	has E_RR_REVOKED
	RR=again.pki rr
	run -1 cmp-process -C ca -o no.pki again.pki
	has E_RR_REVOKED
}

@test "crl-after-revoke = no leaves it to the operator" {
	set_conf ca ca crl-after-revoke no
	serial=$(cmp-ca -C ca list --json | jq -r .serial)
	run -0 cmp-ca -C ca revoke "$serial"
	has 'next: cmp-ca -C ca crl'
	cmp-process -C ca
	[ ! -e ca/certs/ca.crl ]
	run -0 cmp-ca -C ca crl
	has 'with 1 entries'
	revoked
}

@test "a CRL of nothing is good; each has a higher number" {
	cmp-ca -C ca crl
	openssl verify -CAfile ca/certs/ca.pem -crl_check \
	    -CRLfile ca/certs/ca.crl.pem own.pem
	n=$(number)
	cmp-ca -C ca crl
	[ "$(number)" -gt "$n" ]
}

@test "the number grows also when an old store is brought back" {
	cp -a ca/state old
	for _ in 1 2 3; do cmp-ca -C ca crl; done
	n=$(number)
	rm -r ca/state
	cp -a old ca/state
	cmp-ca -C ca crl
	[ "$(number)" -gt "$n" ]
}

@test "what a kill between commit and CRL left out is made up for" {
	rr
	cmp-process -C ca -n rr.pki
	[ ! -e ca/certs/ca.crl ]
	# The commit is there, the files are not.
	set_conf ca ca crl-after-revoke no
	cmp-process -C ca -o rp.pki rr.pki
	sed -i '/^crl-after-revoke/d' ca/cmp.conf
	[ ! -e ca/certs/ca.crl ]
	cmp-process -C ca
	revoked
	# The row is there, the files are half.
	sqlite3 ca/state/cmp.db 'UPDATE crl SET written = 0'
	rm ca/certs/ca.crl
	n=$(openssl crl -in ca/certs/ca.crl.pem -noout -crlnumber)
	cmp-process -C ca
	revoked
	[ "$n" != "$(openssl crl -in ca/certs/ca.crl.pem -noout -crlnumber)" ]
}

@test "100,000 entries take about a second" {
	cmp-ca -C ca crl
	sqlite3 ca/state/cmp.db "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL
	    SELECT i + 1 FROM n WHERE i < 100000)
	    INSERT INTO cert (serial, spki_hash, subject, not_before,
	    not_after, profile, revoked_at, reason, der, first_issued)
	    SELECT CAST(printf('B%019d', i) AS BLOB), randomblob(32), x'3000', 0,
	    4000000000, 'p', 1790000000 + i, i % 7, x'3000', 0 FROM n"
	SECONDS=0
	run -0 cmp-ca -C ca crl
	[ $SECONDS -le 5 ]
	has 'with 100000 entries'
	openssl crl -in ca/certs/ca.crl -inform DER -noout -verify \
	    -CAfile ca/certs/ca.pem
}

@test "a CA certificate without cRLSign makes no CRL" {
	key ec:P-256 up.key
	issue up CN=Up up.key self basicConstraints=critical,CA:TRUE \
	    keyUsage=critical,keyCertSign subjectKeyIdentifier=hash
	cmp-ca -C ca2 init --key up.key --cert up.pem
	run -65 cmp-ca -C ca2 crl
	has E_KEY_CERT
	has cRLSign
	cmp-process -C ca2
}

@test "rr is checked before anything is made" {
	run -64 cmp-mkreq -C new rr
	has --cert
	run -64 cmp-mkreq -C new rr --cert own.pem --key own.key --reason x
	has keyCompromise
	run -64 cmp-mkreq -C new rr --cert own.pem --key own.key \
	    --subject CN=x
	[ ! -e new ]
	run -0 cmp-mkreq -C new rr --cert own.pem --key own.key -n
	has 'would make rr'
	[ ! -e new ]
}
