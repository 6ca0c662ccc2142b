#!/usr/bin/env bats
# Channels: ways that messages come by, each with its limits and directories.
# shellcheck disable=SC2086,SC2154
load lib

setup_file() {
	prepared
	cd "$BATS_FILE_TMPDIR/base" || return 1
	printf '%s\n' '[channel mail]' 'time-past = 1h' '[channel usb]' \
	    >>ca/cmp.conf
	for i in 1 2 3; do mkreq "dev$i" "ir$i.pki" 2>/dev/null; done
}

setup() {
	fresh
	in=ca/spool/in
	out=ca/spool/out
	agent=
}

teardown() {
	[ -z "$agent" ] || kill -9 "$agent" 2>/dev/null || true
}

# at SECONDS: the programs that follow run so much later than now.
at() {
	PATH=$BUILD_DIR/fixed:$PATH
	FIXED_CLOCK=$(($(date +%s) + $1))
	export FIXED_CLOCK
}

files() {
	find "$@" -name '*.pki' -type f | wc -l
}

until_true() {
	local n=$(($1 * 20))
	shift

	while ! "$@"; do
		[ $((n--)) -gt 0 ] || return 1
		sleep 0.05
	done
}

has_files() {
	[ "$(files "$2")" -ge "$1" ]
}

follow() {
	cmp-process -C ca --watch >agent.out 2>agent.log 3>&- &
	agent=$!
	until_true 5 grep -q following agent.log
}

@test "channel: its directories are made when it is configured, and not by -n" {
	before=$(state ca)
	cmp-process -C ca -n
	[ "$(state ca)" = "$before" ]
	cmp-process -C ca
	for d in mail usb; do
		[ "$(stat -c %a $in/$d $out/$d ca/spool/work/$d | xargs)" = \
		    "770 770 700" ]
	done
}

