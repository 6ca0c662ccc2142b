#!/bin/sh
# Make the golden messages anew: make.sh DIRECTORY.  BUILD_DIR has the
# programs; those of fixed/ have a clock and randomness that stand still, and
# Ed25519 signatures follow from the message alone, so that every byte is the
# same each time.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
target=$(cd "$1" && pwd)
PATH=$(cd "${BUILD_DIR:-build/release}" && pwd)/fixed:$PATH
tmp=$(mktemp -d "${TMPDIR:-/tmp}/cmp-golden.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM
cd "$tmp"
to=$tmp/made

# Git does not keep that nobody else may read a key.
umask 077
mkdir keys
for f in "$here"/keys/*.pem; do
	cat "$f" >"keys/${f##*/}"
done

# Each program starts with a seed of its own, and a minute after the last.
export FIXED_SEED=0 FIXED_CLOCK=1767323045
run() {
	FIXED_SEED=$((FIXED_SEED + 1000000))
	FIXED_CLOCK=$((FIXED_CLOCK + 60))
	"$@" 2>>log || :	# a refusal is a failure, too
}

# A CA with the keys NAME-ca.pem and NAME-cmp.pem: the home takes up the key
# that an interrupted run has left.
authority() {
	mkdir -p "$1/keys"
	cat "keys/$1-ca.pem" >"$1/keys/ca.key"
	run cmp-ca -C "$1" init --name "$2" --newkey ed25519 \
	    --protect-key "keys/$1-cmp.pem"
}

# ask CASE CREDENTIALS OPTION...: the request of a device.
ask() {
	dir=$to/$1 device=$tmp/device-$1 who=$2
	shift 2
	mkdir -p "$dir"
	run cmp-mkreq -C "$device" ir --newkey-file keys/new.pem \
	    --cert "$who/certs/cmp.pem" --key "keys/$who-cmp.pem" \
	    --trust plant/certs/ca.pem -o "$dir/1-ir.pki" "$@"
}

# hand HOME FROM TO: one message in, its answer out.
hand() {
	run cmp-process -C "$1" -o "$dir/$3" "$dir/$2"
}

authority maker 'CN=Maker,O=Example'
authority stranger 'CN=Stranger,O=Example'
authority plant 'CN=Plant CA,O=Example'
run cmp-ca -C plant trust add --enrol maker/certs/ca.pem \
    --subject 'CN=*,O=Example' --san 'dns:*.example'
cp -r plant plain

plant() {
	rm -rf plant
	cp -r plain plant
}

plant
ask enrol-implicit maker --subject CN=pump17,O=Example --san dns:pump17.example
hand plant 1-ir.pki 2-ip.pki
hand "$device" 2-ip.pki none
cp -r plant enrolled

plant
ask enrol-explicit maker --subject CN=pump17,O=Example --confirm
hand plant 1-ir.pki 2-ip.pki
hand "$device" 2-ip.pki 3-certConf.pki
hand plant 3-certConf.pki 4-pkiConf.pki
hand "$device" 4-pkiConf.pki none

plant
ask rejection maker --subject CN=pump17,O=Elsewhere
hand plant 1-ir.pki 2-ip.pki

plant
ask error stranger --subject CN=pump17,O=Example
hand plant 1-ir.pki 2-error.pki

# A request that cmp-mkreq does not make: with serverAuth beside clientAuth.
plant
dir=$to/granted-with-mods
mkdir -p "$dir"
cat "$here/granted-with-mods/1-ir.pki" >"$dir/1-ir.pki"
hand plant 1-ir.pki 2-ip.pki

