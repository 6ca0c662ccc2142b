#!/bin/sh
# A program and its page agree: every option of the option tables stands in
# the page and the other way round, the usage text and the SYNOPSIS name the
# same options, and mandoc has nothing to say.
set -eu
bad=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Options of the tables: $1 is "all" for both forms of those that have two,
# "one" for the short form of these.
table() {
	how=$1
	shift
	sed -n "s/.*{ \"\([a-z0-9-]*\)\", \('.'\|0\), OPT_.*/\1 \2/p" "$@" |
	while read -r name letter; do
		if [ "$letter" = 0 ] || [ "$how" = all ]; then
			echo "--$name"
		fi
		[ "$letter" = 0 ] || echo "$letter" | sed "s/'\(.\)'/-\1/"
	done
	printf '%s\n' --help --version
}

# Options that a page names: the arguments of Fl.
page() {
	sed -n 's/^\.//p' "$1" | awk '{
		flag = 0
		for (i = 1; i <= NF; i++) {
			if ($i == "Fl")
				flag = 1
			else if ($i ~ /^[A-Z][a-z]$/)
				flag = 0
			else if (flag && $i !~ /^[|,.:;()]$/)
				print "-" $i
		}
	}' | sort -u
}

# What stands in the text of usage[]: its first part, up to an empty line.
usage() {
	awk '/^static const char usage\[\] =/ { on = 1 }
	    on && /^"\\n"$/ { on = 0 }
	    on' "$@" | grep -oE '(^|[^[:alnum:]-])--?[a-zA-Z][a-z0-9-]*' |
	    sed 's/^[^-]*//' | sort -u
}

synopsis() {
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$1" > "$tmp/synopsis"
	page "$tmp/synopsis"
}

differ() {
	while read -r option; do
		echo "$1: $option $2"
		bad=1
	done
	return 0
}

for main in tools/cmp-*.c; do
	tool=$(basename "$main" .c)
	man=tools/$tool.1
	if [ ! -e "$man" ]; then
		echo "$main: has no $man"
		bad=1
		continue
	fi
	files=$main
	[ "$tool" != cmp-ca ] || files="$main $(echo tools/ca_*.c)"
	# shellcheck disable=SC2086
	table one $files | sort -u > "$tmp/table"
	# shellcheck disable=SC2086
	table all $files | sort -u > "$tmp/all"
	page "$man" > "$tmp/page"
	# shellcheck disable=SC2086
	usage $files | grep -vxE -e '--(help|version)' > "$tmp/usage" || :
	synopsis "$man" | grep -vxE -e '--(help|version)' > "$tmp/syn" || :
	comm -23 "$tmp/table" "$tmp/page" > "$tmp/1"
	comm -13 "$tmp/all" "$tmp/page" > "$tmp/2"
	comm -23 "$tmp/usage" "$tmp/syn" > "$tmp/3"
	comm -13 "$tmp/usage" "$tmp/syn" > "$tmp/4"
	differ "$man" 'is an option of the program and not in the page' < "$tmp/1"
	differ "$man" 'is in the page and no option of the program' < "$tmp/2"
	differ "$man" 'is in the usage text and not in SYNOPSIS' < "$tmp/3"
	differ "$man" 'is in SYNOPSIS and not in the usage text' < "$tmp/4"
done

# Pages of this toolkit that are not installed yet are no matter.
mandoc -Tlint -W warning tools/*.[0-9] > "$tmp/mandoc" || :
if grep -v 'referenced manual not found' "$tmp/mandoc"; then
	bad=1
fi
exit $bad
