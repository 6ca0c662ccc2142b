# Ten requests in one file at the CA, in groups of four.  To be sourced by
# sweep.sh.
# shellcheck shell=sh disable=SC2034,SC2154

# In $dir: tens, a CA that the bundle waits at, and one.pki.
prepare_bundle() {
	for i in 0 1 2 3 4 5 6 7 8 9; do
		cmp-mkreq -C "$dir/ten$i" ir --subject "CN=m$i,O=Example" \
		    --newkey ec:P-256 --cert "$dir/id/dev1.pem" \
		    --key "$dir/id/dev1.key" \
		    --trust "$dir/base/ca/certs/ca.pem" -o "$dir/ten$i.pki"
	done
	cmp-nest batch --cert "$dir/id/dev2.pem" --key "$dir/id/dev2.key" \
	    "$dir"/ten?.pki -o "$dir/one.pki"
	cp -a "$dir/base/ca" "$dir/tens"
	rm -f "$dir"/tens/spool/in/*
	cmp-ca -C "$dir/tens" trust add --ra "$dir/id/dev2.pem"
	sed -i -e '/^\[ca\]/a group = 4' -e '/^\[spool\]/a max-size = 8k' \
	    "$dir/tens/cmp.conf"
	cp "$dir/one.pki" "$dir/tens/spool/in/"
}

part_bundle() {
	[ -e "$dir/tens" ] || prepare_bundle 2>"$dir/text" ||
	    fail "not prepared: $(cat "$dir/text")"
	cp -a "$dir/tens" "$w/ca"
	once cmp-process -C "$w/ca"
	[ "$status" -ne 0 ] || [ "$(find "$w/ca/spool/out" -name '[!.]*.pki' |
	    wc -l)" -eq 1 ] || fail "says all is done, and it is not"
	keep "$w/ca/spool/out"
	again cmp-process -C "$w/ca"
	kept "$w/ca/spool/out"
	set -- "$w"/ca/spool/out/*.pki
	spool_is "$w/ca" "${1##*/}" one.pki
	no_temporary
	issued "$w/ca" m0 m1 m2 m3 m4 m5 m6 m7 m8 m9
	cmp-nest split --trust "$w/ca/certs/ca.pem" "$1" -o "$w/back/" \
	    2>"$dir/text" || fail "split: $(cat "$dir/text")"
	[ "$(find "$w/back" -name '*-ip.pki' | wc -l)" -eq 10 ] ||
	    fail "not ten answers"
	id=$(cmp-inspect --json "$dir/ten3.pki" |
	    sed 's/.*"transactionID":"\(.\{16\}\).*/\1/;q')
	takes "$dir/ten3" "$w/back/$id"-*-ip.pki
	# The same again when the answer has been taken away.
	mv "$1" "$w/first"
	cp "$dir/one.pki" "$w/ca/spool/in/"
	again cmp-process -C "$w/ca"
	cmp -s "$w/first" "$1" || fail "the same bundle gets another answer"
	issued "$w/ca" m0 m1 m2 m3 m4 m5 m6 m7 m8 m9
}
