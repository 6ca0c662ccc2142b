#!/bin/sh
# foo.c and foo_bar.c export foo, foo_* only: a symbol's name says its file's
# family.  A file
# that is also the home of another type is listed with its prefix.
set -eu
for o in "$1"/lib/*/*.o "$1"/spool/*.o "$1"/tools/*.o; do
	case ${o##*/} in cmp-*) continue ;; esac
	[ -e "${o%.o}.d" ] || continue
	f=${o#"$1"/}
	f=${f%.o}.c
	[ -e "$f" ] || continue
	nm -g --defined-only "$o" | sed -n "s|^[0-9a-f]* [A-Z] |$f |p"
done | awk '
BEGIN {
	also["lib/asn/der_write.c"] = "derw"
	also["lib/base/buf.c"] = "slice"
	also["lib/policy/policy.c"] = "grant"
	also["lib/policy/profile.c"] = "wish"
	also["lib/prot/verify.c"] = "checked"
	also["lib/role/ee_install.c"] = "engine"
	also["lib/role/engine.c"] = "outcome"
}
$2 ~ /^_|gcov/ { next }
{
	module = $1
	sub(/.*\//, "", module)
	sub(/\.c$/, "", module)
	family = module
	sub(/_.*/, "", family)
	prefix = $2
	sub(/_.*/, "", prefix)
	if (index(" " also[$1] " ", " " prefix " "))
		next
	if ($2 != family && index($2, family "_") != 1) {
		print $1 ": exports " $2 ", expected " family "_*"
		bad = 1
	}
}
END { exit bad }'
