#!/usr/bin/env bats
# The exchange directory with everything that peers may drop there.
# shellcheck disable=SC2086,SC2154
load lib

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	for i in 1 2 3; do mkreq "dev$i" "ir$i.pki" 2>/dev/null; done
}

setup() {
	fresh
	in=ca/spool/in	# no blanks in it
	agent=
}

teardown() {
	[ -z "$agent" ] || kill -9 "$agent" 2>/dev/null || true
}

answers() {
	count ca/spool/out/*.pki
}

# until SECONDS COMMAND...
until_true() {
	local n=$(($1 * 20))
	shift

	while ! "$@"; do
		[ $((n--)) -gt 0 ] || return 1
		sleep 0.05
	done
}

has_answers() {
	[ "$(answers)" -ge "$1" ]
}

# follow: an agent in the background; stop: its end, with its status.
follow() {
	cmp-process -C ca --watch >agent.out 2>agent.log 3>&- &
	agent=$!
	until_true 5 grep -q following agent.log
}

stop() {
	local rc=0 pid=$agent

	kill -"${1:-TERM}" "$pid"
	wait "$pid" || rc=$?
	agent=
	[ "$rc" = 0 ]
}

@test "spool: nothing waiting is done at once, exit 0" {
	run -0 cmp-process -C ca
	[ -z "$output" ]
}

@test "spool: each request that waits is answered, in one run" {
	cp ir?.pki $in/
	run -0 --separate-stderr cmp-process -C ca
	[ -z "$output" ]
	[ "$(answers)" = 3 ]
	[ "$(count ca/spool/done/*)" = 3 ]
	[ "$(count $in/* ca/spool/work/* ca/spool/tmp/*)" = 0 ]
}

@test "spool: a name with newline, escape and quotes is answered, shown safely" {
	cp ir1.pki "$in/"$'a\n\e[31m"; touch PWNED; $(id)\'.pki'
	cp ir2.pki "$in/-rf.pki"
	cp ir3.pki "$in/%s%n.PKI"
	run -0 cmp-process -C ca
	[ "$(answers)" = 3 ]
	hasnt $'\e'
	[ "${#lines[@]}" = 3 ]
	[ ! -e PWNED ]
	[ ! -e ca/PWNED ]
	for f in ca/spool/out/*; do
		[[ ${f##*/} =~ ^[0-9a-f]{16}-2-ip\.pki$ ]]
	done
}

@test "spool: names of 255 bytes are answered or named bad" {
	long=$(printf 'x%.0s' $(seq 251))
	cp ir1.pki "$in/$long.pki"
	run -0 cmp-process -C ca
	[ "$(answers)" = 1 ]
	echo garbage-of-some-length >"$in/$long.pki"
	run -65 cmp-process -C ca
	[ "$(count ca/spool/bad/*.why)" = 1 ]
}

@test "spool: bytes that are no UTF-8 in a name do no harm" {
	cp ir1.pki "$in/"$'\xff\xfe.pki'
	run -0 cmp-process -C ca
	[ "$(answers)" = 1 ]
	[ "$(iconv -f utf-8 -t utf-8 <<<"$output")" = "$output" ]
}

@test "spool: links are left alone, what they point at is not read" {
	cp ir1.pki secret.pki
	ln -s "$PWD/secret.pki" $in/link.pki
	ln -s /dev/zero $in/zero.pki
	ln -s nowhere $in/dangling.pki
	ln -s . $in/loop.pki
	run cmp-process -C ca
	[ "$(answers)" = 0 ]
	for f in link zero dangling loop; do [ -L $in/$f.pki ]; done
	[ -f secret.pki ]
	has link.pki
}

@test "spool: FIFOs, directories and sockets are left alone" {
	mkfifo $in/fifo.pki
	mkdir $in/dir.pki
	perl -MIO::Socket::UNIX -e \
	    'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1)' \
	    $in/sock.pki || true
	cp ir1.pki $in/
	run timeout 10 cmp-process -C ca
	[ "$status" -lt 124 ]
	[ "$(answers)" = 1 ]
	[ -p $in/fifo.pki ]
	[ -d $in/dir.pki ]
	has fifo.pki
}

@test "spool: a file with a second hard link is left alone" {
	cp ir1.pki outside.pki
	ln outside.pki $in/hard.pki
	run cmp-process -C ca
	[ "$(answers)" = 0 ]
	[ -f $in/hard.pki ]
	rm outside.pki
	run -0 cmp-process -C ca
	[ "$(answers)" = 1 ]
}

