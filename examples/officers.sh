#!/bin/sh
# Two ways to act for others: certificates that two of three officers have to
# approve, each with a signature of his own; and a directory with requests of
# machines that do not speak CMP.
#
#	examples/officers.sh [DIRECTORY]
#
# Everything is made in DIRECTORY, which is kept, or in a temporary one.
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
PATH=${BUILD_DIR:-$src/build}:$PATH
export PATH

. "$src/examples/show.sh"
work_in "$@"

# A key and a PKCS#10 request, $1.key and $1.csr, for the subject $2.
csr() {
	new_key "$1.key"
	openssl req -new -config /dev/null -key "$1.key" -subj "$2" \
	    -out "$1.csr"
}

say 'A vendor, three officers with certificates of whatever PKI they have, and a
# CA, at which the profile "safety" takes the signatures of two of them.'
vendor_pki
for officer in a b c; do
	issue "officer-$officer" "/O=Example/CN=Officer $officer" device
done
run cmp-ca -C ca init --name 'CN=Plant CA,O=Example' --newkey ec:P-256
printf '\n[profile safety]\nkeys = ec:P-256 ec:P-384\n' >> ca/cmp.conf
for officer in a b c; do
	run cmp-ca -C ca trust add --ra "officer-$officer.pem" \
	    --profile safety --subject 'CN=*,O=Example'
done
run cmp-ca -C ca trust add --enrol idevid-root.pem --name safety \
    --profile safety --subject 'CN=*,O=Example'
run sed -i '/^\[enrol safety\]/a approvals = 2 of officer-a officer-b officer-c' \
    ca/cmp.conf
run cmp-ca -C ca trust list

say 'The request of a device, and the approval of the first officer around it.'
run cmp-mkreq -C dev ir --profile safety --subject CN=valve1,O=Example \
    --newkey ec:P-256 --cert idevid.pem --key idevid.key \
    --chain idevid-sub.pem --trust ca/certs/ca.pem -o request.pki
run cmp-nest wrap --cert officer-a.pem --key officer-a.key -o a.pki request.pki
run cmp-nest show a.pki

say 'One is not enough, and the same once more is not two.'
run cmp-process -C ca -o 1/ a.pki
run cmp-nest wrap --cert officer-a.pem --key officer-a.key -o a2.pki request.pki
run cmp-process -C ca -o 2/ a2.pki
status=0
run cmp-process -C dev -o poll/ 1/*.pki || status=$?
[ "$status" -eq 3 ]
run cmp-ca -C ca pending

say 'The second one signs the same request somewhere else; his stick comes later.
# He could as well have signed what the first one had.'
run cmp-nest wrap --cert officer-c.pem --key officer-c.key -o c.pki request.pki
run cmp-process -C ca -o 3/ c.pki
run cmp-process -C ca -o 4/ poll/*-pollreq.pki
run cmp-process -C dev 4/*-ip.pki
serial=$(openssl x509 -in dev/certs/*.pem -noout -serial)
run cmp-ca -C ca show "${serial#serial=}" | grep -v -e '^[A-Za-z0-9+/=]*$' -e ---

say 'Machines that have no CMP: their PKCS#10 requests are in a directory, and an
# RA asks for them.  One of them is for a name that is not ours.'
mkdir machines
for name in lathe mill press; do
	csr "machines/$name" "/O=Example/CN=$name"
done
csr machines/other '/O=Elsewhere/CN=other'
csr ra '/O=Example/CN=RA'
run cmp-ca -C ca ra-cert --csr ra.csr -o ra.pem
run cmp-ca -C ca trust add --ra ra.pem --profile default \
    --subject 'CN=*,O=Example'
run cmp-ca -C ra init --role ra --key ra.key --cert ra.pem
run cmp-ca -C ra trust add --upstream ca/certs/ca.pem
status=0
run cmp-mkreq -C ra ir --on-behalf --csr machines/ -o stick/ \
    --allow-subject 'CN=*,O=Example' \
    --cert ra/certs/cmp.pem --key ra/keys/cmp.key || status=$?
[ "$status" -eq 1 ]
run cmp-nest batch --cert ra.pem --key ra.key -o all.pki stick/
run cmp-process -C ca -o back.pki all.pki
run cmp-nest split --trust ca/certs/ca.pem -o back/ back.pki
run cmp-process -C ra back/*-ip.pki
for name in lathe mill press; do
	run openssl verify -CAfile ca/certs/ca.pem ra/certs/"$name"-*.pem
done
say 'Done.'