@test "channel: the answer goes to the channel that the request came by" {
	cmp-process -C ca
	cp ir1.pki $in/
	cp ir2.pki $in/mail/
	cp ir3.pki $in/usb/x.pki
	run -0 cmp-process -C ca
	has "usb/x.pki: answered"
	[ "$(files $out -maxdepth 1)" = 1 ]
	[ "$(files $out/mail)" = 1 ]
	[ "$(files $out/usb)" = 1 ]
	[ "$(files ca/spool/done)" = 3 ]
	[ "$(files $in ca/spool/work)" = 0 ]
	cmp-process -C dev2 $out/mail/*.pki
}

@test "channel: the same request by another channel has the same bytes delivered there, one certificate" {
	cmp-process -C ca
	cp ir1.pki $in/usb/
	cmp-process -C ca
	mv $out/usb/*.pki first.pki
	cp ir1.pki $in/mail/
	cp ir1.pki $in/
	run -0 cmp-process -C ca
	has repeated
	[ "$(files $out/usb)" = 0 ]
	cmp first.pki $out/mail/*.pki
	cmp first.pki $out/*-ip.pki
	[ "$(cmp-ca -C ca list | wc -l)" = 1 ]
}

@test "channel: the same request by two channels at once has one answer in both, one certificate" {
	cmp-process -C ca
	cp ir1.pki $in/usb/
	cp ir1.pki $in/mail/
	cmp-process -C ca
	cmp $out/usb/*.pki $out/mail/*.pki
	[ "$(cmp-ca -C ca list | wc -l)" = 1 ]
}

@test "channel: namesakes by two channels are two messages" {
	cmp-process -C ca
	cp ir1.pki $in/same.pki
	cp ir2.pki $in/usb/same.pki
	cp ir3.pki $in/mail/same.pki
	cmp-process -C ca
	[ "$(files $out)" = 3 ]
	[ "$(files ca/spool/done)" = 3 ]
}

@test "channel: too old by one is fine by another (E_MESSAGE_TIME)" {
	cmp-process -C ca
	at 7200
	cp ir1.pki $in/mail/
	run -1 cmp-process -C ca
	has E_MESSAGE_TIME
	[ "$(files $out/mail)" = 1 ]
	rm $out/mail/*
	[ "$(cmp-ca -C ca list | wc -l)" = 0 ]

	cp ir1.pki $in/usb/
	run -0 cmp-process -C ca
	has answered
	# And now it has its answer by any channel.
	cp ir1.pki $in/mail/
	run -0 cmp-process -C ca
	has repeated
	cmp $out/usb/*.pki $out/mail/*-ip.pki
}

@test "channel: time-future is its own too (E_MESSAGE_TIME)" {
	set_conf ca 'channel usb' time-future 3h
	cmp-process -C ca
	at 7200
	mkreq dev7 late.pki 2>/dev/null
	at 0
	cp late.pki $in/mail/
	run -1 cmp-process -C ca
	has E_MESSAGE_TIME
	cp late.pki $in/usb/
	run -0 cmp-process -C ca
}

@test "channel: --channel judges FILEs and standard input by its limits" {
	at 7200
	run -1 cmp-process -C ca -o a/ --channel mail ir1.pki
	has E_MESSAGE_TIME
	run -1 --separate-stderr cmp-process -C ca -o - --channel mail - <ir2.pki
	[[ $stderr == *E_MESSAGE_TIME* ]]
	run -0 cmp-process -C ca -o a/ --channel usb ir1.pki
	run -0 cmp-process -C ca -o b/ ir2.pki
}

@test "channel: --channel of no name in cmp.conf is refused (E_CONF), and so is one without FILE" {
	run -78 cmp-process -C ca -o a/ --channel ../mail ir1.pki
	has E_CONF
	run -78 cmp-process -C ca -o a/ --channel nobody ir1.pki
	has "[channel nobody]"
	[ ! -e a ] || [ "$(files a)" = 0 ]
	run -64 cmp-process -C ca --channel mail
}

@test "channel: a name that is none of a directory is refused (E_CONF)" {
	cp ca/cmp.conf good
	for name in .. . .hidden a/b ../x x.pki X.PKI 'a b' ''; do
		{ cat good; echo "[channel $name]"; } >ca/cmp.conf
		run -78 cmp-process -C ca
		has E_CONF
	done
	{ cat good; echo "[channel usb]"; } >ca/cmp.conf
	run -78 cmp-process -C ca
	has "is there already"
	{ cat good; for i in $(seq 63); do echo "[channel c$i]"; done
	} >ca/cmp.conf
	run -78 cmp-process -C ca
	has "at most 64"
}

@test "channel: a symbolic link in the place of its directory is not followed (E_FILE_TYPE)" {
	mkdir -p elsewhere
	cp ir1.pki elsewhere/
	ln -s "$PWD/elsewhere" $in/usb
	cp ir2.pki $in/
	run -65 cmp-process -C ca
	has in/usb
	[ "$(files $out)" = 1 ]
	[ -f elsewhere/ir1.pki ]
	[ -L $in/usb ]
}

@test "channel: an answer is not written through a link in out/, it waits (E_HOME)" {
	mkdir -p elsewhere
	ln -s "$PWD/elsewhere" $out/usb
	cmp-process -C ca
	cp ir1.pki $in/usb/
	cp ir2.pki $in/mail/
	run -78 cmp-process -C ca
	has E_HOME
	[ "$(files elsewhere)" = 0 ]
	[ "$(files $out/mail)" = 1 ]
	rm $out/usb
	cmp-process -C ca
	[ "$(files $out/usb)" = 1 ]
}

@test "channel: a repeated request waits while the directory of its answer is not there (E_HOME)" {
	cmp-process -C ca
	cp ir1.pki $in/
	cmp-process -C ca
	rmdir $out/usb
	ln -s "$PWD" $out/usb
	cp ir1.pki $in/usb/
	run -78 cmp-process -C ca
	has E_HOME
	[ -f $in/usb/ir1.pki ]
	rm $out/usb
	run -0 cmp-process -C ca
	cmp $out/usb/*.pki $out/*-ip.pki
	[ "$(files $in)" = 0 ]
}

@test "channel: a directory that is no channel is ignored, with one line" {
	mkdir $in/other
	cp ir1.pki $in/other/
	cp ir2.pki $in/
	run -0 cmp-process -C ca
	[ "$(grep -c other <<<"$output")" = 1 ]
	[ -f $in/other/ir1.pki ]
	[ "$(files $out)" = 1 ]
}

@test "channel: what was claimed when its channel was taken away is kept for it" {
	cmp-process -C ca
	cp ir1.pki ca/spool/work/usb/
	cp ca/cmp.conf good
	sed -i '/channel usb/d' ca/cmp.conf
	run -0 cmp-process -C ca
	has work/usb
	[ -f ca/spool/work/usb/ir1.pki ]
	[ ! -e ca/spool/work/mail ] || [ -d ca/spool/work/mail ]
	mv good ca/cmp.conf
	run -0 cmp-process -C ca
	[ "$(files $out/usb)" = 1 ]
}

@test "channel: a directory on another file system is left alone, the others go on" {
	[ -d /dev/shm ] && [ "$(stat -c %d /dev/shm)" != "$(stat -c %d .)" ] ||
	    skip "no second file system"
	cmp-process -C ca
	mount --bind /dev/shm $in/usb 2>/dev/null || skip "cannot mount"
	cp ir2.pki $in/mail/
	run cmp-process -C ca
	umount $in/usb
	[ "$status" = 65 ]
	has "another file system"
	[ "$(files $out/mail)" = 1 ]
}

@test "channel: bad files go to bad/, partial ones wait, in a channel as well" {
	cmp-process -C ca
	echo garbage-garbage >$in/usb/bad.pki
	head -c 200 ir1.pki >$in/mail/part.pki
	ln -s /etc/passwd $in/mail/link.pki
	run -65 cmp-process -C ca
	has usb/bad.pki
	has mail/link.pki
	has "1 files are not complete"
	[ -f ca/spool/bad/bad.pki.why ]
	tail -c +201 ir1.pki >>$in/mail/part.pki
	run cmp-process -C ca
	[ "$(files $out/mail)" = 1 ]
}

@test "channel: a full one does not hold up another" {
	set_conf ca ca group 2
	cmp-process -C ca
	for i in $(seq 60); do cp ir1.pki $in/usb/$i.pki; done
	sleep 0.1
	cp ir2.pki $in/mail/
	run -0 cmp-process -C ca
	[[ ${lines[0]}${lines[1]}${lines[2]} == *mail/ir2.pki* ]]
	[ "$(files ca/spool/done)" = 61 ]
}

@test "channel: --watch hears each directory, and a channel that is added" {
	set_conf ca spool poll 60s
	follow
	cp ir1.pki $in/usb/
	until_true 5 has_files 1 $out/usb
	cp ir2.pki $in/mail/
	until_true 5 has_files 1 $out/mail
	echo '[channel new]' >>ca/cmp.conf
	cp ir1.pki $in/usb/wake.pki
	until_true 5 test -d $in/new
	cp ir3.pki $in/new/
	until_true 5 has_files 1 $out/new
	kill "$agent"
	wait "$agent"
	agent=
}

@test "channel: -n shows all of all channels, and changes nothing" {
	cmp-process -C ca
	set_conf ca ca group 2
	for i in 1 2 3 4 5; do
		mkreq many "$in/usb/$i.pki" --subject "CN=n$i,O=Example"
	done 2>/dev/null
	cp ir1.pki $in/mail/
	cp ir1.pki $in/again.pki
	before=$(state ca)
	run -0 cmp-process -C ca -n
	[ "$(grep -c '^cmp-process: would: ' <<<"$output")" = 7 ]
	[ "$(grep -c repeated <<<"$output")" = 1 ]
	[ "$(state ca)" = "$before" ]
}

# junk N DIR: that many requests with a transactionID that nobody signed.
junk() {
	perl -e 'my ($n, $id, $dir) = @ARGV; local $/; open F, "<ir1.pki";
	    binmode F; my $m = <F>; $id = pack "H*", $id;
	    for my $i (1 .. $n) { my $j = $m; my $new = pack "N4", $i, 7, 7, 7;
	    $j =~ s/\Q$id\E/$new/s or die;
	    open G, ">$dir/j$i.pki"; binmode G; print G $j; close G }' \
	    "$1" "$(reads ir1.pki .header.transactionID)" "$2"
}

@test "store: messages that are not verified do not fill it, those that are stay" {
	cp ir2.pki $in/
	cmp-process -C ca
	mv $out/*.pki first.pki
	junk 1100 $in
	run cmp-process -C ca
	has E_PROT_SIG
	[ "$(files $out)" = 1100 ]
	db() { sqlite3 ca/state/cmp.db "$1"; }
	[ "$(db 'SELECT count(*) FROM outbox')" = 1001 ]
	[ "$(db 'SELECT count(*) FROM unverified')" = 1000 ]
	[ "$(db 'SELECT count(*) FROM seen')" = 1 ]
	[ "$(db 'SELECT count(*) FROM audit')" = 2 ]
	rm $out/*.pki
	cp ca/spool/done/j1100.pki ir2.pki $in/
	run cmp-process -C ca
	[ "$(grep -c repeated <<<"$output")" = 2 ]
	cmp first.pki $out/*-ip.pki
	run -0 cmp-ca -C ca check
}

# What is in the store $1, in one of version $2: as that version would have it.
old_store() {
	local new=$1 version=$2 t cols
	for f in "$SRC_DIR"/schemas/store/*.sql; do
		n=${f##*/}
		[ "$((10#${n%%-*}))" -le "$version" ] || continue
		sqlite3 old.db <"$f"
	done
	sqlite3 old.db "PRAGMA user_version = $version;
	    PRAGMA application_id = $(sqlite3 "$new" 'PRAGMA application_id')"
	for t in $(sqlite3 old.db "SELECT name FROM sqlite_master
	    WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"); do
		cols=$(sqlite3 old.db "SELECT group_concat(name)
		    FROM pragma_table_info('$t')")
		sqlite3 old.db "ATTACH '$new' AS new;
		    INSERT INTO $t ($cols) SELECT $cols FROM new.$t"
	done
	rm -f "$new"*
	mv old.db "$new"
}

@test "store: one of the format before is brought to the new one, and knows what it answered" {
	cp ir1.pki $in/
	cmp-process -C ca
	mv $out/*.pki first.pki
	old_store ca/state/cmp.db 5
	cp ir1.pki $in/
	run -0 cmp-process -C ca
	has repeated
	cmp first.pki $out/*.pki
	run -0 cmp-ca -C ca check
}
