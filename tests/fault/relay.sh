# The parts of sweep.sh at a registration authority.  To be sourced by it.
# shellcheck shell=sh disable=SC2034,SC2154

# In $dir: relay, an RA at which two requests wait; relay-ca, the CA above it;
# relay-up and relay-down, what goes up of them and comes back; relayed, the RA
# in between; looking, one whose operator has approved both; tenfold, queued
# and bundled, one at which ten wait, are waiting for a bundle, and left in
# one-up, that one-down answers.
prepare_relay() {
	cmp-ca -C "$dir/relay" init --role ra --name "CN=LRA,O=Example" \
	    --newkey ec:P-256
	cp "$dir/id/root.pem" "$dir/relay/trust/maker.pem"
	cp "$dir/base/ca/certs/ca.pem" "$dir/relay/trust/up.pem"
	relay_conf "$dir/relay" 'forward = add'
	cp -a "$dir/base/ca" "$dir/relay-ca"
	rm -f "$dir"/relay-ca/spool/in/*
	cmp-ca -C "$dir/relay-ca" trust add --ra "$dir/relay/certs/cmp.pem" \
	    --subject 'CN=*,O=Example'
	cmp-process -C "$dir/relay"
	cp -a "$dir/relay" "$dir/tenfold"
	relay_conf "$dir/tenfold" 'forward = keep' 'batch = yes'
	for i in 1 2 3 4 5 6 7 8 9 10; do
		cmp-mkreq -C "$dir/ten-$i" ir --subject "CN=n$i,O=Example" \
		    --newkey ec:P-256 --cert "$dir/id/dev1.pem" \
		    --key "$dir/id/dev1.key" \
		    --trust "$dir/base/ca/certs/ca.pem" \
		    -o "$dir/tenfold/spool/in/"
		cp "$dir/relay/certs/cmp.pem" "$dir/ten-$i/trust/lra.pem"
	done
	cp "$dir"/base/stick-dev?/*.pki "$dir/relay/spool/in/"
	cp -a "$dir/relay" "$dir/relayed"
	cmp-process -C "$dir/relayed"
	cp -a "$dir/relayed/spool/out/upstream" "$dir/relay-up"
	cp -a "$dir/relay-ca" "$dir/relay-at"
	cmp-process -C "$dir/relay-at" -o "$dir/relay-down/" "$dir"/relay-up/*.pki
	cp -a "$dir/tenfold" "$dir/queued"
	cmp-process -C "$dir/queued"
	rm -f "$dir"/queued/spool/out/*.pki
	cp -a "$dir/queued" "$dir/bundled"
	cmp-process -C "$dir/bundled" --flush
	cp -a "$dir/bundled/spool/out/upstream" "$dir/one-up"
	cp -a "$dir/relay-ca" "$dir/one-at"
	cmp-process -C "$dir/one-at" -o "$dir/one-down/" "$dir"/one-up/*.pki
	cp -a "$dir/relay" "$dir/looking"
	relay_conf "$dir/looking" 'forward = keep' 'hold = yes'
	cmp-process -C "$dir/looking"
	cp -a "$dir/looking/spool/out" "$dir/told"
	rm -f "$dir"/looking/spool/out/*.pki
	for i in dev1 dev2; do
		cmp-ca -C "$dir/looking" approve "$(name_of "$dir/base" $i)"
	done
}

# relay_conf HOME LINE...: its [forward]
relay_conf() {
	relay_home=$1
	shift
	{
		printf '%s\n' 'role = ra' '[relay]' 'anchor = trust/up.pem' \
		    '[forward dev]' 'anchor = trust/maker.pem' \
		    'subject = CN=*,O=Example' "$@"
	} >"$relay_home/cmp.conf"
}

relay_ready() {
	[ -e "$dir/tenfold" ] || prepare_relay >"$dir/text" 2>&1 ||
	    { cat "$dir/text"; exit 1; }
	a=$(name_of "$dir/base" dev1)
	b=$(name_of "$dir/base" dev2)
}

# at_once OUT ARGS: what it makes in OUT under the fault stays as it is when it
# is done again.
at_once() {
	at_out=$1
	shift
	once cmp-process -C "$w/ra" "$@"
	rm -rf "$w/seen"
	keep "$at_out"
	again cmp-process -C "$w/ra" "$@"
	kept "$at_out"
	no_temporary
	cmp-ca -C "$w/ra" check >"$dir/text" 2>&1 ||
	    fail "cmp-ca check: $(cat "$dir/text")"
}

# above FILE...: the CA's answers are in $w/back
above() {
	rm -rf "$w/ca" "$w/back"
	cp -a "$dir/relay-ca" "$w/ca"
	again cmp-process -C "$w/ca" -o "$w/back/" "$@"
}

part_ra_up() {
	relay_ready
	cp -a "$dir/relay" "$w/ra"
	at_once "$w/ra/spool/out/upstream"
	has "$w/ra/spool/in" upstream
	has "$w/ra/spool/done" "$a-1-ir.pki" "$b-1-ir.pki"
	has "$w/ra/spool/out/upstream" "$a-1-nested.pki" "$b-1-nested.pki"
	cp -a "$w/ra/spool/out/upstream" "$w/up"
	# The same requests again: the same files.
	rm -f "$w"/ra/spool/out/upstream/*.pki
	cp "$dir"/base/stick-dev?/*.pki "$w/ra/spool/in/"
	again cmp-process -C "$w/ra"
	diff -r "$w/up" "$w/ra/spool/out/upstream" >/dev/null ||
	    fail "the same requests go up as other files"
	above "$w"/up/*.pki
	issued "$w/ca" dev1 dev2
	cp "$w"/back/*.pki "$w/ra/spool/in/"
	again cmp-process -C "$w/ra"
	takes "$dir/base/dev1" "$w/ra/spool/out/$a-2-ip.pki"
	takes "$dir/base/dev2" "$w/ra/spool/out/$b-2-ip.pki"
}

part_ra_down() {
	relay_ready
	cp -a "$dir/relayed" "$w/ra"
	cp "$dir"/relay-down/*.pki "$w/ra/spool/in/"
	at_once "$w/ra/spool/out"
	for i in "$a" "$b"; do
		cmp -s "$dir/relay-down/$i-2-ip.pki" \
		    "$w/ra/spool/out/$i-2-ip.pki" ||
		    fail "$i has another answer than upstream's, or none"
	done
	[ "$(find "$w/ra/spool/out" -maxdepth 1 -name '[!.]*.pki' | wc -l)" \
	    -eq 2 ] || fail "out/ has: $(ls "$w/ra/spool/out")"
	takes "$dir/base/dev1" "$w/ra/spool/out/$a-2-ip.pki"
	takes "$dir/base/dev2" "$w/ra/spool/out/$b-2-ip.pki"
}

# What an operator approved goes up once, as it came.
part_ra_hold() {
	relay_ready
	cp -a "$dir/looking" "$w/ra"
	at_once "$w/ra/spool/out/upstream"
	for i in "$w"/ra/spool/out/upstream/*.pki; do
		cat "$i"
	done | cksum >"$w/sum"
	cat "$dir"/base/stick-dev?/*.pki | cksum >"$w/sum2"
	[ "$(find "$w/ra/spool/out/upstream" -name '[!.]*.pki' | wc -l)" -eq \
	    2 ] || fail "not two went up"
	above "$w"/ra/spool/out/upstream/*.pki
	issued "$w/ca" dev1 dev2
	cp "$w"/back/*.pki "$w/ra/spool/in/"
	again cmp-process -C "$w/ra"
	for i in "$w"/back/*.pki; do
		for k in "$w"/ra/spool/out/*.pki; do
			! cmp -s "$i" "$k" || echo .
		done
	done >"$dir/text"
	[ "$(wc -l <"$dir/text")" -eq 2 ] || fail "not each answer came down"
}

# ten HOME: ten messages of upstream's or ours are there for the devices.
ten() {
	[ "$(find "$1/spool/out" -maxdepth 1 -name '[!.]*-ip*.pki' |
	    wc -l)" -eq 10 ] || fail "not ten answers: $(ls "$1/spool/out")"
}

# Ten are queued, ...
part_ra_queue() {
	relay_ready
	cp -a "$dir/tenfold" "$w/ra"
	at_once "$w/ra/spool/out"
	ten "$w/ra"
	has "$w/ra/spool/out/upstream"
	again cmp-process -C "$w/ra" --flush
	ten_up
}

# ... leave as one, ...
part_ra_batch() {
	relay_ready
	cp -a "$dir/queued" "$w/ra"
	at_once "$w/ra/spool/out/upstream" --flush
	ten_up
	cp "$w"/back/*.pki "$w/ra/spool/in/"
	again cmp-process -C "$w/ra"
	ten "$w/ra"
}

ten_up() {
	set -- "$w"/ra/spool/out/upstream/*.pki
	[ $# -eq 1 ] || fail "not one bundle: $*"
	above "$1"
	issued "$w/ca" n1 n10 n2 n3 n4 n5 n6 n7 n8 n9
}

# ... and ten answers come of the one that returns.
part_ra_split() {
	relay_ready
	cp -a "$dir/bundled" "$w/ra"
	cp "$dir"/one-down/*.pki "$w/ra/spool/in/"
	at_once "$w/ra/spool/out"
	ten "$w/ra"
	cmp-nest split --trust "$dir/base/ca/certs/ca.pem" \
	    "$dir"/one-down/*.pki -o "$w/members/" 2>"$dir/text" ||
	    fail "split: $(cat "$dir/text")"
	for i in "$w"/members/*.pki; do
		for k in "$w"/ra/spool/out/*.pki; do
			! cmp -s "$i" "$k" || echo .
		done
	done >"$w/same"
	[ "$(wc -l <"$w/same")" -eq 10 ] ||
	    fail "not each answer came down as it was"
	rm -rf "${w:?}/dev"
	cp -a "$dir/ten-7" "$w/dev"
	for f in "$w"/ra/spool/out/*.pki; do
		cmp-process -C "$w/dev" "$f" >/dev/null 2>&1 || :
	done
	[ "$(find "$w/dev/certs" -name '*.pem' | wc -l)" -eq 1 ] ||
	    fail "device 7 has no certificate"
	# Nothing waits any more, and the same again does nothing.
	rm -f "$w"/ra/spool/out/upstream/*.pki
	cp "$dir"/one-down/*.pki "$w/ra/spool/in/"
	again cmp-process -C "$w/ra" --flush
	has "$w/ra/spool/out/upstream"
	ten "$w/ra"
}
