#!/bin/sh
# One table of what the tools cost; everything beside a peer or a floor that
# was measured in the same run.  Usage: run.sh BUILD-DIRECTORY
#
#	BENCH_GROUPS	groups of 256 requests for the first table (16)
#	BENCH_FILES	numbers of files in the spool ("100 1000 10000")
#	BENCH_CRLS	numbers of entries of a CRL ("1000 10000 100000")
#	BENCH_NESTED	messages in one bundle, beside 1000 (100000)
#	BENCH_BUNDLE	requests in a bundle at the CA, beside 1000 (10000)
set -eu

bin=$(cd "$1" && pwd)
bench=$bin/tests/bench
tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/cmp-bench.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM
cd "$tmp"
PATH=$bin:$PATH

new_ca() {
	cmp-ca -C "$1" init --name "CN=$2,O=Example" --newkey ec:P-256 2>init.log
}
quotient() {
	awk "BEGIN { printf \"%.2f\", ($1) / ($2) }"
}

# The manufacturer is a CA of ours, whose protection certificate is a device's.
new_ca maker Maker
new_ca ca 'Plant CA'
cmp-ca -C ca trust add --enrol maker/certs/ca.pem --subject 'CN=*,O=Example' \
    2>trust.log
dev_cert=$tmp/maker/certs/cmp.pem dev_key=$tmp/maker/keys/cmp.key
cp -r ca fresh

echo "CPU of a signed ir, P-256           cmp-tools      floor   ratio"
echo "  (floor: 3 verifications, 2 keys imported, 2 signatures; target 1.25)"
"$bench/bench_ir" ca "$dev_cert" "$dev_key" "${BENCH_GROUPS:-16}"

echo
echo "CPU of a wrong MAC              known ref    unknown   ratio"
echo "  (target 0.90 to 1.10 with the iterations that we make)"
cp -r fresh guessed
sed -i 's/^# *mac-work = .*/mac-work = 100000/' guessed/cmp.conf
"$bench/bench_mac" guessed "${BENCH_MACS:-200}"

echo
echo "cmp-process, a spool of  requests/s   to 1st   CPU/request   to floor"
first=
for n in ${BENCH_FILES:-100 1000 10000}; do
	# Few files are soon done: the median of several spools.
	runs=$((1000 / n < 1 ? 1 : 1000 / n > 5 ? 5 : 1000 / n))
	for i in $(seq 0 $((runs - 1))); do
		cp -r fresh "spooled$i"
		"$bench/bench_make" "$dev_cert" "$dev_key" \
		    "spooled$i/spool/in" "$n"
	done
	before=$("$bench/bench_ir" ca "$dev_cert" "$dev_key" 2)
	took=$("$bench/bench_run" "$runs" cmp-process -C spooled%)
	after=$("$bench/bench_ir" ca "$dev_cert" "$dev_key" 2)
	test "$(find spooled0/spool/out -name '*.pki' | wc -l)" -eq "$n"
	rate=$(quotient "$n * 1000" "${took% *}")
	first=${first:-$rate}
	us=$(quotient "${took#* } * 1000" "$n")
	floor=$(printf '%s\n%s\n' "$before" "$after" |
	    awk '$1 == "user+sys" && NF == 6 { t += $4 } END { print t / 2 }')
	printf '%9d files %19.0f %8s %10.0f us %10s\n' "$n" "$rate" \
	    "$(quotient "$rate" "$first")" "$us" "$(quotient "$us" "$floor")"
	rm -rf spooled*
done

