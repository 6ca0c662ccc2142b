#!/usr/bin/env bats
# The home of a registration authority: made, told whom to believe and whose
# requests to pass on; requests that it makes itself, on behalf of others.
# shellcheck disable=SC2086,SC2154
load lib

ra_home() {
	cmp-ca -C ra init --role ra --name "CN=Plant RA,O=Example" \
	    --newkey ec:P-256
	cmp-ca -C ra trust add --upstream ca/certs/ca.pem
	cmp-ca -C ra trust add --forward idevid-root.pem --mode keep \
	    --subject 'CN=*,O=Example' --san 'dns:*.example'
}

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{
		ra_home
		cmp-ca -C ca trust add --ra ra/certs/cmp.pem --name ra \
		    --subject 'CN=*,O=Example' --san 'dns:*.example'
		mkdir reqs
		for i in 1 2 3; do csr reqs/web$i CN=web$i,O=Example \
		    DNS:web$i.example; done
	} 2>/dev/null
}

setup() {
	fresh
	ra="--cert ra/certs/cmp.pem --key ra/keys/cmp.key"
}

# csr STEM SUBJECT SAN: STEM.csr with a new key in STEM.key
csr() {
	key ec:P-256 "$1.key"
	openssl req -new -key "$1.key" -subj "$(slashed "$2")" \
	    ${3:+-addext "subjectAltName=$3"} -out "$1.csr"
	mv "$1.key" .
}

# same_key CERT KEY
same_key() {
	[ "$(openssl x509 -in "$1" -noout -pubkey)" = \
	    "$(openssl pkey -in "$2" -pubout 2>/dev/null)" ]
}

# signed_by_ra FILE: cmp-sign replaces only what it has verified.
signed_by_ra() {
	cmp-sign --replace --trust ra/certs/cmp.pem --cert idevid.pem \
	    --key idevid.key "$1" >/dev/null
}

# --- making one

@test "init --role ra: a key and a certificate with cmcRA, and a cmp.conf that is read" {
	run cmp-ca -C r2 init --role ra --name "CN=R,O=Example" \
	    --newkey ed25519
	[ "$status" -eq 0 ]
	has "trust add --ra r2/certs/cmp.pem"
	text=$(openssl x509 -in r2/certs/cmp.pem -noout -text)
	[[ $text == *"CMC Registration Authority"* ]]
	[[ $text == *"Digital Signature"* && $text != *"CA:TRUE"* ]]
	same_key r2/certs/cmp.pem r2/keys/cmp.key
	openssl verify -partial_chain -trusted r2/certs/cmp.pem \
	    r2/certs/cmp.pem
	[ "$(stat -c %a r2/keys/cmp.key)" = 600 ]
	grep -qx 'role = ra' r2/cmp.conf
	cmp-process -C r2
	[ "$(grep -c '^#anchor = trust/upstream.pem' r2/cmp.conf)" -eq 1 ]
	# Another CA can pin it.
	cmp-ca -C ca trust add --ra r2/certs/cmp.pem --name r2
	cmp-ca -C ca trust list | grep -A1 '^r2 ' | grep -q trust/r2.pem
}

@test "init --role ra: with a key that exists, and a warning if it is no RA's" {
	run cmp-ca -C r2 init --role ra --cert idevid.pem --key idevid.key \
	    --chain idevid-sub.pem
	[ "$status" -eq 0 ]
	has "no cmcRA"
	grep -qx 'chain = certs/cmp-chain.pem' r2/cmp.conf
	cmp r2/certs/cmp-chain.pem idevid-sub.pem
	cmp-process -C r2
	run cmp-ca -C r3 init --role ra --cert idevid.pem --key idevid-sub.key
	[ "$status" -eq 65 ]
	has E_KEY_CERT
	[ ! -e r3 ]
}

