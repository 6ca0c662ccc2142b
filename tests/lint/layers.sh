#!/bin/sh
# Who may include whom.  Nothing points upward; store stands beside the chain
# below role; a foreign library has one door.
set -eu
bad=0

# The directories that files of $1 may include from.
allowed() {
	case $1 in
	lib/base)	echo base ;;
	lib/asn)	echo base asn ;;
	lib/pki)	echo base asn pki ;;
	lib/msg)	echo base asn pki msg ;;
	lib/prot)	echo base asn pki msg prot ;;
	lib/txn)	echo base asn pki msg txn ;;
	lib/policy)	echo base asn pki msg prot txn policy schemas ;;
	lib/op)		echo base asn pki msg prot txn policy op ;;
	lib/store)	echo base txn store ;;
	lib/role)	echo base asn pki msg prot txn policy op store role ;;
	spool)		echo base spool ;;
	tools)		echo base asn pki msg prot txn policy op store role \
			    spool tools ;;
	*)		return 1 ;;
	esac
}

# $1 file, $2 included header, $3... patterns of the files that may.
door() {
	file=$1 header=$2
	shift 2
	for pattern; do
		# shellcheck disable=SC2254 # it is a pattern
		case $file in $pattern) return 0 ;; esac
	done
	echo "$file: includes <$header>; its only door is $*"
	bad=1
}

for f in lib/*/*.[ch] spool/*.[ch] tools/*.[ch]; do
	dir=${f%/*}
	if ! ok=$(allowed "$dir"); then
		echo "$f: $dir is no known layer"
		bad=1
		continue
	fi
	for inc in $(sed -n 's/^#[ \t]*include "\([^"]*\)".*/\1/p' "$f"); do
		case $inc in
		cmp_asn1_tab.c|store_sql.h)	continue ;;	# generated
		*/*)	;;
		*)	echo "$f: includes \"$inc\" without its directory"
			bad=1
			continue ;;
		esac
		case $inc in
		*_int.h|*_impl.h)	# not for other directories
			case lib/${inc%/*} in
			"$dir"|lib/"$dir")	;;
			*)	echo "$f: includes $inc, which is not for $dir"
				bad=1 ;;
			esac ;;
		esac
		case " $ok " in
		*" ${inc%%/*} "*)	;;
		*)	echo "$f: includes $inc, which $dir may not"
			bad=1 ;;
		esac
	done
	for inc in $(sed -n 's/^#[ \t]*include <\([^>]*\)>.*/\1/p' "$f"); do
		case $inc in
		gnutls/*)	door "$f" "$inc" 'lib/pki/*' ;;
		nettle/*)	door "$f" "$inc" 'lib/pki/*' 'lib/store/*' ;;
		gmp.h)		door "$f" "$inc" 'lib/policy/profile_key.c' ;;
		libtasn1.h)	door "$f" "$inc" 'lib/asn/schema.c' ;;
		sqlite3.h)	door "$f" "$inc" 'lib/store/*' ;;
		inotifytools/*)	door "$f" "$inc" 'spool/watch.c' ;;
		openssl/*)	door "$f" "$inc" nowhere ;;
		esac
	done
done
exit $bad