echo
echo "cmp-nest, of 1 KiB each    messages/s   CPU/message     memory   to 1000"
"$bench/bench_make" "$dev_cert" "$dev_key" . 1
# nested ROW N COMMAND...: the ratio is that of the peak memory.
nested() {
	row=$1 n=$2
	shift 2
	took=$(BENCH_RSS=1 "$bench/bench_run" 1 cmp-nest "$@" \
	    --max-members "$n" --max-size 1g)
	kib=${took##* } took=${took% *}
	[ "$n" != 1000 ] || echo "$kib" >"$row.kib"
	printf '%-6s %7d %21.0f %10.1f us %6d KiB %9s\n' "$row" "$n" \
	    "$(quotient "$n * 1000" "${took% *}")" \
	    "$(quotient "${took#* } * 1000" "$n")" "$kib" \
	    "$(quotient "$kib" "$(cat "$row.kib")")"
}
for n in 1000 ${BENCH_NESTED:-100000}; do
	mkdir nested taken
	"$bench/bench_copy" 00000.pki nested "$n"
	nested batch "$n" batch --cert "$dev_cert" --key "$dev_key" nested \
	    -o bundle.pki
	nested split "$n" split --trust maker/certs/ca.pem -o taken bundle.pki
	test "$(find taken -name '*.pki' | wc -l)" -eq "$n"
	rm -rf nested taken bundle.pki
done
rm 00000.pki

echo
echo "cmp-process, a bundle of   CPU/message   to single     memory   to 1000"
echo "  (single: the same requests, each in a file of the spool; target 1.00)"
cp -r fresh bundling
cmp-ca -C bundling trust add --ra "$dev_cert" 2>>trust.log
for n in 1000 ${BENCH_BUNDLE:-10000}; do
	mkdir asked
	"$bench/bench_make" "$dev_cert" "$dev_key" asked "$n"
	for how in single bundle; do
		cp -r bundling "$how"
	done
	cp asked/* single/spool/in/
	cmp-nest batch --cert "$dev_cert" --key "$dev_key" --max-members "$n" \
	    --max-size 1g asked -o bundle/spool/in/one.pki 2>>trust.log
	took=$("$bench/bench_run" 1 cmp-process -C single)
	single=${took#* }
	took=$(BENCH_RSS=1 "$bench/bench_run" 1 cmp-process -C bundle)
	kib=${took##* } took=${took% *}
	[ "$n" != 1000 ] || base_kib=$kib
	test "$(cmp-ca -C bundle list | wc -l)" -eq \
	    "$(cmp-ca -C single list | wc -l)"
	test "$(find bundle/spool/out -name '*.pki' | wc -l)" -eq 1
	printf '%9d messages %17.0f us %10s %6d KiB %9s\n' "$n" \
	    "$(quotient "${took#* } * 1000" "$n")" \
	    "$(quotient "${took#* }" "$single")" "$kib" \
	    "$(quotient "$kib" "$base_kib")"
	rm -rf asked single bundle
done

echo
echo "start-up, median of 50                  --version     least work"
least() {
	tool=$1
	shift
	version=$("$bench/bench_run" 50 "$tool" --version)
	work=$("$bench/bench_run" 50 "$tool" "$@")
	printf '%-34s %9s ms %11s ms\n' "$tool" "${version% *}" "${work% *}"
}
cp -r fresh spooled
"$bench/bench_make" "$dev_cert" "$dev_key" . 1
least cmp-mkreq -C made ir --subject CN=x,O=Example --newkey ec:P-256 -o a%.pki
least cmp-sign --cert "$dev_cert" --key "$dev_key" -o b%.pki a0.pki
least cmp-nest wrap --cert "$dev_cert" --key "$dev_key" -o n%.pki 00000.pki
least cmp-inspect 00000.pki
least cmp-process -C spooled
least cmp-ca -C spooled list
work=$("$bench/bench_run" 50 openssl version)
printf '%-34s %9s ms\n' "openssl version" "${work% *}"

echo
echo "one process a message                     wall       CPU   to openssl"
peer=$("$bench/bench_run" 50 openssl cmp -cmd ir -use_mock_srv \
    -srv_cert ca/certs/cmp.pem -srv_key ca/keys/cmp.key \
    -srv_trusted maker/certs/ca.pem -rsp_cert "$dev_cert" \
    -cert "$dev_cert" -key "$dev_key" -trusted ca/certs/ca.pem \
    -newkey "$dev_key" -subject /O=Example/CN=x -implicit_confirm \
    -grant_implicitconf -certout cert.pem)
beside() {
	printf '%-34s %6s ms %6s ms   %5s\n' "$1" "${2% *}" "${2#* }" \
	    "$(quotient "${2% *}" "${peer% *}")"
}
request=$("$bench/bench_run" 50 cmp-mkreq -C dev ir --subject CN=x,O=Example \
    --newkey ec:P-256 --cert "$dev_cert" --key "$dev_key" \
    --trust ca/certs/ca.pem -o "$tmp/req%.pki")
answer=$("$bench/bench_run" 50 cmp-process -C fresh -o "$tmp/ans%.pki" \
    "$tmp/req%.pki")
take=$("$bench/bench_run" 50 cmp-process -C dev "$tmp/ans%.pki")
beside "openssl cmp, client and mock" "$peer"
beside "cmp-mkreq" "$request"
beside "cmp-process, CA" "$answer"
beside "cmp-process, device" "$take"
printf '%-34s %6.0f/s %21.2f\n' "openssl cmp, enrolments" \
    "$(quotient 1000 "${peer% *}")" 1
all="${request% *} + ${answer% *} + ${take% *}"
printf '%-34s %6.0f/s %21s\n' "cmp-tools, enrolments of 3 processes" \
    "$(quotient 1000 "$all")" "$(quotient "${peer% *}" "$all")"
echo "(openssl's mock gives out one ready certificate and keeps nothing)"

# revoked HOME N: as many that are revoked, with serials of 20 octets.
revoked() {
	sqlite3 "$1/state/cmp.db" "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL
	    SELECT i + 1 FROM n WHERE i < $2)
	    INSERT INTO cert (serial, spki_hash, subject, not_before,
	    not_after, profile, revoked_at, reason, der, first_issued)
	    SELECT CAST(printf('B%019d', i) AS BLOB), randomblob(32), x'3000',
	    0, 4000000000, 'p', 1767225600 + i, 1, randomblob(600), 0 FROM n"
}
# The same for openssl ca.
index() {
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++)
		printf "R\t961002070640Z\t260101000000Z,keyCompromise\t" \
		    "42%038d\tunknown\t/CN=x\n", i }' >index.txt
	printf '[ca]\ndefault_ca = a\n[a]\ndatabase = index.txt\n' >ca.cnf
	printf 'default_md = sha256\ndefault_crl_days = 30\n' >>ca.cnf
}

echo
echo "a CRL, entries     cmp-ca crl    CPU  an entry     KiB |  openssl ca    CPU     KiB"
export BENCH_RSS=1
for n in ${BENCH_CRLS:-1000 10000 100000}; do
	rm -rf crl
	cp -r ca crl
	revoked crl "$n"
	index "$n"
	# shellcheck disable=SC2046
	set -- $("$bench/bench_run" 5 cmp-ca -C crl crl) \
	    $("$bench/bench_run" 3 openssl ca -config ca.cnf -gencrl \
	    -cert crl/certs/ca.pem -keyfile crl/keys/ca.key -out peer.crl)
	test "$(openssl crl -in crl/certs/ca.crl -inform DER -noout -text |
	    grep -c 'Serial Number')" -eq "$n"
	printf '%17d %8.0f ms %7.0f %6.2f us %8d | %8.0f ms %7.0f %7d\n' \
	    "$n" "$1" "$2" "$(quotient "$2 * 1000" "$n")" "$3" "$4" "$5" "$6"
done
echo "(memory has 16 MiB for pages of the store, and does not grow beyond)"
