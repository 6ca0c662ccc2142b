# The parts of sweep.sh on media and requests for others.  To be sourced by it.
# shellcheck shell=sh disable=SC2154

needs_media() {
	case $1 in
	export | import | behalf) ;;
	*) return 1 ;;
	esac
}

# In $dir: ra, an RA with two messages that wait to leave; medium, what has
# them; csrs, two requests of others.
prepare_media() {
	cmp-ca -C "$dir/ra" init --role ra --name "CN=RA,O=Example" \
	    --newkey ec:P-256
	cmp-ca -C "$dir/ra" trust add --upstream "$dir/base/ca/certs/ca.pem"
	cmp-ca -C "$dir/ra" trust add --forward "$dir/id/root.pem" --mode keep \
	    --subject 'CN=*,O=Example'
	cp "$dir"/base/stick-dev?/*.pki "$dir/ra/spool/in/"
	cmp-process -C "$dir/ra"
	cp -a "$dir/ra" "$dir/left"
	mkdir "$dir/medium" "$dir/csrs"
	cmp-spool -C "$dir/left" export "$dir/medium"
	for i in 1 2; do
		openssl req -new -key "$dir/id/dev$i.key" \
		    -subj "/O=Example/CN=web$i" -out "$dir/csrs/web$i.csr"
	done
}

# Each of the two messages is in one of the directories, as it was.
nothing_lost() {
	for f in "$dir"/medium/*.pki; do
		f=${f##*/}
		for d; do
			[ ! -e "$d/$f" ] || cmp -s "$d/$f" "$dir/medium/$f" ||
			    fail "$f in ${d#"$w"/} is not what it was"
		done
		for d; do
			[ ! -e "$d/$f" ] || continue 2
		done
		fail "$f is lost"
	done
}

# HOME has noted two digests.
two_noted() {
	[ "$(grep -cxE '[0-9a-f]{64}' "$1/state/imported") $(sort -u \
	    "$1/state/imported" | wc -l)" = "2 2" ] ||
	    fail "what is known: $(cat "$1/state/imported")"
}

part_export() {
	cp -a "$dir/ra" "$w/ra"
	mkdir "$w/stick"
	s=$w/ra/spool
	once cmp-spool -C "$w/ra" export "$w/stick" --label usb
	nothing_lost "$s/out/upstream" "$s/sent/upstream"
	# What has left is on the medium, and so is all that a list says.
	[ ! -e "$s/sent/upstream" ] || for f in "$s"/sent/upstream/*.pki; do
		[ ! -e "$f" ] || cmp -s "$f" "$w/stick/${f##*/}" ||
		    fail "${f##*/} has left, and is not there"
	done
	for f in "$w"/stick/MANIFEST-*; do
		[ ! -e "$f" ] || (cd "$w/stick" &&
		    sha256sum --quiet --strict -c "$f") >"$dir/text" 2>&1 ||
		    fail "${f##*/} lists what is not there"
	done
	again cmp-spool -C "$w/ra" export "$w/stick" --label usb
	nothing_lost "$s/sent/upstream"
	nothing_lost "$w/stick"
	has "$s/out/upstream"
	two_noted "$w/ra"
	no_temporary
	[ "$(cmp-spool -C "$w/ra" status --json |
	    grep -o '"medium":"usb"' | wc -l)" -eq 2 ] ||
	    fail "the medium is not known"
}

part_import() {
	cp -a "$dir/base/ca" "$w/ca"
	rm -f "$w"/ca/spool/in/*
	cp -a "$dir/medium" "$w/stick"
	s=$w/ca/spool
	once cmp-spool -C "$w/ca" import "$w/stick"
	for f in "$s"/in/*; do
		[ ! -e "$f" ] || cmp -s "$f" "$w/stick/${f##*/}" ||
		    fail "${f##*/} is not what it was"
	done
	again cmp-spool -C "$w/ca" import "$w/stick"
	nothing_lost "$s/in"
	[ "$(find "$s/in" -type f | wc -l)" -eq 2 ] || fail "more than came"
	has "$s/import"
	two_noted "$w/ca"
	no_temporary
	rmdir "$s/import"
	rm "$w/ca/state/imported"
	again cmp-process -C "$w/ca"
	issued "$w/ca" dev1 dev2
	again cmp-spool -C "$w/ca" import "$w/stick" --again
	again cmp-process -C "$w/ca"
	issued "$w/ca" dev1 dev2
}

# Whatever is written can be answered, and its certificate is taken.
part_behalf() {
	cp -a "$dir/base/ca" "$w/ca"
	cp -a "$dir/ra" "$w/ra"
	rm -f "$w"/ca/spool/in/*
	cmp-ca -C "$w/ca" trust add --enrol "$w/ra/certs/cmp.pem" --name ra \
	    --subject 'CN=*,O=Example' >"$dir/text" 2>&1
	for_others() {
		"$@" cmp-mkreq -C "$w/ra" p10cr --on-behalf \
		    --csr "$dir/csrs" --cert "$w/ra/certs/cmp.pem" \
		    --key "$w/ra/keys/cmp.key" -o "$w/stick/"
	}
	for_others once
	no_temporary "$w/ra"
	rm -rf "$w/stick/".tmp.*
	for f in "$w"/stick/*.pki; do
		[ ! -e "$f" ] || cp "$f" "$w/ca/spool/in/"
	done
	again cmp-process -C "$w/ca"
	for f in "$w"/ca/spool/out/*.pki; do
		[ ! -e "$f" ] || cp "$f" "$w/ra/spool/in/"
	done
	again cmp-process -C "$w/ra"
	[ "$(find "$w/ra/certs" -name 'web?-*.pem' | wc -l)" -eq \
	    "$(find "$w/stick" -name '[!.]*.pki' 2>/dev/null | wc -l)" ] ||
	    fail "not a certificate for each request"
	[ "$fault" = none ] || [ "$status" -eq 0 ] || for_others again
	has "$w/ra/keys" cmp.key
}
