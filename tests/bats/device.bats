#!/usr/bin/env bats
# The device's own view of answers.  Wrong answers are made with openssl's
# mock server, which puts any certificate into an answer of any signer.
load lib

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	{
		mkreq dev ir.pki --san dns:pump17.example
		cmp-process -C ca -o ip.pki ir.pki
		mkreq devc irc.pki --san dns:pump17.example --confirm
		cmp-process -C ca -o ipc.pki irc.pki
	} 2>/dev/null
}

setup() {
	fresh
}

# mock IN OUT [OPTION...]: an answer as the CA's protection key makes it.
mock() {
	local in=$1 out=$2
	shift 2

	case " $* " in *' -srv_cert '*) ;; *) set -- "$@" \
	    -srv_cert ca/certs/cmp.pem -srv_key ca/keys/cmp.key ;; esac
	openssl cmp -config '' -cmd ir -use_mock_srv -reqin "$in" \
	    -srv_trusted idevid-root.pem -rspout "$out" -certout /dev/null \
	    -subject /CN=x -newkey idevid.key -cert idevid.pem \
	    -key idevid.key -untrusted idevid-sub.pem \
	    -srvcert ca/certs/cmp.pem "$@" >/dev/null 2>&1 || true
	[ -s "$out" ]
}

# forged STEM SUBJECT EXTENSION...: STEM.pem of the plant's CA for the key
# that waits in ${home}.
forged() {
	local stem=$1 subject=$2
	shift 2

	cp ca/certs/ca.pem plant.pem
	cp ca/keys/ca.key plant.key
	issue "$stem" "$subject" "${KEY:-$(echo "${home:-dev}"/keys/*.key)}" \
	    plant keyUsage=critical,digitalSignature "$@"
}

# still: the request is open, the true answer is taken.
still() {
	run -0 cmp-process -C dev ip.pki
	has installed
	[ "$(count dev/certs/*.pem)" = 1 ]
}

# unwanted CODE: forged.pem comes with and without confirmation.
unwanted() {
	mock ir.pki bad.pki -rsp_cert forged.pem -grant_implicitconf
	run -1 cmp-process -C dev bad.pki
	has "$1"
	[ "$(count dev/certs/*)" = 0 ]
	[ "$(count dev/keys/*.key)" = 1 ]

	[ "${KEY:-}" ] || home=devc "$2"
	mock irc.pki badc.pki -rsp_cert forged.pem
	run -1 cmp-process -C devc -o cc.pki badc.pki
	has "$1"
	[ "$(count devc/certs/*)" = 0 ]
	[ "$(reads cc.pki .message)" = certConf ]
	cmp-inspect cc.pki | grep -q 'status: rejection'
	run -0 cmp-inspect --lint cc.pki
}

@test "device: the true answer is installed" {
	still
}

@test "device: an answer for another home is not taken (E_ANSWER_UNKNOWN)" {
	mkreq dev2 ir2.pki
	run -1 cmp-process -C dev2 ip.pki
	has E_ANSWER_UNKNOWN
	[ "$(count dev2/certs/*)" = 0 ]
	still
}

@test "device: an answer twice is taken once, the second changes nothing" {
	cmp-process -C dev ip.pki
	before=$(state dev)
	run -0 cmp-process -C dev ip.pki
	has repeated
	[ "$(state dev)" = "$before" ]
}

@test "device: an answer twice that wants a certConf gives the same bytes" {
	cmp-process -C devc -o a.pki ipc.pki
	cmp-process -C devc -o b.pki ipc.pki
	cmp a.pki b.pki
}

@test "device: a modified answer is not taken, the request stays open" {
	size=$(stat -c %s ip.pki)
	for at in 40 150 400 $((size - 20)) 60; do
		cp ip.pki bad.pki
		printf '\x5a' | dd of=bad.pki bs=1 seek="$at" conv=notrunc \
		    2>/dev/null
		cmp -s bad.pki ip.pki && continue
		run cmp-process -C dev bad.pki
		[ "$status" -ne 0 ]
		[ "$(count dev/certs/*)" = 0 ]
	done
	still
}

