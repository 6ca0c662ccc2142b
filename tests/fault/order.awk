# Reads FAULT_LOG of a run, twice, and says which operation came before what
# it has to come after.
#
# A kill does not show a missing fsync, for what was written stays in the
# page cache.  Only the order does.
#
#	want=a,b	also say if one of these never happened:
#			answer done commit key cert conf bad return
#			file root crl

function dir(path) {
	return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : "."
}
function base(path) { sub(/.*\//, "", path); return path }
function wrong(text) { printf "%s: %s\n", $0, text; bad = 1 }

# The patterns are strings: awk would match a /regex/ against the line.
function any(set, pattern,   k) {
	for (k in set)
		if (k ~ pattern)
			return k
	return ""
}

# May the file or the name be lost?  Those that nobody needs after a crash.
function transient(path) {
	return path ~ /(^|\/)state\/(lock|cmp\.db-(shm|wal|journal))$/ ||
	    base(path) ~ /^\.tmp\./
}

# A name appeared in, or went from, a directory.
function entry(path) {
	if (!transient(path))
		unsynced_dir[dir(path)] = 1
}

function wal_is_safe(what,   k) {
	if ((k = any(unsynced, "cmp[.]db-wal$")) != "")
		wrong(what " before " k " is synced")
	if ((k = any(unsynced_dir, "state$")) != "" ||
	    (wrote_wal && (k = any(unsynced_wal, "state$")) != ""))
		wrong(what " before " k "/ is synced")
	if (want ~ /commit/ && !("commit" in had))
		wrong(what " before anything is committed")
}

# ${from} gets the name ${to}.
function appears(from, to,   k) {
	if (from in unsynced)
		wrong(from " gets its name before it is synced")
	entry(to)
	if (to ~ /\.pki$/ && base(from) ~ /^\.tmp\./) {
		wal_is_safe("message is visible")
		if ((k = any(unsynced_dir, "(^|/)certs$")) != "")
			wrong("message is visible before " k "/ is synced")
		had[to ~ /-certconf\.pki$/ ? "conf" : "answer"] = 1
		if (to ~ /spool\/out\//)
			undelivered[to] = 1
	}
	if (to ~ /(^|\/)keys\/[^\/]*$/)
		had["key"] = 1
	if (to ~ /(^|\/)dev[^\/]*\/certs\/[^\/]*$/) {
		wal_is_safe("certificate is installed")
		had["cert"] = 1
	}
	# What a general message has brought.
	if (to ~ /^owner\/(certs\/cacerts|crls\/|template\/|trust\/staged\/)/) {
		wal_is_safe("file is installed")
		had["file"] = 1
	}
	if (to ~ /^owner\/trust\/[^\/]*$/)
		had["root"] = 1
	if (to ~ /certs\/ca\.crl$/) {
		wal_is_safe("CRL is visible")
		had["crl"] = 1
	}
	if (from ~ /spool\/work\//) {
		if (to ~ /spool\/done\//) {
			if ((k = any(unsynced_dir, "spool/out$")) != "")
				wrong("request is done before " k "/ is synced")
			wal_is_safe("request is done")
			had["done"] = 1
		} else if (to ~ /spool\/bad\//) {
			if (!((to ".why") in exists))
				wrong("is in bad/ before its reason")
			had["bad"] = 1
		} else if (to ~ /spool\/in\//) {
			had["return"] = 1
		}
	}
	exists[to] = 1
}

NR == FNR { if ($2 == "failed") failed[$1] = 1; next }
$1 in failed { next }
{ name = $2; a = $3; b = $5 }

name ~ /^(open|openat)(64)?$/ {
	if (base(a) ~ /^\.tmp\./)
		unsynced[a] = 1
	entry(a)
	if (a ~ /cmp\.db-/ && dir(a) in unsynced_dir)
		wrong("store is used before its name is synced")
	if (a ~ /cmp\.db-wal$/)
		unsynced_wal[dir(a)] = 1
}
name ~ /^(p?write(64)?|ftruncate(64)?|fallocate(64)?)$/ {
	if (a ~ /cmp\.db-wal$/) {
		wrote_wal = 1
		if ((k = any(unsynced_dir, "(^|/)(keys|spool/out)$")) != "")
			wrong("commits before " k "/ is synced")
		if ((k = any(unsynced, "(^|/)keys/")) != "")
			wrong("commits before " k " is synced")
	}
	if (a !~ /state\/(lock|cmp\.db-shm)$/)
		unsynced[a] = 1
}
name ~ /^(fsync|fdatasync)$/ {
	if (a ~ /cmp\.db-wal$/ && a in unsynced)
		had["commit"] = 1
	delete unsynced[a]
	delete unsynced_dir[a]
	delete unsynced_wal[a]
}
name ~ /^mkdir/ { unsynced_dir[dir(a)] = 1 }
name ~ /^rename/ {
	appears(a, b)
	delete unsynced[a]
	# A claim may be undone by a crash.
	if (b ~ /spool\/work\//)
		delete unsynced_dir[dir(b)]
	else
		entry(a)
}
name ~ /^link/ {
	appears(a, b)
	linked[a] = b
}
name ~ /^unlink/ {
	if (a in linked && base(a) !~ /^\.tmp\./ && dir(linked[a]) in unsynced_dir)
		wrong("goes before its new name in " dir(linked[a]) "/ is synced")
	if (a !~ /cmp\.db-/ && a !~ /spool\/in\//)
		entry(a)
	delete unsynced[a]
}
END {
	for (k in unsynced)
		if (!transient(k)) {
			printf "end: %s is not synced\n", k
			bad = 1
		}
	for (k in unsynced_dir) {
		printf "end: directory %s is not synced\n", k
		bad = 1
	}
	n = split(want, w, ",")
	for (i = 1; i <= n; i++)
		if (!(w[i] in had)) {
			printf "end: no %s was seen\n", w[i]
			bad = 1
		}
	exit bad
}
