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

@test "a request with a slip that is held uses it up" {
	set_conf ca 'profile default' hold yes
	slip
	wait_for a --confirm
	cmp-ca -C ca ticket list | grep "^$ref used "
	ask b
	run -1 cmp-process -C ca -o no.pki b-ir.pki
	[[ "$output" == *'refused: E_TICKET_USED: '* ]]
	run -1 cmp-process -C b no.pki
	[[ "$output" == *'the shared secret was used before'* ]]
	[ "$(cmp-inspect --json a-poll.pki | jq -r .header.protectionAlg)" = \
	    PBMAC1 ]
	[ "$(cmp-ca -C ca pending --json | jq -r .signer)" = "CN=$ref" ]
	cmp-ca -C ca pending | grep 'shared secret'
	cmp-ca -C ca approve "$(cmp-ca -C ca pending --json | jq -r .digest)"
	cmp-process -C ca -o ip.pki a-poll.pki
	cmp-ca -C ca ticket list | grep "^$ref used "
	cmp-process -C a -o certconf.pki ip.pki
	cmp-process -C ca -o pkiconf.pki certconf.pki
	cmp-process -C a pkiconf.pki
	openssl verify -CAfile ca/certs/ca.pem a/certs/*.pem
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

@test "a ticket is locked by wrong MACs until it is unlocked" {
	slip
	cp secret good
	printf 'a guess of somebody who has no slip\n' >secret
	for i in $(seq 20); do
		ask "guess$i" --mac pbm
		run -1 cmp-process -C ca -o "no$i.pki" "guess$i-ir.pki"
		[[ "$output" == *E_PROT_MAC* ]]
		[ "$i" != 3 ] || cmp-ca -C ca ticket list |
		    grep "^$ref open .* (3 wrong MACs)"
	done
	cmp-ca -C ca ticket list | grep "^$ref locked .* (20 wrong MACs)"
	[ "$(cmp-ca -C ca ticket list --json | jq -c '[.failures, .locked]')" \
	    = '[20,true]' ]
	cp good secret
	ask dev
	run -1 cmp-process -C ca -o no.pki dev-ir.pki
	[[ "$output" == *'E_TICKET_LOCKED'*'cmp-ca ticket unlock'* ]]
	cmp-ca -C ca ticket unlock "$ref"
	cmp-ca -C ca ticket list | grep "^$ref open "
	run ! grep -q wrong <(cmp-ca -C ca ticket list)
	ask dev2
	cmp-process -C ca -o ip.pki dev2-ir.pki
	cmp-process -C dev2 ip.pki
	run -1 cmp-ca -C ca ticket unlock nobody
	[[ "$output" == *E_NOT_FOUND* ]]
	run -64 cmp-ca -C ca ticket unlock
	sqlite3 ca/state/cmp.db 'SELECT event FROM audit' |
	    grep -x ticket-unlocked
}

@test "a device without any anchor gets its first one with the slip" {
	slip
	cmp-mkreq -C dev ir --subject CN=pump17,O=Example --newkey ec:P-256 \
	    --secret-file secret --ref "$ref" --confirm -o ir.pki
	cmp-process -C ca -o ip.pki ir.pki
	cmp-inspect ip.pki >ip.txt
	run -0 cmp-process -C dev -o certconf.pki ip.pki
	[[ "$output" == *'as its root trust/'* ]]
	openssl verify -CAfile ca/certs/ca.pem dev/certs/*.pem
	[ "$(openssl x509 -in dev/trust/*.pem -outform DER | sha256sum)" = \
	    "$(openssl x509 -in ca/certs/ca.pem -outform DER | sha256sum)" ]
	cmp-process -C ca -o pkiconf.pki certconf.pki
	cmp-process -C dev pkiconf.pki
	# From here on signed answers are believed.
	cmp-mkreq -C dev genm cacerts --cert dev/certs/*.pem \
	    --key dev/keys/*.key -o genm.pki
	cmp-process -C ca -o genp.pki genm.pki
	cmp-process -C dev genp.pki
}

@test "a sub CA gives its root to a device with a slip" {
	cmp-ca -C root init --name 'CN=Root,O=Example' --newkey ec:P-256
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout sub.key -subj '/O=Example/CN=Sub CA' -out sub.csr
	printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=%s\n%s\n%s\n' \
	    critical,keyCertSign,cRLSign subjectKeyIdentifier=hash \
	    authorityKeyIdentifier=keyid >ext
	openssl x509 -req -in sub.csr -CA root/certs/ca.pem \
	    -CAkey root/keys/ca.key -days 100 -extfile ext -out sub.pem
	rm -r ca
	cmp-ca -C ca init --key sub.key --cert sub.pem \
	    --chain root/certs/ca.pem
	slip
	cmp-mkreq -C dev ir --subject CN=pump17,O=Example --newkey ec:P-256 \
	    --secret-file secret --ref "$ref" -o ir.pki
	cmp-process -C ca -o ip.pki ir.pki
	cmp-process -C dev ip.pki
	openssl verify -CAfile dev/trust/*.pem -untrusted dev/certs/*.pem \
	    dev/certs/*.pem
	[ "$(openssl x509 -in dev/trust/*.pem -noout -subject)" = \
	    "$(openssl x509 -in root/certs/ca.pem -noout -subject)" ]
}

# draft: an ir without protection, draft.pki of the home d.
draft() {
	cmp-mkreq -C d ir --subject CN=pump17,O=Example \
	    --newkey ec:P-256 --trust ca/certs/ca.pem -o draft.pki
}

# idevid: a device of a maker that the CA knows.
idevid() {
	root maker CN=Maker
	device idevid CN=old,O=Example maker
	cmp-ca -C ca trust add --enrol maker.pem --subject 'CN=*,O=Example'
}

@test "cmp-sign protects a draft with a shared secret" {
	slip
	draft
	for kind in pbmac1 pbm; do
		cmp-sign --secret-file secret --ref "$ref" --mac $kind \
		    -o $kind.pki draft.pki
	done
	[ "$(cmp-inspect --json pbm.pki | jq -r .header.protectionAlg)" = \
	    passwordBasedMac ]
	cmp-process -C ca -o ip.pki pbmac1.pki
	[ "$(cmp-inspect --json ip.pki | jq -r .header.protectionAlg)" = \
	    PBMAC1 ]
	cmp-ca -C ca ticket list | grep "^$ref used "
}

@test "cmp-sign replaces a MAC by a signature, and the other way" {
	slip
	idevid
	ask dev
	cmp-sign --cert idevid.pem --key idevid.key --replace \
	    --old-secret secret -o signed.pki dev-ir.pki
	cmp-process -C ca -o ip.pki signed.pki
	cmp-ca -C ca ticket list | grep "^$ref open "
	draft
	cmp-sign --cert idevid.pem --key idevid.key -o signed2.pki draft.pki
	cmp-sign --secret-file secret --ref "$ref" --replace \
	    --trust maker.pem -o mac.pki signed2.pki
	cmp-process -C ca -o ip2.pki mac.pki
	cmp-ca -C ca ticket list | grep "^$ref used "
	# One secret by another, whatever there is to verify with.
	printf 'a secret of the other side, long enough\n' >other
	cmp-sign --secret-file other --ref other --mac pbm --replace \
	    --old-secret secret --trust maker.pem -o mac2.pki mac.pki
	[ "$(cmp-inspect --json mac2.pki | jq -r .header.sender)" = CN=other ]
}

@test "cmp-sign replaces nothing that does not verify" {
	slip
	idevid
	ask dev
	printf 'a secret of the other side, long enough\n' >other
	sign() {
		run -1 cmp-sign --cert idevid.pem --key idevid.key --replace \
		    "$@" -o no.pki dev-ir.pki
		[ ! -e no.pki ]
	}
	sign --old-secret other
	[[ "$output" == *E_PROT_MAC* ]]
	sign --trust maker.pem
	[[ "$output" == *E_PROT_KIND* ]]
	run -1 cmp-sign --secret-file secret --ref "$ref" -o no.pki dev-ir.pki
	[[ "$output" == *E_PROT_KIND*'--old-secret'* ]]
	draft
	run -77 cmp-sign --secret-file secret --ref "$ref" --replace \
	    --old-secret secret -o no.pki draft.pki
	[[ "$output" == *E_PROT_MISSING* ]]
	cmp-mkreq -C g genm cacerts --trust ca/certs/ca.pem -o genm.pki
	run -1 cmp-sign --secret-file secret --ref "$ref" -o no.pki genm.pki
	[[ "$output" == *E_PROT_KIND* ]]
	sed 's/.$//' secret >short
	run -65 cmp-sign --secret-file short --ref "$ref" -o no.pki draft.pki
	[[ "$output" == *E_SECRET_DIGITS* ]]
	[ ! -e no.pki ]
}

@test "wrong MACs do not hold up what others ask" {
	slip
	idevid
	sed -i 's/^#mac-work = .*/mac-work = 1/' ca/cmp.conf
	grep -x 'mac-work = 1' ca/cmp.conf
	printf 'a guess of somebody who has no slip\n' >other
	for i in $(seq 9); do
		draft
		cmp-sign --secret-file other --ref "$ref" \
		    -o "ca/spool/in/guess$i.pki" draft.pki
		rm draft.pki
	done
	cmp-mkreq -C dev ir --subject CN=pump17,O=Example --newkey ec:P-256 \
	    --cert idevid.pem --key idevid.key --trust ca/certs/ca.pem \
	    -o ca/spool/in/signed.pki
	# 100,000 iterations are 200,000 hashes.
	run -75 cmp-process -C ca
	[[ "$output" == *'guess9.pki: put back: E_MAC_BUDGET'* ]]
	[ "$(grep -c 'refused: E_PROT_MAC' <<<"$output")" = 5 ]
	[ "$(find ca/spool/in -name 'guess*.pki' | wc -l)" = 4 ]
	[ ! -e ca/spool/in/signed.pki ]
	cmp-process -C dev ca/spool/out/*-ip.pki
	# A new process is a new minute.
	run -1 cmp-process -C ca
	[ -z "$(find ca/spool/in -name '*.pki')" ]
}
