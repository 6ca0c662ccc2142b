#!/usr/bin/env bats
# The operations that end in a certificate, one after the other.
load lib

setup_file() {
	prepared
}

setup() {
	fresh
}

# own HOME: the newest certificate of HOME and its key, as own.pem, own.key.
own() {
	local pem

	# shellcheck disable=SC2012
	pem=$(ls -t "$1"/certs/*.pem | head -n1)
	cat "$pem" >own.pem
	pem=${pem##*/}
	cat "$1/keys/${pem%.pem}.key" >own.key
}

# walk OUT OPTION...: a request of dev, its answer, and the certificate.
walk() {
	local stem=$1
	shift

	cmp-mkreq -C dev "$@" -o "$stem.pki"
	run -0 cmp-inspect --lint "$stem.pki"
	cmp-process -C ca -o "$stem-rep.pki" "$stem.pki"
	run -0 cmp-inspect --lint "$stem-rep.pki"
	run -0 cmp-process -C dev -o "$stem-conf.pki" "$stem-rep.pki"
	has installed
}

# enrolled: dev has a first certificate.
enrolled() {
	mkreq dev ir.pki --san dns:pump17.example
	cmp-process -C ca -o ip.pki ir.pki
	cmp-process -C dev ip.pki
	own dev
}

csr() {
	key "${SPEC:-ec:P-256}" csr.key
	openssl req -new -key csr.key -subj "$(slashed "$1")" -out csr.pem \
	    ${2:+-addext "subjectAltName=$2"} -config /dev/null
}

# refused CODE BODY FAILINFO FILE: the CA answers it with this no.
refused() {
	rm -f no.pki
	run -1 cmp-process -C ca -o no.pki "$4"
	has "$1"
	[ "$(reads no.pki .message)" = "$2" ]
	run -0 cmp-inspect no.pki
	has "$3"
	run -0 cmp-inspect --lint no.pki
}

@test "ops: ir, cr, kur and p10cr, each with the certificate before" {
	enrolled
	walk cr cr --subject CN=pump17,O=Example --newkey ec:P-384 \
	    --cert own.pem --key own.key
	[ "$(reads cr-rep.pki .message)" = cp ]
	own dev
	openssl pkey -in own.key -noout -text | grep -q P-384
	walk kur kur --newkey ed25519 --cert own.pem --key own.key
	[ "$(reads kur-rep.pki .message)" = kup ]
	own dev
	csr CN=pump17,O=Example
	walk p10cr p10cr --csr csr.pem --cert own.pem --key own.key
	[ "$(reads p10cr-rep.pki .message)" = cp ]
	cmp-inspect p10cr-rep.pki | grep -q 'certReqId: -1'
	[ "$(cmp-ca -C ca list | grep -c ' valid ')" = 4 ]
	[ "$(count dev/certs/*.pem)" = 4 ]
	# The fourth key is not ours.
	[ "$(count dev/keys/*.key)" = 3 ]
}

@test "ops: kur takes the names over, also the alternative ones" {
	enrolled
	walk kur kur --newkey ec:P-256 --cert own.pem --key own.key
	own dev
	openssl x509 -in own.pem -noout -ext subjectAltName |
	    grep -q DNS:pump17.example
	openssl x509 -in own.pem -noout -subject | grep -q pump17
}

@test "ops: cr, kur and p10cr are confirmed" {
	enrolled
	csr CN=pump17,O=Example DNS:pump17.example
	for op in "cr --subject CN=pump17,O=Example --newkey ed25519" \
	    "kur --newkey ed25519" "p10cr --csr csr.pem"; do
		name=${op%% *}
		# shellcheck disable=SC2086
		walk "$name" $op --cert own.pem --key own.key --confirm
		run -0 cmp-inspect --lint "$name-conf.pki"
		run -0 cmp-process -C ca -o "$name-pc.pki" "$name-conf.pki"
		has 'is confirmed'
		run -0 cmp-process -C dev "$name-pc.pki"
	done
	cmp-inspect p10cr-conf.pki | grep -q 'certReqId: -1'
}