@test "device: an unprotected error closes nothing (E_ANSWER_UNPROTECTED)" {
	mock ir.pki bad.pki -send_error -send_unprot_err || true
	[ "$(reads bad.pki .message)" = error ]
	run -1 cmp-process -C dev bad.pki
	has E_ANSWER_UNPROTECTED
	still
}

@test "device: a protected error ends the request (E_ANSWER_ERROR)" {
	mock ir.pki bad.pki -send_error || true
	run -1 cmp-process -C dev bad.pki
	has E_ANSWER_ERROR
	run -1 cmp-process -C dev ip.pki
	has E_ANSWER_TAKEN
}

@test "device: an answer without protection is not taken" {
	cmp-mkreq -C d ir --subject CN=x --newkey ec:P-256 \
	    --trust ca/certs/ca.pem -o draft.pki
	run ! cmp-process -C dev draft.pki
	has E_
	still
}

@test "device: another device of the same CA may not answer (E_ANSWER_SIGNER)" {
	mkreq dev2 ir2.pki --subject CN=evil,O=Example
	cmp-process -C ca -o ip2.pki ir2.pki
	cmp-process -C dev2 ip2.pki
	mock ir.pki bad.pki -srv_cert "$(echo dev2/certs/*.pem)" \
	    -srv_key "$(echo dev2/keys/*.key)" -rsp_cert idevid.pem \
	    -grant_implicitconf
	run -1 cmp-process -C dev bad.pki
	has E_ANSWER_SIGNER
	still
}

@test "device: an answer of a stranger is not taken (E_PATH_NONE)" {
	root strangers "CN=Plant CA,O=Example"
	device stranger "CN=CMP,CN=Plant CA,O=Example" strangers
	mock ir.pki bad.pki -srv_cert stranger.pem -srv_key stranger.key \
	    -rsp_cert idevid.pem -grant_implicitconf
	run -1 cmp-process -C dev bad.pki
	has E_PATH_
	still
}

@test "device: a namesake of the CA with its own trust cannot answer" {
	ca_home evil
	mock ir.pki bad.pki -srv_cert evil/certs/cmp.pem \
	    -srv_key evil/keys/cmp.key -rsp_cert idevid.pem \
	    -extracerts evil/certs/ca.pem -grant_implicitconf || true
	run -1 cmp-process -C dev bad.pki
	has E_PATH_
	still
}

@test "device: without a trust anchor nothing is believed (E_PATH_NONE)" {
	cmp-mkreq -C d ir --subject CN=x,O=Example --newkey ec:P-256 \
	    --cert idevid.pem --key idevid.key --chain idevid-sub.pem -o r.pki
	cmp-process -C ca -o a.pki r.pki
	run -1 cmp-process -C d a.pki
	has E_PATH_NONE
	has --trust
}

@test "device: a certificate for another key is not wanted" {
	name=(CN=pump17,O=Example subjectAltName=DNS:pump17.example)
	make() { KEY=idevid.key forged forged "${name[@]}"; }
	make
	KEY=idevid.key unwanted E_ANSWER_KEY make
}

@test "device: a certificate for another subject is not wanted" {
	make() { forged forged CN=pump18,O=Example; }
	make
	unwanted E_ANSWER_SUBJECT make
}

@test "device: a certificate with other names is not wanted" {
	make() {
		forged forged CN=pump17,O=Example \
		    subjectAltName=DNS:pump17.example,DNS:evil.example
	}
	make
	unwanted E_ANSWER_SAN make
}

@test "device: a certificate with a name missing is not wanted" {
	make() { forged forged CN=pump17,O=Example; }
	make
	unwanted E_ANSWER_SAN make
}

@test "device: a certificate with CA:TRUE is not wanted" {
	make() {
		forged forged CN=pump17,O=Example \
		    subjectAltName=DNS:pump17.example \
		    basicConstraints=critical,CA:TRUE
	}
	make
	unwanted E_ANSWER_CA make
}

@test "device: a certificate of another CA is not wanted" {
	root alien CN=Alien
	make() {
		issue forged CN=pump17,O=Example "$(echo "${home:-dev}"/keys/*.key)" \
		    alien subjectAltName=DNS:pump17.example
	}
	make
	unwanted E_ANSWER_PATH make
}

