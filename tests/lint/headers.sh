#!/bin/sh
# Every header compiles on its own, and has the guard its path says.
set -eu
bad=0
for h in lib/*/*.h spool/*.h tools/*.h; do
	name=${h#lib/}
	guard=$(echo "$name" | tr 'a-z/.-' 'A-Z___')
	grep -qx "#ifndef $guard" "$h" || {
		echo "$h: expected the guard $guard"
		bad=1
	}
	echo "#include \"$name\"" | ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall \
	    -Wextra -Werror -Ilib -I. -I"$1/gen" -x c -fsyntax-only - || {
		echo "$h: does not compile on its own"
		bad=1
	}
done
exit $bad
