#!/usr/bin/env bats
# What a device asks for that is no certificate: RFC 9483 4.3.
load lib

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{
		mkreq dev ir.pki
		cmp-process -C ca -o ip.pki ir.pki
		cmp-process -C dev ip.pki
		cp dev/certs/*.pem own.pem
		cp dev/keys/*.key own.key
		chmod 600 own.key
		# Whose CRL the CA serves.
		cp ca/certs/ca.pem plant.pem
		cp ca/keys/ca.key plant.key
		THIS=260101000000Z NUMBER=01 crl old.crl plant 3650
		THIS=260201000000Z NUMBER=02 crl new.crl plant 3650 own.pem
	} 2>/dev/null
}

setup() {
	fresh
}

# genm OUT WORD...: a general message of the device.
genm() {
	local out=$1
	shift

	cmp-mkreq -C dev genm --cert own.pem --key own.key -o "$out" "$@"
}

# asks WORD...: ask, have it answered, take the answer.
asks() {
	rm -f q.pki a.pki
	genm q.pki "$@" && cmp-process -C ca -o a.pki q.pki &&
	    cmp-process -C dev a.pki
}

@test "cacerts: the CA's certificates become a file that is not trusted" {
	local before

	before=$(ls dev/trust)
	run -0 asks cacerts
	has "certs/cacerts.pem"
	[ "$(reads a.pki .message)" = genp ]
	cmp <(openssl x509 -in dev/certs/cacerts.pem) \
	    <(openssl x509 -in ca/certs/ca.pem)
	[ "$(ls dev/trust)" = "$before" ]
	# The same answer again changes nothing.
	run -0 cmp-process -C dev a.pki
	has repeated
}

@test "cacerts: further CA certificates of certs/further.pem come too" {
	root other CN=Other-CA,O=Example
	cp other.pem ca/certs/further.pem
	run -0 asks cacerts
	[ "$(grep -c BEGIN dev/certs/cacerts.pem)" = 2 ]
}

@test "crl: the newest, by issuer, and nothing if it is not newer" {
	cp old.crl ca/certs/ca.crl
	run -0 asks crl --issuer "CN=Plant CA,O=Example"
	cmp old.crl dev/crls/*.crl
	# What is held is said; there is nothing newer.
	run -0 asks crl --issuer "CN=Plant CA,O=Example"
	has "no CRL that is newer"
	cp new.crl ca/certs/ca.crl
	run -0 asks crl --issuer "CN=Plant CA,O=Example"
	cmp new.crl dev/crls/*.crl
	# --have says it for a CRL that is elsewhere.
	rm dev/crls/*.crl
	run -0 asks crl --issuer "CN=Plant CA,O=Example" --have new.crl
	has "no CRL that is newer"
	run ! ls dev/crls/*.crl
}

@test "crl: by distribution point, which is only a name" {
	cp new.crl ca/certs/ca.crl
	sed -i 's,^#\? *crl-dp = .*,crl-dp = http://pki.example/plant.crl,' \
	    ca/cmp.conf
	grep -q '^\[profile' ca/cmp.conf ||
	    printf '[profile default]\ncrl-dp = http://pki.example/plant.crl\n' \
	    >>ca/cmp.conf
	run -0 asks crl --dp http://pki.example/plant.crl
	cmp new.crl dev/crls/plant.crl-*.crl
	run -0 asks crl --dp http://pki.example/another.crl
	has "no CRL that is newer"
}

@test "crl: an older one than the one held is refused" {
	cp new.crl ca/certs/ca.crl
	run -0 genm q1.pki current-crl
	run -0 cmp-process -C ca -o a1.pki q1.pki
	cp old.crl ca/certs/ca.crl
	run -0 genm q2.pki current-crl
	run -0 cmp-process -C ca -o a2.pki q2.pki
	run -0 cmp-process -C dev a1.pki
	cmp new.crl dev/crls/current.crl
	run -1 cmp-process -C dev a2.pki
	has E_ANSWER_CRL
	cmp new.crl dev/crls/current.crl
}

# many N: as many certificates of the CA that are revoked.
many() {
	sqlite3 ca/state/cmp.db "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL
	    SELECT i + 1 FROM n WHERE i < $1)
	    INSERT INTO cert (serial, spki_hash, subject, not_before,
	    not_after, profile, revoked_at, reason, der, first_issued)
	    SELECT CAST(printf('B%019d', i) AS BLOB), randomblob(32), x'3000', 0,
	    4000000000, 'p', 1767225600 + i, 1, x'3000', 0 FROM n"
}

@test "crl: 100,000 entries with max-size at both ends, else it is said" {
	many 100000
	cmp-ca -C ca crl
	run -0 genm q.pki current-crl
	run -1 cmp-process -C ca -o a.pki q.pki
	has E_INFO_SIZE
	has 'raise max-size'
	run -1 cmp-process -C dev a.pki
	has systemFailure
	set_conf ca spool max-size 8m
	run -0 genm q2.pki current-crl
	run -0 cmp-process -C ca -o a2.pki q2.pki
	[ "$(stat -c %s a2.pki)" -gt 4000000 ]
	run -0 cmp-inspect a2.pki
	has 'entries: 100000'
	run -0 cmp-inspect --lint a2.pki
	run -65 cmp-process -C dev a2.pki
	has E_FILE_SIZE
	has 'max-size in [spool]'
	set_conf dev spool max-size 8m
	run -0 cmp-process -C dev a2.pki
	cmp ca/certs/ca.crl dev/crls/current.crl
}

@test "crl: more than a thousand entries are not too many by default" {
	many 5000
	cmp-ca -C ca crl
	run -0 asks current-crl
	cmp ca/certs/ca.crl dev/crls/current.crl
}

@test "crl: where its file is gone, all else is told" {
	cmp-ca -C ca crl
	rm ca/certs/ca.crl
	# No schedule that would make it anew before it is asked for.
	run -0 genm q.pki current-crl
	run -78 cmp-process -C ca -o a.pki q.pki
	has 'certs/ca.crl is not there'
	has 'make a new one: cmp-ca crl'
	run -0 asks cacerts
	cmp-ca -C ca crl
	run -0 asks current-crl
}

@test "crl: none at the CA is none in the answer; a bad file is its own fault" {
	run -0 asks current-crl
	has "no CRL"
	echo nonsense >ca/certs/ca.crl
	genm q.pki current-crl 2>/dev/null || genm q2.pki current-crl
	run -78 cmp-process -C ca -o a3.pki "$([ -e q2.pki ] && echo q2.pki ||
	    echo q.pki)"
	has E_CONF
}

@test "a device with its maker's certificate may ask as well" {
	run -0 cmp-mkreq -C dev genm cacerts --cert idevid.pem \
	    --key idevid.key --chain idevid-sub.pem -o q.pki
	run -0 cmp-process -C ca -o a.pki q.pki
	run -0 cmp-process -C dev a.pki
}

@test "wrong words are said before anything is done" {
	run -64 genm q.pki
	run -64 genm q.pki weather
	run -64 genm q.pki crl
	run -64 genm q.pki cacerts --dp x
	run -64 genm q.pki rootupdate
	[ ! -e q.pki ]
}

@test "openssl asks for caCerts and takes the answer" {
	openssl cmp -config '' -cmd genm -infotype caCerts \
	    -cert own.pem -key own.key -server 127.0.0.1:1 \
	    -reqout q.pki -rspin /dev/null -srvcert ca/certs/cmp.pem \
	    >/dev/null 2>&1 || true
	[ -s q.pki ] || skip "this openssl writes no such message"
	run -0 cmp-process -C ca -o a.pki q.pki
	run -0 openssl cmp -config '' -cmd genm -infotype caCerts \
	    -cert own.pem -key own.key -reqin q.pki -rspin a.pki \
	    -trusted ca/certs/ca.pem -server 127.0.0.1:1
	has "id-it-caCerts"
}

@test "rootupdate: from rollover to a device that trusts the new root" {
	cp ca/certs/ca.pem old.pem
	run -0 asks rootupdate --root old.pem
	has "no new root"
	run -0 cmp-ca -C ca rollover
	run -73 cmp-ca -C ca rollover
	openssl verify -CAfile old.pem ca/certs/next/new-with-old.pem
	openssl verify -CAfile ca/certs/next/new-with-new.pem \
	    ca/certs/next/old-with-new.pem
	run -0 asks rootupdate --root old.pem
	has trust/staged
	[ "$(find dev/trust -maxdepth 1 -name "*.pem" | wc -l)" = 1 ]
	run -0 cmp-process -C dev --accept
	[ "$(find dev/trust -maxdepth 1 -name "*.pem" | wc -l)" = 2 ]
	run -0 cmp-process -C dev --accept
	has "no new root waits"
	# What is not trusted cannot be updated.
	run -1 genm q2.pki rootupdate --root idevid-root.pem
}

# staged NAME: one more root that waits.
staged() {
	openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null \
	    -subj "/CN=$1" -days 30 -out "dev/trust/staged/$1.pem" 2>/dev/null
}

sha256() {
	openssl x509 -in "$1" -outform DER | sha256sum | cut -c 1-64
}

trusted() {
	find dev/trust -maxdepth 1 -name "*.pem" | wc -l
}

@test "--accept shows subject, validity and fingerprint of the root that it trusts" {
	mkdir -p dev/trust/staged
	staged one
	want=$(sha256 dev/trust/staged/one.pem)
	run -0 cmp-process -C dev --accept
	has 'trust/staged/one.pem: "CN=one", 20'
	has "SHA-256 $want"
	has "trust/one.pem is trusted now"
	[ "$(trusted)" = 2 ]
}

@test "--accept trusts none of several roots, but those that are named" {
	mkdir -p dev/trust/staged
	staged one
	staged two
	staged three
	run -64 cmp-process -C dev --accept
	has "$(sha256 dev/trust/staged/one.pem)"
	has "$(sha256 dev/trust/staged/two.pem)"
	has "3 new roots wait"
	has "--fingerprint"
	[ "$(trusted)" = 1 ]
	run -1 cmp-process -C dev --accept --fingerprint "$(printf %064d 0)"
	has E_NOT_FOUND
	run -64 cmp-process -C dev --accept --fingerprint 1234
	run -64 cmp-process -C dev --accept \
	    --fingerprint "$(sha256 dev/trust/staged/one.pem)00"
	run -64 cmp-process -C dev \
	    --fingerprint "$(sha256 dev/trust/staged/one.pem)"
	has "is for --accept"
	[ "$(trusted)" = 1 ]
	run -0 cmp-process -C dev --accept --fingerprint "$(openssl x509 \
	    -in dev/trust/staged/two.pem -noout -fingerprint -sha256 |
	    sed 's/.*=//')"
	has "trust/two.pem is trusted now"
	[ "$(trusted)" = 2 ]
	run -0 cmp-process -C dev --accept \
	    --fingerprint "$(sha256 dev/trust/staged/one.pem)" \
	    --fingerprint "$(sha256 dev/trust/staged/three.pem)"
	[ "$(trusted)" = 4 ]
}

@test "--accept with one root that is not the named one trusts nothing" {
	mkdir -p dev/trust/staged
	staged one
	run -1 cmp-process -C dev --accept --fingerprint "$(printf %064d 0)"
	has E_NOT_FOUND
	[ "$(trusted)" = 1 ]
	cp dev/trust/staged/one.pem dev/trust/staged/two.pem
	cat dev/trust/staged/one.pem >>dev/trust/staged/two.pem
	run cmp-process -C dev --accept
	has E_CERT_SYNTAX
	[ "$(trusted)" = 1 ]
}

@test "rootupdate: accept-roots = yes trusts a good one at once" {
	cp ca/certs/ca.pem old.pem
	cmp-ca -C ca rollover
	grep -q '^#accept-roots = no' dev/cmp.conf
	sed -i 's/^#accept-roots = no/accept-roots = yes/' dev/cmp.conf
	run -0 asks rootupdate --root old.pem
	has "accept-roots"
	[ "$(find dev/trust -maxdepth 1 -name "*.pem" | wc -l)" = 2 ]
	[ "$(find dev/trust/staged -name "*.pem" | wc -l)" = 0 ]
	# The same answer again is no harm.
	run -0 cmp-process -C dev a.pki
	[ "$(find dev/trust -maxdepth 1 -name "*.pem" | wc -l)" = 2 ]
	[ "$(find dev/trust/staged -name "*.pem" | wc -l)" = 0 ]
}

@test "rollover --activate: old certificates stay own, old devices follow" {
	cp ca/certs/ca.pem old.pem
	run -0 cmp-ca -C ca rollover --newkey ec:P-384
	run -0 cmp-ca -C ca rollover --activate
	run -1 cmp-ca -C ca rollover --activate
	# Its certificate is from before; the new one is from the new key.
	run -0 cmp-mkreq -C dev kur --cert own.pem --key own.key \
	    --newkey ec:P-256 -o kur.pki
	run -0 cmp-process -C ca -o kup.pki kur.pki
	run -0 cmp-process -C dev kup.pki
	# A device that knows the old root only still gets the new one.
	run -0 asks rootupdate --root old.pem
	has trust/staged
	# One that knows the new root only takes answers as well.
	run -0 cmp-mkreq -C dev2 ir --subject CN=pump18,O=Example \
	    --newkey ec:P-256 --cert idevid.pem --key idevid.key \
	    --chain idevid-sub.pem --trust ca/certs/next/new-with-new.pem \
	    -o ir2.pki
	run -0 cmp-process -C ca -o ip2.pki ir2.pki
	run -0 cmp-process -C dev2 ip2.pki
	# And the next one.
	run -0 cmp-ca -C ca rollover
	run -0 cmp-ca -C ca rollover --activate
	run -0 cmp-mkreq -C dev kur --cert own.pem --key own.key \
	    --newkey ec:P-256 -o kur2.pki
	run -0 cmp-process -C ca -o kup2.pki kur2.pki
}

@test "reqtemplate: asked for, filled in, granted as it is" {
	run -0 cmp-mkreq -C dev genm reqtemplate --cert idevid.pem \
	    --key idevid.key --chain idevid-sub.pem -o q.pki
	run -0 cmp-process -C ca -o a.pki q.pki
	run -0 cmp-process -C dev a.pki
	[ "$(jq -r .subject dev/template/default.json)" = "CN=,O=Example" ]
	[ "$(jq -r '.san[0]' dev/template/default.json)" = dns: ]
	[ "$(jq -r '.keys | index("ec:P-256") != null' \
	    dev/template/default.json)" = true ]
	set -- --template dev/template/default.der --cert idevid.pem \
	    --key idevid.key --chain idevid-sub.pem
	run -0 cmp-mkreq -C dev ir "$@" --subject CN=pump19 \
	    --san dns:pump19.example --newkey ed25519 -o ir.pki.new
	run -0 cmp-process -C ca -o ip.pki.new ir.pki.new
	has 'CN=pump19,O=Example'
	hasnt 'with changes'
	run -1 cmp-mkreq -C dev ir "$@" --subject CN=pump19,OU=x -o x.pki
	has E_TEMPLATE
	has "has OU"
	run -1 cmp-mkreq -C dev ir "$@" --subject CN=pump19 --san ip:10.0.0.1 \
	    -o x.pki
	has E_TEMPLATE
	has "ip:10.0.0.1"
	run -1 cmp-mkreq -C dev ir "$@" --subject CN=pump19,O=Evil -o x.pki
	has 'O is "Evil", the template fixes it to "Example"'
	run -1 cmp-mkreq -C dev ir "$@" --san dns:pump19.example -o x.pki
	has E_TEMPLATE_EMPTY
	has "CN"
	run -1 cmp-mkreq -C dev ir "$@" --subject CN=pump19 -o x.pki
	has E_TEMPLATE_EMPTY
	has "--san dns:NAME"
	[ ! -e x.pki ]
	run -0 cmp-mkreq -C dev ir "$@" --subject CN=pump19 --omit-empty -o y.pki
	run -64 cmp-mkreq -C dev ir --subject CN=x --newkey ed25519 \
	    --omit-empty -o x.pki
	run -64 cmp-mkreq -C dev p10cr --csr ir.pki --template \
	    dev/template/default.der -o x.pki
	run -64 cmp-mkreq -C dev genm cacerts --template \
	    dev/template/default.der -o x.pki
}

@test "reqtemplate: usages and the kind of key come from the template" {
	set_conf ca 'profile default' keys 'ec:P-384 rsa:3072'
	set_conf ca 'profile default' key-usage 'digitalSignature keyAgreement'
	set_conf ca 'profile default' eku 'clientAuth serverAuth'
	run -0 cmp-mkreq -C dev genm reqtemplate --cert idevid.pem \
	    --key idevid.key --chain idevid-sub.pem -o q.pki
	run -0 cmp-process -C ca -o a.pki q.pki
	run -0 cmp-process -C dev a.pki
	set -- --template dev/template/default.der --cert idevid.pem \
	    --key idevid.key --chain idevid-sub.pem --subject CN=pump20 \
	    --san dns:pump20.example
	run -1 cmp-mkreq -C dev ir "$@" --newkey ec:P-256 -o x.pki
	has E_TEMPLATE_KEY
	has "allows: ec:P-384 rsa:3072"
	run -1 cmp-mkreq -C dev ir "$@" --newkey-file idevid.key -o x.pki
	has E_TEMPLATE_KEY
	has "--newkey-file"
	[ ! -e x.pki ]
	run -0 cmp-mkreq -C dev ir "$@" -o i.pki
	run -0 cmp-inspect i.pki
	has "P-384"
	has "digitalSignature"
	has "serverAuth"
	run -0 cmp-process -C ca -o b.pki i.pki
	hasnt 'with changes'
	run -0 cmp-process -C dev b.pki
	cert=$(echo dev/certs/pump20-*.pem)
	openssl x509 -in "$cert" -noout -text | grep -q 'Key Agreement'
	# An update keeps its names and takes the rest from the template.
	run -0 cmp-mkreq -C dev kur --cert "$cert" \
	    --key dev/keys/pump20-*.key --template dev/template/default.der \
	    -o k.pki
	run -0 cmp-inspect k.pki
	has "P-384"
	has "serverAuth"
	run -0 cmp-process -C ca -o kb.pki k.pki
	run -0 cmp-process -C dev kb.pki
	[ "$(count dev/certs/pump20-*.pem)" = 2 ]
}