@test "ops: p10cr of a maker's device, PEM and DER, and as a draft" {
	csr CN=pump17,O=Example DNS:pump17.example
	openssl req -in csr.pem -outform DER -out csr.der
	cmp-mkreq -C dev p10cr --csr csr.der --cert idevid.pem \
	    --key idevid.key --chain idevid-sub.pem --trust ca/certs/ca.pem \
	    -o p10cr.pki
	cmp-process -C ca -o cp.pki p10cr.pki
	run -0 cmp-process -C dev cp.pki
	has 'installed certs/pump17-'
	diff <(openssl x509 -in dev/certs/*.pem -noout -pubkey) \
	    <(openssl pkey -in csr.key -pubout)
	[ "$(count dev/keys/*)" = 0 ]

	csr CN=pump18,O=Example
	cmp-mkreq -C dev2 p10cr --csr csr.pem --trust ca/certs/ca.pem -o d.pki
	cmp-sign --cert idevid.pem --key idevid.key --chain idevid-sub.pem \
	    -o p10cr2.pki d.pki
	cmp-process -C ca -o cp2.pki p10cr2.pki
	run -0 cmp-process -C dev2 cp2.pki
	has 'installed certs/pump18-'
}

@test "ops: a --csr that is no good is not sent" {
	csr CN=pump17,O=Example
	set -- -C dev p10cr --cert idevid.pem --key idevid.key -o x.pki
	run -64 cmp-mkreq "$@"
	has --csr
	run -64 cmp-mkreq "$@" --csr csr.pem --newkey ed25519
	run -64 cmp-mkreq "$@" --csr csr.pem --subject CN=a
	run -64 cmp-mkreq "$@" --csr -
	run -64 cmp-mkreq -C dev ir --csr csr.pem --subject CN=a --newkey ed25519
	run -66 cmp-mkreq "$@" --csr absent.pem
	run -65 cmp-mkreq "$@" --csr idevid.pem
	has E_CSR_SYNTAX
	openssl req -in csr.pem -outform DER | perl -pe 's/pump17/pump71/' >bad
	run -1 cmp-mkreq "$@" --csr bad
	has E_CSR_SIG
	csr CN=pump17
	openssl req -new -key csr.key -subj / -out csr.pem -config /dev/null
	run -1 cmp-mkreq "$@" --csr csr.pem
	has E_TMPL_NO_NAME
	[ ! -e dev ]
	[ ! -e x.pki ]
}

@test "ops: what the CA does not certify by p10cr" {
	enrolled
	set -- -C dev p10cr --csr csr.pem
	csr CN=pump18,O=Example
	cmp-mkreq "$@" --cert own.pem --key own.key -o 1.pki
	refused E_NOT_SUBJECT cp notAuthorized 1.pki
	cmp-inspect no.pki | grep -q 'certReqId: -1'
	run -1 cmp-process -C dev no.pki
	has E_ANSWER_REJECTED
	csr CN=pump17,O=Example DNS:pump18.example
	cmp-mkreq "$@" --cert own.pem --key own.key -o 2.pki
	refused E_NOT_SAN cp notAuthorized 2.pki
	csr CN=pump17,O=Elsewhere
	cmp-mkreq "$@" --cert idevid.pem --key idevid.key \
	    --chain idevid-sub.pem -o 3.pki
	refused E_NOT_SUBJECT cp notAuthorized 3.pki
}

@test "ops: ir and kur are for those who may send them" {
	enrolled
	cmp-mkreq -C dev ir --subject CN=pump17,O=Example --newkey ed25519 \
	    --cert own.pem --key own.key -o 1.pki
	refused E_NOT_AUTHORIZED ip notAuthorized 1.pki
	for op in 'cr --subject CN=pump17,O=Example' kur; do
		# shellcheck disable=SC2086
		cmp-mkreq -C dev $op --newkey ed25519 --cert idevid.pem \
		    --key idevid.key --chain idevid-sub.pem -o x.pki
		refused E_NOT_AUTHORIZED "$([ "$op" = kur ] && echo kup ||
		    echo cp)" notAuthorized x.pki
		rm x.pki
	done
}

@test "ops: cmp-ca policy prints the table" {
	run -0 cmp-ca policy
	has 'device of a vendor'
	cmp-ca policy --json | jq -es 'map(select(.body == "kur" and .allowed)) |
	    length == 1 and .[0].target == "its own certificate"'
	run -64 cmp-ca policy x
}
