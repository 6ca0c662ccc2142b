#!/usr/bin/env bats
# Wrong input: exit statuses, codes, and that nothing is left behind.
load lib

setup_file() {
	prepared
}

setup() {
	fresh
}

@test "errors: --help of every program exits 0 on standard output" {
	for p in cmp-ca cmp-mkreq cmp-sign cmp-process cmp-inspect \
	    "cmp-ca init" "cmp-ca trust" "cmp-ca list"; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr $p --help
		has usage:
		[[ $p = "cmp-ca list" ]] || has example
		[ -z "$stderr" ]
	done
}

@test "errors: --version of every program exits 0 on standard output" {
	for p in cmp-ca cmp-mkreq cmp-sign cmp-process cmp-inspect; do
		run -0 --separate-stderr "$p" --version
		has "$p"
		[ -z "$stderr" ]
	done
}

# usage COMMAND...: misuse is 64, on standard error, with the way to --help.
usage() {
	run -64 --separate-stderr "$@"
	[ -z "$output" ]
	output=$stderr has --help
}

@test "errors: misuse exits 64 and points to --help" {
	usage cmp-ca
	usage cmp-ca frobnicate
	usage cmp-ca -C ca
	usage cmp-ca init --name CN=x
	usage cmp-ca init --key a
	usage cmp-ca init --name CN=x --newkey ec:P-256 extra
	usage cmp-ca init --name CN=x --newkey ec:P-256 --key a --cert b
	usage cmp-ca trust
	usage cmp-ca trust add
	usage cmp-ca trust remove
	usage cmp-ca trust add --enrol
	usage cmp-mkreq
	usage cmp-mkreq cr
	usage cmp-mkreq ir --subject CN=x
	usage cmp-mkreq ir --newkey ec:P-256
	usage cmp-mkreq ir --subject CN=x --newkey ec:P-256 --cert a
	usage cmp-mkreq ir --subject CN=x --newkey ec:P-256 --nonsense
	usage cmp-sign
	usage cmp-sign --cert a
	usage cmp-sign --cert a --key b c d
	usage cmp-sign --cert a --key b --replace
	usage cmp-sign --cert a --key b --old-secret c
	usage cmp-sign --cert a --key b --secret-file c --ref d
	usage cmp-sign --cert a --key b --mac pbm
	usage cmp-sign --secret-file a
	usage cmp-sign --ref a
	usage cmp-sign --secret-file a --ref b --chain c
	usage cmp-process --watch file
	usage cmp-process --watch -n
	usage cmp-process -o x
	usage cmp-inspect --json --lint
}

@test "errors: an option given twice is misuse" {
	usage cmp-mkreq ir --subject CN=x --subject CN=y --newkey ec:P-256
	usage cmp-process -n -n -C ca
	usage cmp-process -C ca -C ca
	usage cmp-sign --cert a --cert b --key c
	usage cmp-ca init --name CN=x --name CN=y --newkey ec:P-256
	usage cmp-inspect --json --json
}

@test "errors: a key type that does not exist exits 64" {
	for k in rsa:1024 rsa:99999 rsa ec:P-192 ec: dsa:2048 "" ed25519:1; do
		run -64 cmp-mkreq -C dev ir --subject CN=x --newkey "$k"
		run -64 cmp-ca -C ca2 init --name CN=x --newkey "$k"
		[ ! -e dev ]
		[ ! -e ca2 ]
	done
}

@test "errors: a malformed name exits 64 or 65 and leaves no home" {
	for s in x CN CN= =x 'CN=a,' 'CN=a\' 'CN=#zz' 'nosuch=a'; do
		run cmp-mkreq -C dev ir --subject "$s" --newkey ec:P-256
		[ "$status" = 65 ] || [ "$status" = 64 ]
		has E_
		run cmp-ca -C ca2 init --name "$s" --newkey ec:P-256
		[ "$status" = 65 ] || [ "$status" = 64 ]
		[ ! -e dev ]
		[ ! -e ca2 ]
	done
}

