#!/bin/sh
# A second opinion about the sources; what it says in vain is suppressed here
# (spool_list.c: the copy of the name is kept in the list).
set -eu
cppcheck -q --std=c11 --language=c --enable=warning,portability \
    --error-exitcode=1 --inline-suppr --max-configs=1 -j2 \
    -D_GNU_SOURCE -DVERSION='""' -Ilib -I. -I"$1/gen" \
    --suppress=missingInclude --suppress=missingIncludeSystem \
    --suppress=unknownMacro --suppress='*:*/gen/*' \
    --suppress=memleak:spool/spool_list.c \
    lib spool tools
