#!/usr/bin/env bats
# [profile] decides what a certificate says, [enrol] who may ask for it.
load lib

setup_file() {
	prepared
}

setup() {
	fresh
	n=0
}

# ask STATUS [OPTION...]: a request's way; cert.pem if one was issued.
ask() {
	local expected=$1
	shift

	n=$((n + 1))
	mkreq "dev$n" "ir$n.pki" "$@"
	run "-$expected" cmp-process -C ca -o "ip$n.pki" "ir$n.pki"
	[ "$expected" = 0 ] || return 0
	said=$output
	run -0 cmp-process -C "dev$n" -o "cc$n.pki" "ip$n.pki"
	cp "dev$n"/certs/*.pem cert.pem
}

ext() {
	openssl x509 -in cert.pem -noout -ext "$1"
}

# seconds from notBefore to notAfter
span() {
	local a b

	a=$(openssl x509 -in cert.pem -noout -startdate | cut -d= -f2)
	b=$(openssl x509 -in cert.pem -noout -enddate | cut -d= -f2)
	echo $(($(date -d "$b" +%s) - $(date -d "$a" +%s)))
}

profile() {
	printf '\n[profile %s]\n' "$1" >>ca/cmp.conf
	shift
	printf '%s\n' "$@" >>ca/cmp.conf
}

# rules TEXT: these lines instead of the rule that there is.
rules() {
	cmp-ca -C ca trust remove idevid-root
	cp idevid-root.pem ca/trust/mine.pem
	printf '%s\n' "$@" >>ca/cmp.conf
}

@test "profile: the default gives one year, digitalSignature, clientAuth" {
	ask 0
	[ "$(span)" = $((365 * 86400 + 300)) ]
	ext keyUsage | grep -q 'Digital Signature$'
	ext extendedKeyUsage | grep -q 'TLS Web Client Authentication$'
	[ "$(reads "ip$n.pki" '[.. | .status? // empty | .status? // empty][0]')" = accepted ]
}

@test "profile: every key of a profile is in the certificate" {
	set_conf ca 'profile default' validity 30d
	set_conf ca 'profile default' backdate 1m
	set_conf ca 'profile default' key-usage \
	    'digitalSignature nonRepudiation keyAgreement'
	set_conf ca 'profile default' eku 'serverAuth 1.3.6.1.5.5.7.3.2'
	set_conf ca 'profile default' crl-dp http://a.example/ca.crl
	set_conf ca 'profile default' ca-issuers http://a.example/ca.cer
	set_conf ca 'profile default' ocsp http://o.example/
	ask 0
	[ "$(span)" = $((30 * 86400 + 60)) ]
	ext keyUsage | grep -q 'Digital Signature, Non Repudiation, Key Agreement'
	ext extendedKeyUsage | grep -q 'TLS Web Server Authentication, TLS Web Client'
	ext crlDistributionPoints | grep -q http://a.example/ca.crl
	ext authorityInfoAccess | grep -q http://a.example/ca.cer
	ext authorityInfoAccess | grep -q http://o.example/
}

@test "profile: what does not fit the key is left out of keyUsage" {
	set_conf ca 'profile default' key-usage \
	    'digitalSignature keyEncipherment'
	NEWKEY=ed25519 ask 0
	ext keyUsage | grep -q 'Digital Signature$'
}

@test "profile: an empty eku gives none" {
	set_conf ca 'profile default' eku ''
	ask 0
	run ext extendedKeyUsage
	hasnt TLS
}

@test "profile: only the keys it lists are certified (badCertTemplate)" {
	set_conf ca 'profile default' keys 'ec:P-384 ed25519'
	ask 1
	has E_TMPL_KEY
	cmp-inspect "ip$n.pki" | grep -q badCertTemplate
	NEWKEY=ec:P-384 ask 0
	NEWKEY=ed25519 ask 0
	NEWKEY=ed448 ask 1
}

@test "profile: an RSA key has to be as long as it says" {
	set_conf ca 'profile default' keys 'rsa:3072-4096'
	NEWKEY=rsa:2048 ask 1
	has E_TMPL_KEY
	has 3072
}

@test "profile: only its kinds of names, and not more than max-san" {
	set_conf ca 'enrol idevid-root' nosuch x
	sed -i '/^nosuch/d; s/^san = .*/san = dns:* ip:* uri:*/' ca/cmp.conf
	set_conf ca 'profile default' san 'dns ip'
	set_conf ca 'profile default' max-san 2
	ask 0 --san dns:a.example --san ip:10.0.0.1
	ext subjectAltName | grep -q 'DNS:a.example, IP Address:10.0.0.1'
	ask 1 --san uri:https://a.example/
	has E_TMPL_SAN
	ask 1 --san dns:a.example --san dns:b.example --san dns:c.example
	has E_TMPL_SAN
	ask 1 --san 'dns:*.a.example'
	has E_TMPL_SAN
	sed -i 's/^max-san = 2/max-san = 2\nwildcard = yes/' ca/cmp.conf
	ask 0 --san 'dns:*.a.example'
}

