#!/bin/sh
# A whole enrolment: a device of a vendor asks a CA that no network reaches
# for a certificate, through files.  `make demo` runs this.
#
#	examples/enrol.sh [DIRECTORY]
#
# Everything is made in DIRECTORY, which is kept, or in a temporary one.
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
PATH=${BUILD_DIR:-$src/build}:$PATH
export PATH

. "$src/examples/show.sh"
work_in "$@"

say 'The factory: a vendor with a root and a sub CA, and a device with its
# first certificate (IDevID).  Any PKI will do; here it is openssl.'
vendor_pki
mkdir back
run ls

say 'The plant: make a CA, and say whose devices may ask for what.'
run cmp-ca -C ca init --name 'CN=Plant CA,O=Example' --newkey ec:P-384
run cmp-ca -C ca trust add --enrol idevid-root.pem \
    --subject 'CN=*,O=Example' --san 'dns:*.example'

say 'The device: make a key and a request, onto the stick.'
run cmp-mkreq -C dev1 ir --subject CN=pump17,O=Example --san dns:pump17.example \
    --newkey ec:P-256 --cert idevid.pem --key idevid.key \
    --chain idevid-sub.pem --trust ca/certs/ca.pem --confirm -o stick/
run ls stick

say 'Carry it to the CA, and let the CA look at its spool.'
run cp stick/*.pki ca/spool/in/
run cmp-process -C ca
run ls ca/spool/done ca/spool/out

say 'Carry the answer back.  The device checks it, installs the certificate
# and, having asked for it, writes a confirmation.'
run cp ca/spool/out/*.pki back/
mkdir stick2
run cmp-process -C dev1 -o stick2/ back/*.pki

say 'Carry the confirmation, and the acknowledgement of it back.'
run cp stick2/*.pki ca/spool/in/
run cmp-process -C ca
mkdir back2
for answer in ca/spool/out/*.pki; do
	[ -e "back/${answer##*/}" ] || run cp "$answer" back2/
done
run cmp-process -C dev1 back2/*.pki

say 'What the files say: the request and the answer.'
run cmp-inspect stick/*.pki back/*.pki

say 'Does any message break a rule of RFC 9483?  (A SHOULD: --confirm asked for a
# confirmation that the standard wants to spare.)'
run cmp-inspect --lint stick/*.pki back/*.pki stick2/*.pki back2/*.pki

say 'What the CA remembers.'
run cmp-ca -C ca list
run cmp-ca -C ca check

say 'The certificate that the device ends with, as openssl sees it.'
run ls dev1/certs dev1/keys
for cert in dev1/certs/*.pem; do
	run openssl verify -CAfile ca/certs/ca.pem "$cert"
	run openssl x509 -in "$cert" -noout -subject -issuer -dates \
	    -ext subjectAltName,keyUsage,extendedKeyUsage
done
say 'Done.'