@test "init --role: what does not go together is said, and nothing is made" {
	for o in "--role ee --name CN=x --newkey ed25519" "--role ra" \
	    "--role ra --name CN=x" "--role ra --key a" \
	    "--role ra --name CN=x --newkey ed25519 --protect-newkey ed448" \
	    "--role ra --name CN=x --newkey ed25519 --chain a"; do
		run cmp-ca -C r2 init $o
		[ "$status" -eq 64 ] || { echo "$o"; false; }
	done
	run cmp-ca -C ra init --role ra --name CN=x --newkey ed25519
	[ "$status" -eq 73 ]
	has E_EXISTS
	[ ! -e r2 ]
}

# --- whom it believes, and whose requests it passes on

@test "trust add --upstream: one more anchor of [relay], nothing else changes" {
	before=$(grep -v '^anchor = trust/upstream' ra/cmp.conf)
	cmp-ca -C ra trust add --upstream idevid-root.pem
	grep -qx 'anchor = trust/upstream.pem trust/upstream-2.pem' ra/cmp.conf
	[ "$(grep -v '^anchor = trust/upstream' ra/cmp.conf)" = "$before" ]
	cmp ra/trust/upstream-2.pem idevid-root.pem
	cmp ra/trust/upstream.pem ca/certs/ca.pem
	cmp-ca -C ra trust list | grep -A2 ^upstream | grep -q upstream-2.pem
	run cmp-ca -C ra trust add --upstream ca/certs/ca.pem --name upstream
	[ "$status" -eq 73 ]
	# The file of a rule never takes the place of such an anchor.
	cp idevid-sub.pem upstream.pem
	cmp-ca -C ra trust add --forward upstream.pem
	cmp ra/trust/upstream.pem ca/certs/ca.pem
	run cmp-ca -C ra trust add --forward upstream.pem --name upstream
	[ "$status" -eq 73 ]
	has E_EXISTS
}

@test "trust add --upstream: with a CRL, and no cmp.conf that does not read" {
	crl up.crl idevid-root 30
	cmp-ca -C ra trust add --upstream idevid-root.pem --crl up.crl \
	    --name maker
	grep -q '^crl = trust/maker-[0-9a-f]*\.crl$' ra/cmp.conf
	cmp-process -C ra
	before=$(sha256sum <ra/cmp.conf)
	run cmp-ca -C ra trust add --upstream idevid.key
	[ "$status" -ne 0 ]
	[ "$(sha256sum <ra/cmp.conf)" = "$before" ]
}

@test "trust add --forward: a rule for each way, first match as in cmp.conf" {
	for m in keep add replace raverified; do
		cmp-ca -C ra trust add --forward idevid-sub.pem --name $m \
		    --mode $m --profile $m --batch
		sed -n "/^\[forward $m\]/,\$p" ra/cmp.conf >rule
		grep -qx "forward = $m" rule
		grep -qx "profile = $m" rule
		grep -qx "batch = yes" rule
	done
	cmp-ca -C ra trust add --forward idevid-sub.pem
	cmp-ca -C ra trust list | grep -A1 '^idevid-sub$' | grep -q 'add$'
	cmp-process -C ra
	cmp-ca -C ra trust remove keep
	[ ! -e ra/trust/keep.pem ]
	[ -e ra/trust/add.pem ]
}

@test "trust add: what is not for this role, or not known, is refused" {
	before=$(cat ra/cmp.conf ca/cmp.conf | sha256sum)
	run cmp-ca -C ra trust add --enrol idevid-root.pem
	[ "$status" -eq 64 ]
	has "--forward"
	for o in "--forward idevid-root.pem" --forward-tickets \
	    "--upstream idevid-root.pem"; do
		run cmp-ca -C ca trust add $o
		[ "$status" -eq 64 ]
		has "home of an RA"
	done
	for o in "--forward idevid-root.pem --mode drop" \
	    "--forward idevid-root.pem --mode refuse" \
	    "--forward-tickets --mode keep" "--forward-tickets --mode add" \
	    "--forward-tickets --subject CN=x" "--upstream a --subject CN=x" \
	    "--enrol a --batch" "--forward a --upstream b"; do
		run cmp-ca -C ra trust add $o
		[ "$status" -eq 64 ] || { echo "$o"; false; }
	done
	[ "$(cat ra/cmp.conf ca/cmp.conf | sha256sum)" = "$before" ]
}

