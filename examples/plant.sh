#!/bin/sh
# Twenty devices, a registration authority in their plant (LRA) and a CA that
# no network reaches: one file on one stick takes all requests to the CA, and
# each device gets its own answer.  Only files move.
#
#	examples/plant.sh [DIRECTORY]
#
# Everything is made in DIRECTORY, which is kept, or in a temporary one.
set -eu
src=$(cd "$(dirname "$0")/.." && pwd)
PATH=${BUILD_DIR:-$src/build}:$PATH
export PATH

. "$src/examples/show.sh"
work_in "$@"

numbers=$(seq -w 1 20)

# Each device looks in the LRA's out/ for the newest answer to it, which
# begins as its request does, and takes it; what it writes then is in desk/.
# Waiting is 3 and a refusal is 1, which are not ours.
take_answers() {
	for i in $numbers; do
		request=$(cd "desk/$i" && echo *-1-ir.pki)
		# shellcheck disable=SC2012	# our own names, by number
		answer=$(ls lra/spool/out/"${request%%-*}"-*.pki | tail -n 1)
		for_each cmp-process -C "dev/$i" -o "desk/$i/" "$answer" || :
	done
}

say 'The factory: a vendor, and twenty devices with certificates of it.'
vendor_pki
mkdir dev desk usb-7 usb-8
for i in $numbers; do
	issue "idevid-$i" "/O=Vendor/CN=pump/serialNumber=00$i" device idevid-sub
done
run_line 'ls *.pem'

say 'The CA.  It gives the LRA a certificate, and lets it ask for pumps, and for
# nothing else.  Of the vendor it knows nothing: the LRA vouches for devices.'
run cmp-ca -C ca init --name 'CN=Plant CA,O=Example' --newkey ec:P-256
new_key lra.key
run openssl req -new -config /dev/null -key lra.key -subj '/O=Example/CN=LRA 7' \
    -out lra.csr
run cmp-ca -C ca ra-cert --csr lra.csr -o lra.pem
run cmp-ca -C ca trust add --ra lra.pem --subject 'CN=pump*,O=Example' \
    --san 'dns:*.example'

say 'The LRA: it believes this CA, and bundles the requests of that vendor, each
# with its approval around it.  An operator looks at each of them.'
run cmp-ca -C lra init --role ra --key lra.key --cert lra.pem
run cmp-ca -C lra trust add --upstream ca/certs/ca.pem
run cmp-ca -C lra trust add --forward idevid-root.pem --name vendor --batch \
    --subject 'CN=pump*,O=Example' --san 'dns:*.example'
run sed -i '/^\[forward vendor\]/a hold = yes' lra/cmp.conf

say 'Twenty requests.  One asks for a name that is none for pumps.'
for i in $numbers; do
	name=pump$i
	[ "$i" != 13 ] || name=boiler
	for_each cmp-mkreq -C "dev/$i" ir --subject "CN=$name,O=Example" \
	    --san "dns:$name.example" --newkey ec:P-256 \
	    --cert "idevid-$i.pem" --key "idevid-$i.key" \
	    --chain idevid-sub.pem --trust ca/certs/ca.pem -o "desk/$i/"
done
run_line 'cp desk/*/*-1-ir.pki lra/spool/in/'

say 'The LRA checks them.  It refuses that one; the others wait.'
brief cmp-process -C lra
[ "$status" -eq 1 ]

say 'The devices are told, and ask again: not yet.'
take_answers
run_line 'cp desk/*/*-3-pollreq.pki lra/spool/in/'
brief cmp-process -C lra

say 'The operator sees what is asked for.  Pump 07 was scrapped.'
brief cmp-ca -C lra pending
cmp-ca -C lra pending --json > pending.json
scrapped=$(sed -n '/CN=pump07,/s/.*"transactionID":"\([0-9a-f]*\)".*/\1/p' \
    pending.json)
sed -n '/CN=pump07,/!s/.*"transactionID":"\([0-9a-f]*\)".*/\1/p' pending.json \
    > good
run cmp-ca -C lra reject "$scrapped" --reason 'scrapped in May'
run_line 'xargs cmp-ca -C lra approve < good' > log
head -n 3 log

say 'The courier is here: what waits leaves, as one message in one file.'
run cmp-process -C lra --flush
run cmp-spool -C lra export usb-7
run ls usb-7
cmp-nest show --trust ca/certs/ca.pem usb-7/*-nested.pki > shown
run head -n 5 shown
brief cmp-spool -C lra status

say 'The courier comes back without that stick: everything once more.  Should both
# arrive one day, the CA does nothing twice.'
run cmp-spool -C lra export --again usb-8
brief cmp-spool -C lra status

say 'The CA.  Its first run is killed; the next goes on where that stopped.'
run cmp-spool -C ca import usb-8
cmp-process -C ca >/dev/null 2>&1 &
victim=$!
sleep 0.02
kill -KILL "$victim" 2>/dev/null || :
wait "$victim" 2>/dev/null || :
run cmp-process -C ca
brief cmp-ca -C ca list
run cmp-spool -C ca export usb-8

say 'The stick is back.  The LRA takes the answers apart.'
run cmp-spool -C lra import usb-8
brief cmp-process -C lra
run cmp-spool -C lra status

say 'Each device gets its own answer; two of them are a no.'
take_answers
run ls dev/01/certs dev/20/certs
for i in $numbers; do
	for cert in dev/"$i"/certs/*.pem; do
		[ -e "$cert" ] || { echo "device $i has none"; continue; }
		openssl verify -CAfile ca/certs/ca.pem "$cert" >verified
		openssl x509 -in "$cert" -noout -subject -nameopt RFC2253
	done
done

say 'Pump 20 has a leak: the LRA has its certificate revoked.'
serial=$(openssl x509 -in dev/20/certs/*.pem -noout -serial)
run cmp-mkreq -C lra rr --serial "0x${serial#serial=}" \
    --issuer 'CN=Plant CA,O=Example' --reason cessationOfOperation \
    --cert lra/certs/cmp.pem --key lra/keys/cmp.key -o revoke/
run cmp-process -C ca -o revoke/ revoke/*-1-rr.pki
run cmp-process -C lra revoke/*-2-rp.pki
run cmp-ca -C ca list --revoked

say 'What both remember.'
run cmp-ca -C ca check
run cmp-ca -C lra check
say 'Done.'
