#!/bin/sh
# The life of a device over files: its first certificate, another one, an
# update, a request of another tool, what the CA can be asked, a new root, a
# secret in place of a certificate, waiting for an operator, revocation and
# the CRL.
#
#	examples/device-life.sh [DIRECTORY]
#
# Everything is made in DIRECTORY, which is kept, or in a temporary one.
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
PATH=${BUILD_DIR:-$src/build}:$PATH
export PATH

. "$src/examples/show.sh"
work_in "$@"

# Carry the request of step $1 to the CA and its answer back to the device.
# The status of the device is not ours: "waiting" is 3.
carry() {
	run cmp-process -C ca -o "$1/" "$1"/*-1-*.pki
	status=0
	run cmp-process -C dev -o "$1/" "$1"/*-2-*.pki || status=$?
}

newest() {
	# shellcheck disable=SC2012	# our own names, in the order of time
	ls -t dev/certs/pump17-*.pem | head -n 1
}

say 'A vendor, a CA, and a profile whose requests an operator decides.'
vendor_pki
run cmp-ca -C ca init --name 'CN=Plant CA,O=Example' --newkey ec:P-256
run cmp-ca -C ca trust add --enrol idevid-root.pem \
    --subject 'CN=*,O=Example' --san 'dns:*.example'
printf '\n[profile controller]\nhold = yes\n' >> ca/cmp.conf
run cmp-ca -C ca trust add --enrol ca/certs/ca.pem --name holders

say 'ir: the first certificate, with that of the vendor.'
run cmp-mkreq -C dev ir --subject CN=pump17,O=Example --san dns:pump17.example \
    --newkey ec:P-256 --cert idevid.pem --key idevid.key \
    --chain idevid-sub.pem --trust ca/certs/ca.pem -o 1-ir/
carry 1-ir
cert=$(newest)
key=dev/keys/$(basename "$cert" .pem).key

say 'cr: another certificate of this PKI, with the first.'
run cmp-mkreq -C dev cr --subject CN=pump17,O=Example --newkey ed25519 \
    --cert "$cert" --key "$key" -o 2-cr/
carry 2-cr

say 'kur: the first one is updated: same names, new key.'
run cmp-mkreq -C dev kur --newkey ec:P-256 --cert "$cert" --key "$key" -o 3-kur/
carry 3-kur
new=$(newest)

say 'p10cr: a request that another tool made.'
new_key plc.key
run openssl req -new -config /dev/null -key plc.key -subj /O=Example/CN=pump17 \
    -out plc.csr
run cmp-mkreq -C dev p10cr --csr plc.csr --cert "$cert" --key "$key" -o 4-p10cr/
carry 4-p10cr

say 'genm: CA certificates, and what a request has to look like, which fills it.'
run cmp-mkreq -C dev genm cacerts --cert "$cert" --key "$key" -o 5-cacerts/
carry 5-cacerts
run cmp-mkreq -C dev genm reqtemplate --cert "$cert" --key "$key" -o 6-template/
carry 6-template
run cmp-mkreq -C dev cr --template dev/template/*.der --cert "$cert" \
    --key "$key" -o 7-filled/
carry 7-filled

say 'A new root for the CA: the old one vouches for it, the user accepts it.'
run cmp-ca -C ca rollover
run cmp-mkreq -C dev genm rootupdate --root ca/certs/ca.pem --cert "$cert" \
    --key "$key" -o 8-root/
carry 8-root
run cmp-process -C dev --accept

say 'Another device has only a slip; the answer brings its first trust anchor.'
cmp-ca -C ca ticket new --subject 'CN=*,O=Example' > slip
cat slip
sed -n 's/^secret *//p' slip > secret
chmod 600 secret
run cmp-mkreq -C dev2 ir --subject CN=pump18,O=Example --newkey ec:P-256 \
    --secret-file secret --ref "$(sed -n 's/^reference *//p' slip)" -o 9-mac/
run cmp-process -C ca -o 9-mac/ 9-mac/*-1-*.pki
run cmp-process -C dev2 9-mac/*-2-*.pki

say 'A certificate that an operator decides: the device waits and asks again.'
run cmp-mkreq -C dev cr --profile controller --subject CN=pump17,O=Example \
    --newkey ec:P-256 --cert "$cert" --key "$key" -o 10-held/
carry 10-held
[ "$status" -eq 3 ]
run cmp-ca -C ca pending
id=$(cmp-ca -C ca pending --json | sed -n 's/.*"transactionID":"\([0-9a-f]*\)".*/\1/p')
run cmp-ca -C ca approve "$id"
run cmp-process -C ca -o 10-held/ 10-held/*-3-pollreq.pki
run cmp-process -C dev -o 10-held/ 10-held/*-4-*.pki

say 'rr: the first certificate is not needed any more.'
run cmp-mkreq -C dev rr --cert "$cert" --key "$key" --reason superseded -o 11-rr/
carry 11-rr
run cmp-mkreq -C dev genm crl --issuer 'CN=Plant CA,O=Example' \
    --cert "$new" --key "dev/keys/$(basename "$new" .pem).key" -o 12-crl/
carry 12-crl
run openssl crl -in dev/crls/*.crl -noout -text -nameopt RFC2253

say 'What the CA remembers, and what the files say as transactions.'
run cmp-ca -C ca list
run cmp-ca -C ca check
mkdir all
cp ./*-*/*.pki all/
run cmp-inspect all/
say 'Done.'