@test "spool: foreign and hidden files are left alone" {
	for f in README .hidden.pki x.part y.tmp z.pki.part .tmp.a.pki; do
		cp ir1.pki "$in/$f"
	done
	run -0 cmp-process -C ca
	[ "$(answers)" = 0 ]
	[ "$(find $in -type f | wc -l)" = 6 ]
}

@test "spool: a partial file waits until it is complete" {
	head -c 200 ir1.pki >$in/a.pki
	: >$in/b.pki
	run -0 cmp-process -C ca
	has "2 files are not complete"
	[ "$(answers)" = 0 ]
	tail -c +201 ir1.pki >>$in/a.pki
	cat ir2.pki >$in/b.pki
	run -0 cmp-process -C ca
	[ "$(answers)" = 2 ]
	[ "$(count ca/spool/bad/*)" = 0 ]
}

@test "spool: a file that rests incomplete is bad after [spool] settle" {
	set_conf ca spool settle 1s
	head -c 200 ir1.pki >$in/a.pki
	run -0 cmp-process -C ca
	[ -f $in/a.pki ]
	sleep 2
	run -65 cmp-process -C ca
	[ -f ca/spool/bad/a.pki ]
	grep -q E_FILE_PARTIAL ca/spool/bad/a.pki.why
}

@test "spool: what cannot be read goes to bad/ with a one-line reason" {
	echo this is not a message at all >$in/text.pki
	openssl x509 -in idevid.pem -outform DER -out $in/cert.pki
	{ cat ir1.pki; echo x; } >$in/long.pki
	{ printf '\x30\x80'; head -c 100 /dev/zero; } >$in/indef.pki
	cp ir2.pki $in/
	run -65 cmp-process -C ca
	[ "$(answers)" = 1 ]
	for f in text cert long indef; do
		[ -f "ca/spool/bad/$f.pki" ]
		[ "$(wc -l <"ca/spool/bad/$f.pki.why")" = 1 ]
		grep -q '^E_[A-Z_]*: ' "ca/spool/bad/$f.pki.why"
	done
}

@test "spool: namesakes in bad/ and done/ are all kept" {
	for i in 1 2 3; do
		cp "ir$i.pki" $in/same.pki
		echo "garbage number $i" >$in/junk.pki
		run cmp-process -C ca
	done
	[ "$(count ca/spool/done/*)" = 3 ]
	[ "$(count ca/spool/bad/*.why)" = 3 ]
	[ "$(cat ca/spool/bad/*.pki | sort | xargs)" = \
	    "garbage number 1 garbage number 2 garbage number 3" ]
}

@test "spool: a file over max-size goes to bad/ unread (E_FILE_SIZE)" {
	set_conf ca spool max-size 4k
	{ printf '\x30\x83\x40\x00\x00'; truncate -s 4194304 /dev/stdout; } \
	    >$in/big.pki 2>/dev/null || truncate -s 5000000 $in/big.pki
	cp ir1.pki $in/
	run -65 cmp-process -C ca
	[ -f ca/spool/bad/big.pki ]
	grep -q E_FILE_SIZE ca/spool/bad/big.pki.why
	[ "$(answers)" = 1 ]
}