@test "errors: a malformed --san exits 64 or 65 and leaves no home" {
	for s in x dns: dns:a..b ip:1.2.3 ip:1.2.3.999 email:x uri:x \
	    nosuch:x; do
		run cmp-mkreq -C dev ir --subject CN=x --san "$s" \
		    --newkey ec:P-256
		[ "$status" = 65 ] || [ "$status" = 64 ]
		has E_
		[ ! -e dev ]
	done
}

@test "errors: missing files exit 66 and leave no home" {
	run -66 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 \
	    --cert none.pem --key idevid.key
	has none.pem
	run -66 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 \
	    --cert idevid.pem --key none.key
	run -66 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 \
	    --trust none.pem
	run -66 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 \
	    --newkey-pass none
	[ ! -e dev ]
	run -66 cmp-process -C ca none.pki
	run -66 cmp-inspect none.pki
	run -66 cmp-sign --cert idevid.pem --key idevid.key none.pki
	run -66 cmp-ca -C ca trust add --enrol none.pem
	run -66 cmp-ca -C ca2 init --key none.key --cert idevid.pem
	[ ! -e ca2 ]
}

@test "errors: an empty input exits 66 and says so" {
	: >empty.pki
	for c in "cmp-process -C ca" cmp-inspect \
	    "cmp-sign --cert idevid.pem --key idevid.key"; do
		# shellcheck disable=SC2086
		run -66 $c empty.pki
		has empty
	done
	run -66 bash -c 'false | cmp-process -C ca -'
}

@test "errors: bad PEM exits 65" {
	echo garbage >bad.pem
	sed 's/^[A-Za-z0-9+/]\{8\}/AAAAAAAA/' idevid.pem >broken.pem
	for f in bad.pem broken.pem idevid.key; do
		run -65 cmp-ca -C ca trust add --enrol "$f"
		run -65 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 \
		    --trust "$f"
		run -65 cmp-sign --cert "$f" --key idevid.key /dev/null
	done
	for f in bad.pem idevid.pem; do
		run -65 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 \
		    --cert idevid.pem --key "$f"
	done
	[ ! -e dev ]
}

@test "errors: a key that is not the certificate's exits 65 (E_KEY_CERT)" {
	run -65 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 \
	    --cert idevid.pem --key idevid-sub.key
	has E_KEY_CERT
	[ ! -e dev ]
}

@test "errors: a key that others may read exits 77 (E_KEY_MODE)" {
	chmod 644 idevid.key
	run -77 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 \
	    --cert idevid.pem --key idevid.key
	has E_KEY_MODE
	has chmod
}

@test "errors: what is not DER exits 65, by what it looks like" {
	mkreq dev ir.pki
	{ echo -----BEGIN X-----; base64 ir.pki; echo -----END X-----; } >pem
	base64 -w0 ir.pki >b64
	head -c 300 ir.pki >short
	{ cat ir.pki; echo; } >long
	head -c 500 /dev/zero >zero
	for f in pem b64 short long zero; do
		run -65 cmp-process -C ca -o out/ "$f"
		has E_
		run -65 cmp-inspect "$f"
	done
	run -65 cmp-inspect short
	has E_FILE_PARTIAL
	run -65 cmp-inspect pem
	has E_FILE_FORMAT
	[ "$(count out/*)" = 0 ]
}

@test "errors: DER that is no PKIMessage exits 65" {
	openssl x509 -in idevid.pem -outform DER -out cert.der
	run -65 cmp-process -C ca -o out/ cert.der
	run -65 cmp-inspect cert.der
	has E_SYNTAX
}