@test "profile: an empty subject only where it is allowed, and with a SAN" {
	ask 1 --subject "" --san dns:a.example
	has E_TMPL_
	set_conf ca 'profile default' empty-subject yes
	ask 0 --subject "" --san dns:a.example
	ext subjectAltName | grep -q critical
	ext subjectAltName | grep -q DNS:a.example
	ask 1 --subject "" --san dns:a.other
	has E_NOT_SAN
	run ! mkreq dev9 ir9.pki --subject ""
	has E_TMPL_NO_NAME
}

@test "profile: confirm = explicit wants a certConf from everybody" {
	set_conf ca 'profile default' confirm explicit
	ask 0
	reads "ir$n.pki" .header.generalInfo | grep -q implicitConfirm
	reads "ip$n.pki" .header.generalInfo >info
	run ! grep -q implicitConfirm info
	grep -q confirmWaitTime info
	[ "$(reads "cc$n.pki" .message)" = certConf ]
	run -0 cmp-process -C ca -o conf.pki "cc$n.pki"
	run -0 cmp-process -C "dev$n" conf.pki
}

@test "profile: no certificate outlives the CA" {
	cmp-ca -C ca2 init --name CN=Short --newkey ec:P-256 --days 10
	cmp-ca -C ca2 trust add --enrol idevid-root.pem --subject 'CN=*,O=Example'
	rm -r ca
	mv ca2 ca
	ask 0
	a=$(date -d "$(openssl x509 -in cert.pem -noout -enddate |
	    cut -d= -f2)" +%s)
	b=$(date -d "$(openssl x509 -in ca/certs/ca.pem -noout -enddate |
	    cut -d= -f2)" +%s)
	[ "$a" -le "$b" ]
	openssl verify -CAfile ca/certs/ca.pem cert.pem
}

@test "profile: a key is certified once, unless reuse-key (E_TMPL_KEY_USED)" {
	ask 0
	key="dev$n/keys/$(basename dev$n/keys/*.key)"
	twice() {
		openssl cmp -config '' -cmd ir -reqout cmp.pki -server x:1 \
		    -rspin ir1.pki -newkey "$key" -subject "$1" \
		    -cert idevid.pem -key idevid.key \
		    -untrusted idevid-sub.pem -srvcert ca/certs/cmp.pem \
		    -certout /dev/null -recipient "/CN=x" >/dev/null 2>&1 ||
		    true
		[ -s cmp.pki ]
		run cmp-process -C ca -o out/ cmp.pki
	}
	twice /O=Example/CN=pump17
	has E_TMPL_KEY_USED
	set_conf ca 'profile default' reuse-key yes
	twice /O=Example/CN=pump18
	has E_TMPL_KEY_USED
}

@test "profile: the request names its profile, unknown ones are refused" {
	profile short 'validity = 2d'
	ask 0 --profile short
	[ "$(span)" = $((2 * 86400 + 300)) ]
	reads "ir$n.pki" .header.generalInfo | grep -q short
	ask 0
	[ "$(span)" = $((365 * 86400 + 300)) ]
	ask 1 --profile nosuch
	has E_CERT_PROFILE
	[ "$(cmp-ca -C ca list --json | jq -r .profile | sort | xargs)" = \
	    "default short" ]
}