# more CASE OPERATION ANSWER OPTION...: one more request of a device whose
# first certificate is that of enrol-implicit.
more() {
	rm -rf plant
	cp -r enrolled plant
	dir=$to/$1 device=$tmp/device-$1
	first=$tmp/device-enrol-implicit
	op=$2 answer=$3
	shift 3
	mkdir -p "$dir"
	run cmp-mkreq -C "$device" "$op" "$@" --cert "$first"/certs/*.pem \
	    --key keys/new.pem --trust plant/certs/ca.pem \
	    -o "$dir/1-$op.pki"
	hand plant "1-$op.pki" "2-$answer.pki"
}

more cr cr cp --newkey-file keys/more.pem --subject CN=pump17,O=Example
more kur kur kup --newkey-file keys/more.pem
more p10cr p10cr cp --csr keys/more-csr.pem --confirm
hand "$device" 2-cp.pki 3-certConf.pki
hand plant 3-certConf.pki 4-pkiConf.pki


more rr rr rp --reason superseded
hand "$device" 2-rp.pki none

# The rest of what a device asks for; what it makes of it is a golden as well.
general() {
	more "$@"
	hand "$device" 2-genp.pki none
}
general genm-cacerts genm genp cacerts
general genm-reqtemplate genm genp reqtemplate
cat "$device"/template/*.json >"$dir/template.json"

run cmp-ca -C enrolled crl
general genm-crl genm genp crl --issuer 'CN=Plant CA,O=Example'

# A key that an interrupted run has left is taken up here as well.
cat keys/next.pem >enrolled/keys/next.key
run cmp-ca -C enrolled rollover
general genm-rootupdate genm genp rootupdate --root plant/certs/ca.pem

# header FILE BODY: an answer to FILE without its body, as openssl makes DER.
header() {
	cat <<-CNF
	asn1 = SEQUENCE:message
	[message]
	header = SEQUENCE:header
	body = EXP:$2,SEQUENCE:body
	[empty]
	[header]
	pvno = INTEGER:2
	sender = EXP:4,SEQUENCE:empty
	recipient = EXP:4,SEQUENCE:empty
	time = EXP:0,GENERALIZEDTIME:$(date -u -d "@$FIXED_CLOCK" +%Y%m%d%H%M%SZ)
	id = EXP:4,FORMAT:HEX,OCT:$(field "$1" transactionID)
	nonce = EXP:5,FORMAT:HEX,OCT:000102030405060708090a0b0c0d0e0f
	ours = EXP:6,FORMAT:HEX,OCT:$(field "$1" senderNonce)
	CNF
}
field() {
	cmp-inspect --json "$1" | sed 's/.*"'"$2"'":"\([0-9a-f]*\)".*/\1/'
}

# foreign FILE ANSWER BODY CNF: what another CA than ours would say to FILE.
foreign() {
	cat "$4" >"$dir/${4##*/}"
	{ header "$dir/$1" "$3"; cat "$4"; } >answer.cnf
	openssl asn1parse -genconf answer.cnf -noout -out answer.der 2>>log
	run cmp-sign --cert plant/certs/cmp.pem --key keys/plant-cmp.pem \
	    -o "$dir/$2" answer.der
}