@test "errors: a mistake in cmp.conf exits 78 and names file and line" {
	for line in 'nonsense = 1' 'validity = soon' 'validity = 1y' \
	    'keys = rsa:1024' 'eku = x.y' '[nosuch]' 'san'; do
		cp -a ca bad
		sed -i '/^\[profile default\]/a validity = 1d\n'"$line" \
		    bad/cmp.conf
		n=$(grep -n '^validity = 1d' bad/cmp.conf | cut -d: -f1)
		run -78 cmp-process -C bad
		has "cmp.conf:$((n + 1))"
		run -78 cmp-ca -C bad trust list
		rm -r bad
	done
}

@test "errors: a directory that is no home exits 78 and stays as it is (E_HOME)" {
	mkreq dev ir.pki
	mkdir none
	run -78 cmp-process -C none
	has E_HOME
	run -78 cmp-process -C none ir.pki
	has E_HOME
	run -78 cmp-ca -C none list
	run -78 cmp-ca -C none trust list
	run -78 cmp-process -C absent ir.pki
	run -78 cmp-process -C absent
	[ "$(count none/*)" = 0 ]
	[ ! -e absent ]
}

@test "errors: a refusal exits 1, and the answer is written all the same" {
	mkreq dev ir.pki --subject CN=x,O=Other
	run -1 cmp-process -C ca -o ip.pki ir.pki
	has E_NOT_SUBJECT
	[ "$(reads ip.pki '.. | .response? // empty | .[0]? // . | .status.status')" = rejection ]
	run -1 cmp-process -C dev ip.pki
	has E_ANSWER_REJECTED
	[ "$(count dev/certs/*)" = 0 ]
}

@test "errors: of several files the worst decides the exit status" {
	mkreq dev a.pki
	mkreq dev b.pki --subject CN=x,O=Other
	echo garbage >c.pki
	run -1 cmp-process -C ca -o out/ a.pki b.pki
	run -65 cmp-process -C ca -o out/ a.pki b.pki c.pki
	[ "$(count out/*)" = 2 ]
}

@test "errors: an output that cannot be written is found before any change" {
	: >file
	run -73 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 -o file
	run -73 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 -o no/x
	run -73 cmp-mkreq -C dev ir --subject CN=x --newkey ec:P-256 -o file/
	[ ! -e dev ]
	mkreq dev ir.pki
	run -73 cmp-process -C ca -o file ir.pki
	[ -z "$(cmp-ca -C ca list)" ]
}

@test "errors: several files need a directory, one of a killed run its own file" {
	mkreq dev ir.pki
	run -64 cmp-process -C ca -o one.pki ir.pki ir.pki
	cmp-process -C ca -o one.pki ir.pki
	cp one.pki kept
	cmp-process -C ca -o one.pki ir.pki
	cmp one.pki kept
}

@test "errors: a full standard output is an error, and asking again works" {
	[ -w /dev/full ] || skip "no /dev/full"
	mkreq dev ir.pki
	run -74 bash -c 'cmp-process -C ca ir.pki >/dev/full'
	cmp-process -C ca ir.pki >ip.pki
	cmp-process -C dev ip.pki
	run -74 bash -c 'cmp-inspect ir.pki >/dev/full'
}

@test "errors: every line names the program and stands on standard error" {
	run -66 --separate-stderr cmp-process -C ca none.pki
	[ -z "$output" ]
	[ "${stderr#cmp-process: }" != "$stderr" ]
	run -0 --separate-stderr mkreq dev ir.pki
	[ -z "$output" ]
	run -0 --separate-stderr cmp-process -C ca -o ip.pki ir.pki
	[ -z "$output" ]
}

@test "errors: what a file name hides does not reach the terminal" {
	name=$'a\e[31m\nb.pki'
	run -66 cmp-process -C ca "$name"
	hasnt $'\e'
	[ "${#lines[@]}" = 1 ]
	run -66 cmp-inspect "$name"
	hasnt $'\e'
	[ "${#lines[@]}" = 1 ]
	mkreq dev "$name"
	run -0 cmp-process -C ca -o out/ "$name"
	hasnt $'\e'
	[ "${#lines[@]}" -le 3 ]
}
