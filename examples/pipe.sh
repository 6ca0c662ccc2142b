#!/bin/sh
# An enrolment as one pipeline, nothing but files and pipes: the device makes
# a draft, its vendor's certificate signs it, the CA answers, the device takes
# the answer.
#
#	examples/pipe.sh [DIRECTORY]
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
PATH=${BUILD_DIR:-$src/build}:$PATH
export PATH

. "$src/examples/show.sh"
work_in "$@"

say 'A vendor, and a CA that believes its devices.'
vendor_pki
run cmp-ca -C ca init --name 'CN=Plant CA,O=Example' --newkey ed25519
run cmp-ca -C ca trust add --enrol idevid-root.pem --subject 'CN=*,O=Example'

say 'The pipeline.'
cat > enrol <<'SH'
cmp-mkreq -C dev2 ir --subject CN=x,O=Example --newkey ed25519 \
    --trust ca/certs/ca.pem |
cmp-sign --cert idevid.pem --key idevid.key --chain idevid-sub.pem |
cmp-process -C ca - |
cmp-process -C dev2 -
SH
cat enrol
run sh enrol

say 'The certificate.'
for cert in dev2/certs/*.pem; do
	run openssl verify -CAfile ca/certs/ca.pem "$cert"
	run openssl x509 -in "$cert" -noout -subject -issuer -dates
done