@test "profile: default-profile is that of requests that name none" {
	profile short 'validity = 2d'
	set_conf ca ca default-profile short
	ask 0
	[ "$(span)" = $((2 * 86400 + 300)) ]
}

@test "enrol: the first rule that fits the profile and the sender decides" {
	profile a 'validity = 2d'
	profile b 'validity = 3d'
	rules '[enrol one]' 'anchor = trust/mine.pem' 'profile = a' \
	    'subject = CN=a-*,O=Example' \
	    '[enrol two]' 'anchor = trust/mine.pem' 'profile = a b' \
	    'subject = CN=b-*,O=Example'
	ask 0 --profile a --subject CN=a-1,O=Example
	# Rule two would allow it, but one fits first.
	ask 1 --profile a --subject CN=b-1,O=Example
	has E_NOT_SUBJECT
	has one
	ask 0 --profile b --subject CN=b-1,O=Example
	ask 1 --subject CN=b-1,O=Example
	has E_NOT_AUTHORIZED
}

@test "enrol: a rule for other bodies is passed over (E_NOT_AUTHORIZED)" {
	rules '[enrol one]' 'anchor = trust/mine.pem' 'body = cr kur' \
	    'subject = CN=*,O=Example'
	ask 1
	has E_NOT_AUTHORIZED
	printf '%s\n' '[enrol two]' 'anchor = trust/mine.pem' 'body = ir' \
	    'subject = CN=*,O=Example' >>ca/cmp.conf
	ask 0
}

@test "enrol: trust add --profile makes a rule for that profile only" {
	profile a 'validity = 2d'
	cmp-ca -C ca trust remove idevid-root
	cmp-ca -C ca trust add --enrol idevid-root.pem --profile a \
	    --subject 'CN=*,O=Example'
	ask 0 --profile a
	ask 1
	has E_NOT_AUTHORIZED
}

@test "enrol: cmp.conf is the same rule by hand as by trust add" {
	grep -A3 '^\[enrol idevid-root\]' ca/cmp.conf >rule
	rules "$(sed s,trust/idevid-root,trust/mine, rule)"
	ask 0 --san dns:a.example
	ask 1 --san dns:a.other
	has E_NOT_SAN
}

# wide: openssl's client asks for what cmp-mkreq does not.
wide() {
	key ec:P-256 new.key
	openssl cmp -config '' -cmd ir -reqout wide.pki -server x:1 \
	    -rspin ir1.pki -newkey new.key -subject /O=Example/CN=wide \
	    -cert idevid.pem -key idevid.key -untrusted idevid-sub.pem \
	    -srvcert ca/certs/cmp.pem -certout /dev/null -recipient /CN=x \
	    "$@" >/dev/null 2>&1 || true
	[ -s wide.pki ]
	run cmp-process -C ca -o wide-ip.pki wide.pki
}

@test "profile: a longer validity is cut, and grantedWithMods says so" {
	ask 0
	set_conf ca 'profile default' max-validity 500d
	wide -days 3650
	[ "$status" = 0 ]
	has "with changes"
	cmp-inspect wide-ip.pki | grep -q grantedWithMods
	cmp-inspect --json wide-ip.pki | jq -r '.. | .notAfter? // empty' |
	    sort | grep -q "^$(date -u -d '+500 days' +%Y-%m-%d)"
}

@test "profile: a shorter validity is granted as it was asked for" {
	ask 0
	wide -days 7
	[ "$status" = 0 ]
	cmp-inspect --json wide-ip.pki | jq -r '.. | .notAfter? // empty' |
	    grep -q "^$(date -u -d '+7 days' +%Y-%m-%d)"
}

@test "profile: policies that nobody allows are refused or reported" {
	ask 0
	wide -policy_oids 1.2.3.4
	if [ "$status" = 0 ]; then
		cmp-inspect wide-ip.pki | grep -q grantedWithMods
	else
		has E_TMPL_EXT
	fi
}
