#!/usr/bin/env bats
# Enrolment with a shared secret, from the slip to the certificate.
# shellcheck disable=SC2030,SC2031,SC2154,SC2164

load lib

setup() {
	cd "$BATS_TEST_TMPDIR"
	cmp-ca -C ca init --name 'CN=Plant CA,O=Example' --newkey ec:P-256
}

# slip: a new ticket; its reference in $ref, its secret in secret.
slip() {
	cmp-ca -C ca ticket new --subject 'CN=pump*,O=Example' --json \
	    >slip.json
	ref=$(jq -r .ref slip.json)
	jq -r .secret slip.json >secret
}

# ask HOME [OPTION]...: an ir with $ref and the file secret.
ask() {
	local home=$1

	shift
	cmp-mkreq -C "$home" ir --subject CN=pump17,O=Example \
	    --newkey ec:P-256 --secret-file secret --ref "$ref" \
	    --trust ca/certs/ca.pem -o "$home-ir.pki" "$@"
}

@test "a slip brings one certificate, confirmed explicitly" {
	slip
	ask dev --confirm
	[ "$(cmp-inspect --json dev-ir.pki | jq -r .header.protectionAlg)" = \
	    PBMAC1 ]
	cmp-process -C ca -o ip.pki dev-ir.pki
	cmp-process -C dev -o certconf.pki ip.pki
	cmp-process -C ca -o pkiconf.pki certconf.pki
	cmp-process -C dev pkiconf.pki
	openssl verify -CAfile ca/certs/ca.pem dev/certs/*.pem
	cmp-ca -C ca ticket list | grep "^$ref used "
	ask dev2
	run -1 cmp-process -C ca -o no.pki dev2-ir.pki
	[[ "$output" == *'refused: E_TICKET_USED: '* ]]
	run -1 cmp-process -C dev2 no.pki
	[[ "$output" == *'the shared secret was used before'* ]]
}

@test "the secret of a slip may be typed as people type" {
	slip
	tr -d - <secret | tr '[:upper:]' '[:lower:]' | sed 's/..../& /g' >typed
	mv typed secret
	ask dev --mac pbm
	cmp-process -C ca -o ip.pki dev-ir.pki
	cmp-process -C dev ip.pki
	ls dev/certs/*.pem
}

@test "a mistyped secret is found before a request is made" {
	slip
	sed 's/.$//' secret >short
	mv short secret
	run -65 ask dev
	[[ "$output" == *E_SECRET_DIGITS* ]]
	[ ! -e dev ]
}

@test "no command shows a secret again, nor writes it elsewhere" {
	slip
	ask dev
	cmp-process -C ca -o ip.pki dev-ir.pki
	cmp-process -C dev ip.pki
	for f in dev-ir.pki ip.pki dev/state/cmp.db* dev/cmp.conf; do
		run ! grep -F "$(cat secret)" "$f"
	done
	{
		cmp-ca -C ca ticket list
		cmp-ca -C ca ticket list --json
		cmp-ca -C ca list
		cmp-inspect dev-ir.pki
		sqlite3 ca/state/cmp.db 'SELECT * FROM audit'
	} >shown 2>&1
	run ! grep -F "$(cat secret)" shown
}

@test "one slip for each of many" {
	cmp-ca -C ca ticket new 50 --subject 'CN=*,O=Example' --json >many
	[ "$(jq -r .ref many | sort -u | wc -l)" = 50 ]
	[ "$(jq -r .secret many | sort -u | wc -l)" = 50 ]
	[ "$(cmp-ca -C ca ticket list | grep -c ' open ')" = 50 ]
	run -64 cmp-ca -C ca ticket new 0 --subject 'CN=*'
	run -64 cmp-ca -C ca ticket new
	cmp-ca -C ca check
}

@test "a secret that exists is taken, a weak one only with --weak" {
	printf 'hunter2\n' >secret
	ref=old
	run -65 cmp-ca -C ca ticket add --ref old --secret-file secret \
	    --subject 'CN=*,O=Example'
	[[ "$output" == *E_SECRET_WEAK* ]]
	[[ "$output" != *hunter2* ]]
	cmp-ca -C ca ticket add --ref old --secret-file secret --weak \
	    --subject 'CN=*,O=Example' --uses 2 --expires never
	run -73 cmp-ca -C ca ticket add --ref old --secret-file secret --weak \
	    --subject 'CN=*,O=Example'
	[[ "$output" == *E_EXISTS* ]]
	for d in a b; do
		ask $d
		cmp-process -C ca -o $d-ip.pki $d-ir.pki
	done
	ask c
	run -1 cmp-process -C ca -o c-ip.pki c-ir.pki
	[[ "$output" == *E_TICKET_USED* ]]
}

@test "a ticket that is removed is worth nothing" {
	slip
	ask dev
	cmp-ca -C ca ticket remove "$ref"
	run -1 cmp-process -C ca -o no.pki dev-ir.pki
	[[ "$output" == *E_PROT_MAC* ]]
	run -1 cmp-ca -C ca ticket remove "$ref"
	[[ "$output" == *E_NOT_FOUND* ]]
}

@test "what does not go together is said" {
	slip
	run -64 cmp-mkreq -C d ir --subject CN=a --newkey ec:P-256 --ref x
	run -64 cmp-mkreq -C d ir --subject CN=a --newkey ec:P-256 --mac pbm
	run -64 cmp-mkreq -C d ir --subject CN=a --newkey ec:P-256 --ref x \
	    --secret-file secret --cert c --key k
	run -64 cmp-mkreq -C d kur --newkey ec:P-256 --ref x \
	    --secret-file secret
	run -64 cmp-mkreq -C d ir --subject CN=a --newkey ec:P-256 --ref x \
	    --secret-file secret --mac md5
	[ ! -e d ]
}

# wait_for HOME: an ir with the slip is held, its pollReq is HOME-poll.pki.
wait_for() {
	ask "$1" "${@:2}"
	cmp-process -C ca -o "$1-wait.pki" "$1-ir.pki"
	run -3 cmp-process -C "$1" -o "$1-poll.pki" "$1-wait.pki"
	[[ "$output" == *E_ANSWER_WAITING* ]]
}

@test "a request with a slip that is held uses it up when it is answered" {
	set_conf ca 'profile default' hold yes
	slip
	wait_for a --confirm
	wait_for b
	[ "$(cmp-inspect --json a-poll.pki | jq -r .header.protectionAlg)" = \
	    PBMAC1 ]
	[ "$(cmp-ca -C ca pending --json | jq -r .signer | sort -u)" = \
	    "CN=$ref" ]
	cmp-ca -C ca pending | grep 'shared secret'
	for id in $(cmp-ca -C ca pending --json | jq -r .digest); do
		cmp-ca -C ca approve "$id"
	done
	cmp-ca -C ca ticket list | grep "^$ref open "
	cmp-process -C ca -o ip.pki a-poll.pki
	cmp-ca -C ca ticket list | grep "^$ref used "
	cmp-process -C a -o certconf.pki ip.pki
	cmp-process -C ca -o pkiconf.pki certconf.pki
	cmp-process -C a pkiconf.pki
	openssl verify -CAfile ca/certs/ca.pem a/certs/*.pem
	run -1 cmp-process -C ca -o no.pki b-poll.pki
	[[ "$output" == *'refused: E_TICKET_USED: '* ]]
	run -1 cmp-process -C b no.pki
	[[ "$output" == *'the shared secret was used before'* ]]
	cmp-ca -C ca check
}

@test "a held request with a slip is refused with the same secret" {
	set_conf ca 'profile default' hold yes
	slip
	wait_for a
	cmp-process -C ca -o still.pki a-poll.pki
	run -3 cmp-process -C a -o poll2.pki still.pki
	cmp-ca -C ca reject "$(cmp-ca -C ca pending --json | jq -r .digest)" \
	    --reason 'no such pump'
	run -1 cmp-process -C ca -o no.pki poll2.pki
	[ "$(cmp-inspect --json no.pki | jq -r .header.protectionAlg)" = \
	    PBMAC1 ]
	run -1 cmp-process -C a no.pki
	[[ "$output" == *'no such pump'* ]]
	cmp-ca -C ca ticket list | grep "^$ref open "
}