@test "spool: the same request by two names gets one answer, one certificate" {
	cp ir1.pki $in/a.pki
	cp ir1.pki $in/b.pki
	run -0 cmp-process -C ca
	cp ir1.pki $in/c.pki
	sum=$(cat ca/spool/out/* | sha256sum)
	run -0 cmp-process -C ca
	has repeated
	[ "$(answers)" = 1 ]
	[ "$(cat ca/spool/out/* | sha256sum)" = "$sum" ]
	[ "$(cmp-ca -C ca list | wc -l)" = 1 ]
}

@test "spool: an answer that was taken away comes again on request" {
	cp ir1.pki $in/
	cmp-process -C ca
	mv ca/spool/out/*.pki first.pki
	cmp-process -C ca
	[ "$(answers)" = 0 ]
	cp ir1.pki $in/
	cmp-process -C ca
	cmp first.pki ca/spool/out/*.pki
}

@test "spool: a foreign file in the place of an answer is not overwritten" {
	cp ir1.pki $in/
	id=$(reads ir1.pki .header.transactionID)
	echo mine >"ca/spool/out/${id:0:16}-2-ip.pki"
	run cmp-process -C ca
	[ "$status" -ge 64 ]
	has "${id:0:16}-2-ip.pki"
	[ "$(cat "ca/spool/out/${id:0:16}-2-ip.pki")" = mine ]
	rm ca/spool/out/*
	run -0 cmp-process -C ca
	cmp-process -C dev1 ca/spool/out/*
}

@test "spool: what a killed agent had claimed is done by the next" {
	cp ir1.pki ca/spool/work/
	run -0 cmp-process -C ca
	[ "$(answers)" = 1 ]
	[ "$(count ca/spool/work/*)" = 0 ]
}

@test "spool: -n changes nothing, with good, bad and partial files" {
	cp ir1.pki $in/
	echo garbage-garbage >$in/bad.pki
	head -c 100 ir2.pki >$in/part.pki
	cp ir3.pki ca/spool/work/
	before=$(state ca)
	run cmp-process -C ca -n
	has "would"
	has bad.pki
	[ "$(state ca)" = "$before" ]
	run -0 cmp-process -C ca -n -o out/ ir1.pki
	[ "$(state ca)" = "$before" ]
	[ ! -e out ]
}

@test "spool: two agents exclude each other (E_LOCKED, 75)" {
	follow
	run -75 cmp-process -C ca
	has E_LOCKED
	run -75 cmp-process -C ca --watch
	run -75 cmp-process -C ca -o out/ ir1.pki
	has E_LOCKED
	stop
	run -0 cmp-process -C ca
}

@test "spool: a lock of a dead agent is no lock" {
	follow
	kill -9 "$agent"
	wait "$agent" || true
	agent=
	cp ir1.pki $in/
	run -0 cmp-process -C ca
	[ "$(answers)" = 1 ]
}

@test "spool: --watch answers what waits and what comes later" {
	cp ir1.pki $in/
	follow
	until_true 5 has_answers 1
	cp ir2.pki $in/
	until_true 5 has_answers 2
	cp ir3.pki "$in/.tmp"
	mv "$in/.tmp" $in/late.pki
	until_true 5 has_answers 3
	stop
	[ ! -s agent.out ]
}

@test "spool: --watch sees files that come by link and from outside" {
	follow
	cp ir1.pki x.pki
	mv x.pki $in/
	until_true 5 has_answers 1
	cp ir2.pki $in/tmp.part
	ln $in/tmp.part $in/linked.pki
	rm $in/tmp.part
	until_true 5 has_answers 2
	stop
}

@test "spool: --watch takes a file that is written slowly" {
	follow
	for at in 0 300 600 900; do
		tail -c +$((at + 1)) ir1.pki | head -c 300 >>$in/slow.pki
		sleep 0.1
	done
	tail -c +1201 ir1.pki >>$in/slow.pki
	until_true 5 has_answers 1
	[ "$(count ca/spool/bad/*)" = 0 ]
	stop
}

@test "spool: --watch goes on after bad files and refusals, and ends with 0" {
	follow
	echo garbage-garbage >$in/bad.pki
	mkreq dev9 $in/no.pki --subject CN=x,O=Other
	until_true 5 test -f ca/spool/bad/bad.pki
	until_true 5 has_answers 1
	cp ir1.pki $in/
	until_true 5 has_answers 2
	stop INT
}

@test "spool: --watch waits while cmp.conf is wrong, and goes on when it is mended" {
	follow
	cp ca/cmp.conf good
	echo nonsense >>ca/cmp.conf
	cp ir1.pki $in/
	until_true 5 grep -q E_CONF agent.log
	sleep 1.5
	[ "$(grep -c E_CONF agent.log)" = 1 ]
	[ "$(answers)" = 0 ]
	cp good ca/cmp.conf
	until_true 5 has_answers 1
	stop
}

@test "spool: SIGTERM ends --watch at once and leaves nothing half done" {
	follow
	sleep 0.3
	t=$SECONDS
	stop
	[ $((SECONDS - t)) -le 2 ]
	[ "$(count ca/spool/work/* ca/spool/tmp/*)" = 0 ]
}

@test "spool: many files are answered, each once" {
	for i in 11 12 13 14 15 16 17 18; do
		mkreq many "$in/$i.pki" --subject "CN=n$i,O=Example" 2>/dev/null
	done
	set_conf ca ca group 3
	run -0 cmp-process -C ca
	[ "$(answers)" = 8 ]
	[ "$(cmp-ca -C ca list | sort -u | wc -l)" = 8 ]
	cmp-process -C many -o stick/ ca/spool/out/*
	[ "$(count many/certs/*)" = 8 ]
	run -0 cmp-ca -C ca check
}

@test "spool: a home without a spool exits 78 and says so (E_HOME)" {
	run -78 cmp-process -C dev1
	has E_HOME
	has spool/
	rm -r ca/spool/in
	run -78 cmp-process -C ca
	has E_HOME
	has in
}