@test "device: caPubs is never trusted by itself" {
	root alien CN=Alien
	issue forged CN=pump17,O=Example "$(echo dev/keys/*.key)" alien \
	    subjectAltName=DNS:pump17.example
	mock ir.pki bad.pki -rsp_cert forged.pem -rsp_capubs alien.pem \
	    -grant_implicitconf
	run -1 cmp-process -C dev bad.pki
	has E_ANSWER_PATH
	[ "$(count dev/trust/*.pem)" = 1 ]
}

@test "device: a certificate that is not wanted is revoked at the CA" {
	cmp-process -C ca -o ipc2.pki irc.pki
	cmp ipc.pki ipc2.pki
	# The device changes its mind about what it asked for.
	sqlite3 devc/state/cmp.db "update txn set san = x''"
	run -1 cmp-process -C devc -o cc.pki ipc.pki
	has E_ANSWER_SAN
	run -0 cmp-process -C ca -o conf.pki cc.pki
	has revoked
	cmp-ca -C ca list --json | jq -r .state | grep -q revoked
}

@test "device: an answer to one of two open requests leaves the other" {
	mkreq dev ir2.pki --subject CN=two,O=Example
	cmp-process -C ca -o ip2.pki ir2.pki
	cmp-process -C dev ip2.pki
	cmp-process -C dev ip.pki
	[ "$(count dev/certs/*.pem)" = 2 ]
}

@test "device: requests and other homes' messages are not taken" {
	for f in ir.pki irc.pki; do
		run -1 cmp-process -C dev -o out/ "$f"
		has E_
	done
	cmp-process -C devc -o cc.pki ipc.pki
	run -1 cmp-process -C dev -o out/ cc.pki
	[ "$(count out/*)" = 0 ]
	still
}

@test "device: a CA does not answer answers" {
	run cmp-process -C ca -o out/ ip.pki
	[ "$status" -ne 0 ]
	has E_BODY_TYPE
	[ "$(count out/*)" = 0 ]
}

@test "device: a request given to a device says where it belongs (E_BODY_TYPE)" {
	run -1 cmp-process -C dev ir.pki
	has E_BODY_TYPE
	has "for the CA"
	still
}

@test "device: an update with the same key is refused here (E_TMPL_KEY_USED)" {
	cmp-process -C dev ip.pki
	run -1 cmp-mkreq -C dev kur --cert dev/certs/*.pem --key dev/keys/*.key \
	    --newkey-file dev/keys/*.key -o k.pki
	has E_TMPL_KEY_USED
	[ ! -e k.pki ]
}

@test "device: p10cr does not speak of a key that it does not make" {
	cmp-process -C dev ip.pki
	openssl req -new -key idevid.key -subj /O=Example/CN=pump17 -out x.csr
	run -0 cmp-mkreq -C dev p10cr --csr x.csr --cert dev/certs/*.pem \
	    --key dev/keys/*.key -o p.pki
	hasnt "new key"
	[ "$(count dev/keys/*)" = 1 ]
}

@test "device: a file that is no template is said to be none (E_SYNTAX)" {
	for f in idevid.pem ip.pki; do
		run -65 cmp-mkreq -C dev ir --subject CN=x --template "$f" \
		    --cert idevid.pem --key idevid.key -o x.pki
		has E_SYNTAX
	done
	run -66 cmp-mkreq -C dev ir --subject CN=x --template none.der \
	    --cert idevid.pem --key idevid.key -o x.pki
	[ ! -e x.pki ]
}

@test "device: a template without keySpec leaves the kind of key to --newkey" {
	printf '\x30\x02\x30\x00' >t.der
	run -1 cmp-mkreq -C dev9 ir --subject CN=x --template t.der \
	    --cert idevid.pem --key idevid.key -o x.pki
	has E_TEMPLATE_EMPTY
	has "--newkey SPEC"
	[ ! -e dev9 ]
	run -0 cmp-mkreq -C dev9 ir --subject CN=x --template t.der \
	    --newkey ed25519 --cert idevid.pem --key idevid.key -o x.pki
}