# The example in Appendix A of RFC 9483, and what the device makes of it.
more appendix-a genm none reqtemplate
rm -f "$dir/2-none.pki"
foreign 1-genm.pki 2-genp.pki 22 "$here/appendix-a/template.cnf"
hand "$device" 2-genp.pki none
cat "$device"/template/*.json >"$dir/template.json"

# An answer that waits, as a whole message.
plant
ask error-waiting maker --subject CN=pump17,O=Example
foreign 1-ir.pki 2-error.pki 23 "$here/error-waiting/error.cnf"
hand "$device" 2-error.pki 3-pollReq.pki

# An operator decides.
plant
sed -i '/^\[enrol /a hold = yes' plant/cmp.conf
ask polling maker --subject CN=pump17,O=Example
hand plant 1-ir.pki 2-ip.pki
hand "$device" 2-ip.pki 3-pollReq.pki
hand plant 3-pollReq.pki 4-pollRep.pki
hand "$device" 4-pollRep.pki 5-pollReq.pki
run cmp-ca -C plant approve "$(field "$dir/1-ir.pki" transactionID)"
hand plant 5-pollReq.pki 6-ip.pki
hand "$device" 6-ip.pki none

# A shared secret instead of a certificate.
for mac in pbmac1 pbm; do
	plant
	echo 'a secret of 25 characters' >secret
	run cmp-ca -C plant ticket add --ref slip --secret-file secret \
	    --subject 'CN=*,O=Example'
	dir=$to/mac-$mac device=$tmp/device-$mac
	mkdir -p "$dir"
	run cmp-mkreq -C "$device" ir --newkey-file keys/new.pem \
	    --subject CN=pump17,O=Example --secret-file secret --ref slip \
	    --mac "$mac" --trust plant/certs/ca.pem --confirm \
	    -o "$dir/1-ir.pki"
	hand plant 1-ir.pki 2-ip.pki
	hand "$device" 2-ip.pki 3-certConf.pki
	hand plant 3-certConf.pki 4-pkiConf.pki
	hand "$device" 4-pkiConf.pki none
done

# An approval, that of another officer around it, and a bundle.
by() {
	who=$1 command=$2
	shift 2
	run cmp-nest "$command" --cert "$who/certs/cmp.pem" \
	    --key "keys/$who-cmp.pem" "$@"
}
dir=$to/nested
mkdir -p "$dir"
by maker wrap -o "$dir/1-wrap.pki" "$to/enrol-implicit/1-ir.pki"
by stranger wrap -o "$dir/2-wrap-again.pki" "$dir/1-wrap.pki"
by maker batch -o "$dir/3-batch.pki" "$to/enrol-implicit/1-ir.pki" \
    "$to/kur/1-kur.pki" "$dir/1-wrap.pki"

# A bundle of two at a CA that knows the RA, and the answer to it.
plant
run cmp-ca -C plant trust add --ra ra/certs/cmp.pem
dir=$to/bundle
mkdir -p "$dir"
by stranger batch -o "$dir/1-batch.pki" "$to/enrol-implicit/1-ir.pki" \
    "$to/rejection/1-ir.pki"
hand plant 1-batch.pki 2-batch.pki

# By way of an RA, in each of the ways in which it passes things on.
mkdir -p ra/keys
cat keys/stranger-cmp.pem >ra/keys/cmp.key
run cmp-ca -C ra init --role ra --name CN=LRA,O=Example --newkey ed25519
cat plant/certs/ca.pem >ra/trust/up.pem
cat maker/certs/ca.pem >ra/trust/maker.pem
cp -r ra new-ra
relay() {
	rm -rf ra
	cp -r new-ra ra
	printf '%s\n' 'role = ra' '[relay]' 'anchor = trust/up.pem' \
	    '[forward dev]' "$@" 'subject = CN=*,O=Example' \
	    'san = dns:*.example' >ra/cmp.conf
	plant
	run cmp-ca -C plant trust add --ra ra/certs/cmp.pem \
	    --subject 'CN=*,O=Example' --san 'dns:*.example'
}
pump() {
	ask "$1" maker --subject CN=pump17,O=Example --san dns:pump17.example
}
for mode in keep add replace raverified; do
	orig=no
	[ $mode != replace ] || orig=yes
	relay 'anchor = trust/maker.pem' "forward = $mode" "orig = $orig"
	pump relay-$mode
	hand ra 1-ir.pki 2-up.pki
	hand plant 2-up.pki 3-ip.pki
	hand ra 3-ip.pki 4-ip.pki
done

# What was made with a shared secret.
relay 'forward = replace'
run cmp-ca -C ra ticket add --ref slip --secret-file secret \
    --subject 'CN=*,O=Example'
dir=$to/relay-mac device=$tmp/device-relay-mac
mkdir -p "$dir"
run cmp-mkreq -C "$device" ir --newkey-file keys/new.pem \
    --subject CN=pump17,O=Example --secret-file secret --ref slip \
    --trust plant/certs/ca.pem -o "$dir/1-ir.pki"
hand ra 1-ir.pki 2-up.pki
hand plant 2-up.pki 3-ip.pki
hand ra 3-ip.pki 4-ip.pki

# Two in a bundle, what the first of them is told, and its answer.
relay 'anchor = trust/maker.pem' 'forward = keep' 'batch = yes'
pump relay-batch
run cmp-process -C ra -o "$dir/2-ip.pki" "$dir/1-ir.pki"
run cmp-process -C ra -o other.pki "$to/relay-keep/1-ir.pki"
run cmp-process -C ra --flush
cat ra/spool/out/upstream/*.pki >"$dir/3-up.pki"
hand plant 3-up.pki 4-nested.pki
cat "$dir/4-nested.pki" >ra/spool/in/nested.pki
run cmp-process -C ra
rm -f ra/spool/out/upstream/*
for f in ra/spool/out/*.pki; do
	cat "$f" >"$dir/5-$(field "$f" transactionID | cut -c1-8)-ip.pki"
done

for f in "$to"/*/*.pki; do
	( cd "${f%/*}" && cmp-inspect "${f##*/}" ) >"${f%.pki}.txt"
done
for dir in "$to"/*/; do
	name=$(basename "$dir")
	mkdir -p "$target/$name"
	for f in "$dir"*; do
		cat "$f" >"$target/$name/${f##*/}"
	done
done