# --- tickets

# ticket OPTION...: sets ref, and secret in a file
ticket() {
	cmp-ca -C ra ticket new --subject 'CN=*,O=Example' "$@" >slip
	ref=$(sed -n 's/^reference *//p' slip)
	sed -n 's/^secret *//p' slip >secret
	chmod 600 secret
}

@test "ticket: an RA has its own, and replaces their MACs" {
	cmp-ca -C ra trust add --forward-tickets
	ticket
	cmp-ca -C ra ticket list | grep -q "^$ref open .* any "
	cmp-mkreq -C dev ir --subject CN=p1,O=Example --newkey ed25519 \
	    --secret-file secret --ref "$ref" --trust ra/certs/cmp.pem -o up/
	cmp-process -C ra -o passed/ up/*.pki
	[ "$(reads passed/*.pki .protection.algorithm)" != null ]
	signed_by_ra passed/*.pki
}

@test "ticket: no other profile than that of the ticket is passed on" {
	cmp-ca -C ra trust add --forward-tickets
	ticket --profile pumps
	for p in doors pumps; do
		cmp-mkreq -C $p ir --subject CN=p1,O=Example --profile $p \
		    --newkey ed25519 --secret-file secret --ref "$ref" \
		    --trust ra/certs/cmp.pem -o $p.pki
	done
	run cmp-process -C ra -o no/ doors.pki
	has "E_NOT_AUTHORIZED: certProfile asks for \"doors\""
	run cmp-process -C ra -o yes/ pumps.pki
	has "passed on"
}

@test "ticket: a rule that keeps a MAC passes nothing on" {
	printf '[forward macs]\nforward = keep\n' >>ra/cmp.conf
	ticket
	cmp-mkreq -C dev ir --subject CN=p1,O=Example --newkey ed25519 \
	    --secret-file secret --ref "$ref" --trust ra/certs/cmp.pem -o a.pki
	run cmp-process -C ra -o no/ a.pki
	has E_FORWARD_MAC
}

# --- on behalf of others

@test "on behalf: a directory of requests, their certificates in the home of the RA" {
	mv reqs/web2.csr reqs/web2.p10
	openssl req -in reqs/web3.csr -outform DER -out reqs/web3.DER
	rm reqs/web3.csr
	cp reqs/web1.csr reqs/.hidden.csr
	echo x >reqs/README
	run cmp-mkreq -C ra p10cr --on-behalf --csr reqs $ra -o up/
	[ "$status" -eq 0 ]
	has 'p10cr for "CN=web1,O=Example dns:web1.example"'
	has "made 3 of 3 requests"
	[ "$(count up/*.pki)" -eq 3 ]
	[ "$(cmp-mkreq -C ra list | wc -l)" -eq 3 ]
	cp up/*.pki ca/spool/in/
	cmp-process -C ca
	cp ca/spool/out/*.pki ra/spool/in/
	cmp-process -C ra
	for i in 1 2 3; do
		same_key ra/certs/web$i-*.pem web$i.key
		[ "$(count ra/certs/web$i-*.pem)" -eq 1 ]
	done
	[ "$(ls ra/keys)" = cmp.key ]
	[ -z "$(cmp-mkreq -C ra list 2>/dev/null)" ]
	# The same answers again install the same.
	rm ra/certs/web*
	cp ca/spool/out/*.pki ra/spool/in/
	cmp-process -C ra
	[ "$(count ra/certs/web*.pem)" -eq 3 ]
}

@test "on behalf: ir and cr say raVerified for a proof that was verified" {
	for op in ir cr; do
		cmp-mkreq -C ra $op --on-behalf --csr reqs/web1.csr $ra \
		    -o $op.pki
		cmp-inspect $op.pki | grep -q raVerified
		signed_by_ra $op.pki
		run cmp-inspect --lint $op.pki
		hasnt E_
	done
}

@test "on behalf: an ir that is granted, and its certificate revoked by the RA" {
	cmp-mkreq -C ra ir --on-behalf --csr reqs/web1.csr $ra -o up/
	cmp-process -C ca -o down/ up/*.pki
	cmp-process -C ra down/*.pki
	same_key ra/certs/web1-*.pem web1.key
	[[ $(openssl x509 -in ra/certs/web1-*.pem -noout -ext subjectAltName) \
	    == *DNS:web1.example* ]]
	serial=$(openssl x509 -in ra/certs/web1-*.pem -noout -serial)
	cmp-mkreq -C ra rr --serial "0x${serial#*=}" $ra -o rr.pki \
	    --issuer "CN=Plant CA,O=Example" --reason keyCompromise
	cmp-process -C ca -o rp/ rr.pki
	run cmp-process -C ra rp/*.pki
	[ "$status" -eq 0 ]
	has "the certificate is revoked"
	cmp-ca -C ca list --revoked | grep -q CN=web1,O=Example
	# It may not for names that are not its own, nor may a device.
	csr reqs/evil CN=evil,O=Other DNS:web9.example
	cmp-mkreq -C ra ir --on-behalf --csr reqs/evil.csr $ra -o evil.pki
	run cmp-process -C ca -o no/ evil.pki
	[ "$status" -eq 1 ]
	has E_NOT_SUBJECT
	cmp-mkreq -C dev ir --on-behalf --csr reqs/web2.csr -o dev.pki \
	    --cert idevid.pem --key idevid.key --chain idevid-sub.pem \
	    --trust ca/certs/ca.pem
	run cmp-process -C ca -o no/ dev.pki
	[ "$status" -eq 1 ]
	has E_RA_VERIFIED
}

@test "on behalf: what is bad is told, the others are made, the worst decides" {
	head -c 100 reqs/web2.csr >part && mv part reqs/web2.csr
	openssl req -new -key web1.key -subj / -out reqs/nobody.csr
	openssl req -in reqs/web3.csr -outform DER >der
	{ head -c -2 der; printf zz; } >reqs/web4.der
	run cmp-mkreq -C ra ir --on-behalf --csr reqs $ra -o up/
	[ "$status" -eq 65 ]
	has E_CSR_SYNTAX
	has E_TMPL_NO_NAME
	has E_CSR_SIG
	has "made 2 of 5 requests"
	[ "$(count up/*.pki)" -eq 2 ]
}

@test "on behalf: no home and no file for requests that are all bad, or with -n" {
	echo x >reqs/web1.csr
	rm reqs/web[23].csr
	run cmp-mkreq -C none ir --on-behalf --csr reqs $ra -o up/
	[ "$status" -eq 65 ]
	[ ! -e none ]
	cp -a "$BATS_FILE_TMPDIR/base/reqs" .
	run cmp-mkreq -C none ir --on-behalf --csr reqs $ra -n -o up2/
	[ "$status" -eq 0 ]
	has 'would make ir for "CN=web1,O=Example dns:web1.example"'
	[ ! -e none ]
	[ ! -e up2 ]
}

@test "on behalf: names that no pattern has are refused" {
	run cmp-mkreq -C ra ir --on-behalf --csr reqs $ra -o up/ \
	    --allow-subject 'CN=web[12],O=Example' --allow-san 'dns:*'
	[ "$status" -eq 1 ]
	has E_TMPL_SUBJECT
	run cmp-mkreq -C ra ir --on-behalf --csr reqs $ra -o up/ \
	    --allow-subject 'CN=web1,O=Example' \
	    --allow-subject 'CN=web2,O=Example' --allow-san 'dns:web2.example'
	[ "$status" -eq 1 ]
	has "web3.csr asks for"
	has E_TMPL_SAN
	has "made 1 of 3"
	run cmp-mkreq -C ra ir --on-behalf --csr reqs $ra -o up/ \
	    --allow-subject 'CN=web1'
	[ "$status" -eq 1 ]
	run cmp-mkreq -C ra ir --on-behalf --csr reqs $ra -o up/ \
	    --allow-san 'web'
	[ "$status" -eq 64 ]
}

@test "on behalf: what does not go with it is a wrong command line" {
	for o in "kur --csr reqs" "ir" "ir --csr reqs --newkey ed25519" \
	    "ir --csr reqs --subject CN=x" "ir --csr reqs --san dns:x" \
	    "ir --csr -" "rr --csr reqs"; do
		run cmp-mkreq -C ra ${o%% *} --on-behalf ${o#"${o%% *}"} $ra
		[ "$status" -eq 64 ] || { echo "$o"; false; }
	done
	run cmp-mkreq -C ra ir --on-behalf --csr reqs -o up/
	[ "$status" -eq 64 ]
	run cmp-mkreq -C ra ir --csr reqs/web1.csr $ra
	[ "$status" -eq 64 ]
	run cmp-mkreq -C ra p10cr --csr reqs/web1.csr $ra --allow-san 'dns:*'
	[ "$status" -eq 64 ]
	run cmp-mkreq -C ra ir --on-behalf --csr reqs $ra --trust ca/certs/ca.pem -o up/
	[ "$status" -eq 64 ]
	has "[relay]"
}

@test "on behalf: an RA without an upstream anchor takes no answer, and can later" {
	cmp-mkreq -C ra p10cr --on-behalf --csr reqs/web1.csr $ra -o up/
	cmp-process -C ca -o down/ up/*.pki
	sed -i 's/^anchor = trust.upstream.pem$/# &/' ra/cmp.conf
	run cmp-process -C ra down/*.pki
	[ "$status" -ne 0 ]
	has E_PATH_NONE
	[ "$(count ra/certs/web1-*.pem)" -eq 0 ]
	sed -i 's/^# \(anchor = trust.upstream.pem\)$/\1/' ra/cmp.conf
	cmp-process -C ra down/*.pki
	[ "$(count ra/certs/web1-*.pem)" -eq 1 ]
}

@test "on behalf: an answer that is passed down is not installed" {
	mkreq dev1 ra/spool/in/ --subject CN=dev1,O=Example
	cmp-process -C ra
	cp ra/spool/out/upstream/*.pki ca/spool/in/
	cmp-process -C ca
	before=$(ls ra/certs)
	cp ca/spool/out/*.pki ra/spool/in/
	cmp-process -C ra
	[ "$(ls ra/certs)" = "$before" ]
	cmp-process -C dev1 ra/spool/out/*-ip.pki
	[ "$(count dev1/certs/*.pem)" -eq 1 ]
}

# --- revocation

@test "rr --serial: by an RA, named as issuer and serial number" {
	cmp-mkreq -C ra rr --serial 4711 --issuer "CN=Plant CA,O=Example" \
	    --reason superseded $ra -o rr.pki
	[ "$(cmp-inspect rr.pki | grep -c superseded)" -eq 1 ]
	run cmp-mkreq -C ra list
	has "serial 0x1267 of CN=Plant CA,O=Example"
	# It is no secret that there is none: the CA refuses, the RA takes that.
	cmp-process -C ca -o down/ rr.pki || true
	run cmp-process -C ra down/*.pki
	[ "$status" -eq 1 ]
	has E_ANSWER_
	[ -z "$(cmp-mkreq -C ra list 2>/dev/null)" ]
}

@test "rr --serial: what contradicts it is a wrong command line" {
	for o in "rr --serial 1" "rr --issuer CN=x" \
	    "ir --serial 1 --issuer CN=x --subject CN=y --newkey ed25519" \
	    "rr --serial 12a --issuer CN=x" "rr --serial 0 --issuer CN=x" \
	    "rr --serial 1 --issuer x" "genm --serial 1"; do
		run cmp-mkreq -C ra $o $ra -o x.pki
		[ "$status" -eq 64 ] || [ "$status" -eq 65 ] ||
		    { echo "$o"; false; }
		[ ! -e x.pki ]
	done
	serial=$(openssl x509 -in ra/certs/cmp.pem -noout -serial)
	run cmp-mkreq -C ra rr --serial "0x${serial#*=}" \
	    --issuer "CN=Plant RA,O=Example" $ra -o x.pki
	[ "$status" -eq 64 ]
	has "leave them out"
}
