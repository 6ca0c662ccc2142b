# cmp-tools.  GNU make.  Knobs: BUILD=release|debug|asan|cov, V=1, DEVELOPER=1.
#
#	make demo     install what is missing, build, and enrol a device
#	make check    the same set-up, then all tests
#	make build-all  only build, whatever is there
VERSION    := 0.1.0
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
BUILD      ?= release
O          := build/$(BUILD)

CPPFLAGS  += -Ilib -I. -I$(O)/gen -D_GNU_SOURCE -DVERSION='"$(VERSION)"'
WARN      := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
             -Wpointer-arith -Wwrite-strings -Wvla -Walloca -Wformat=2 \
             -Wformat-nonliteral -Wundef
CFLAGS    += -std=c11 $(WARN) $(if $(DEVELOPER),-Werror) -fno-common -MMD -MP
LDLIBS    += -lgnutls -lhogweed -lnettle -lgmp -ltasn1 -lsqlite3 -linotifytools

FLAVOUR_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
FLAVOUR_debug   := -O0 -g3
FLAVOUR_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
FLAVOUR_cov     := -O0 -g --coverage
LINK_release    := -pie -Wl,-z,relro,-z,now
CFLAGS    += $(FLAVOUR_$(BUILD))
LDFLAGS   += $(FLAVOUR_$(BUILD)) $(LINK_$(BUILD)) -Wl,--as-needed

# Debian 12.  What only tests need is apart, so that a user can do without.
DEPS       := gcc libc6-dev make libgnutls28-dev libtasn1-6-dev libtasn1-bin \
              nettle-dev libgmp-dev libsqlite3-dev libinotifytools0-dev openssl
TEST_DEPS  := bats mandoc shellcheck cppcheck jq sqlite3 perl

LIB_SRC   := $(wildcard lib/*/*.c)
SPOOL_SRC := $(wildcard spool/*.c)
TOOL_SRC  := $(filter-out tools/cmp-%,$(wildcard tools/*.c))
LIB_OBJ   := $(LIB_SRC:%.c=$(O)/%.o)
SPOOL_OBJ := $(SPOOL_SRC:%.c=$(O)/%.o)
TOOL_OBJ  := $(TOOL_SRC:%.c=$(O)/%.o)
TOOLS     := $(notdir $(basename $(wildcard tools/cmp-*.c)))
LIBS      := $(O)/libtools.a $(O)/libspool.a $(O)/libcmp.a
UNIT      := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/t_*.c))
FUZZ      := $(patsubst %.c,$(O)/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH     := $(patsubst %.c,$(O)/%,$(wildcard tests/bench/bench_*.c))
# The same programs with a clock and randomness that stand still.
FIXED     := $(TOOLS:%=$(O)/fixed/%)

# A sanitizer's own library has to be loaded before the fault injector.
PRELOAD   := $(if $(filter asan,$(BUILD)),$(shell $(CC) -print-file-name=libasan.so) )$(abspath $(O)/inject.so)
TEST_ENV  := BUILD_DIR=$(abspath $(O)) PRELOAD="$(PRELOAD)" SRC_DIR=$(CURDIR) \
             ASAN_OPTIONS=verify_asan_link_order=0:log_path=$(abspath $(O)/san) \
             UBSAN_OPTIONS=log_path=$(abspath $(O)/san)

Q := $(if $(V),,@)
say = @printf '  %-6s %s\n' $(1) $(2)

.PHONY: all deps test-deps demo check unit replay bats asan fuzz sweep bench \
    lint cov golden-update format install uninstall deb clean
.DELETE_ON_ERROR:
.SECONDARY:

all: deps
	@$(MAKE) --no-print-directory build-all
.PHONY: build-all
# Links in build/ name the programs of the flavour that was built last.
build-all: $(TOOLS:%=$(O)/%)
	@for t in $(TOOLS); do ln -sfn $(BUILD)/$$t build/$$t; done

# --- what has to be there

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
define need
	@command -v dpkg-query >/dev/null || { \
	    echo '  NOTE   no Debian: see README.md for what is needed'; exit 0; }; \
	missing=; for p in $(1); do \
	    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | \
	    grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "  APT   $$missing"; \
	    $(SUDO) apt-get -qq update && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
	    --no-install-recommends install $$missing >/dev/null; fi
endef
deps:
	$(call need,$(DEPS))
test-deps: deps
	$(call need,$(TEST_DEPS))

# --- programs

$(TOOLS:%=$(O)/%): $(O)/%: $(O)/tools/%.o $(LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(FIXED): $(O)/fixed/%: $(O)/tools/%.o $(O)/tests/fixed/fixed.o $(LIBS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/libcmp.a: $(LIB_OBJ)
$(O)/libspool.a: $(SPOOL_OBJ)
$(O)/libtools.a: $(TOOL_OBJ)
$(LIBS):
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# --- what is generated

# The numbered SQL files as an array of C strings, without their comments.
$(O)/gen/store_sql.h: $(sort $(wildcard schemas/store/*.sql))
	@mkdir -p $(@D)
	$(Q){ echo 'static const char *const store_sql[] = {'; \
	for f in $^; do sed -e '/^--/d' -e 's/[\\"]/\\&/g' \
	    -e 's/.*/"&\\n"/' $$f; echo ','; done; echo '};'; } > $@
$(O)/lib/store/store.o: $(O)/gen/store_sql.h

# asn1Parser takes one module a file and no IMPORTS: the fragments are joined.
$(O)/gen/cmp_asn1_tab.c: $(wildcard schemas/asn1/*.asn)
	@mkdir -p $(@D)
	$(call say,ASN1,$@)
	$(Q)cat $(sort $^) > $(@D)/cmp.asn
	$(Q)asn1Parser -n schema_table -o $@ $(@D)/cmp.asn >/dev/null
$(O)/lib/asn/schema.o: $(O)/gen/cmp_asn1_tab.c

# --- tests

$(UNIT) $(BENCH): $(O)/%: $(O)/%.o $(LIBS)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# bench_ir measures what the store takes by standing around its functions.
comma := ,
WRAPPED := begin commit savepoint release answer txn key serial_taken put
$(O)/tests/bench/bench_ir: LDFLAGS += $(WRAPPED:%=-Wl$(comma)--wrap=store_%)
$(FUZZ): $(O)/%: $(O)/%.o $(O)/tests/fuzz/replay.o $(LIBS)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# Not sanitized, not fortified: it is loaded into programs of every flavour.
$(O)/inject.so: tests/fault/inject.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O1 -g -shared -fPIC -o $@ $< -ldl

check: test-deps
	@$(MAKE) --no-print-directory build-all run-check
.PHONY: run-check
run-check: unit replay lint bats
unit: $(UNIT)
	@prove -q --exec '' $(UNIT)
replay: $(FUZZ)
	@set -e; for f in $(FUZZ); do $$f; done

# make fuzz T=msg TIME=60: what it learns stays in build/, what breaks goes to
# tests/fuzz/fuzz_msg.repro/.
FUZZ_DEPS    := clang libclang-rt-14-dev
FUZZ_DER     := der msg cert crl answer csr engine genm mac nest path template
FLAVOUR_fuzz := -O1 -g -fsanitize=address,undefined,fuzzer-no-link \
                -fno-sanitize-recover=all
fuzz: deps
	$(call need,$(FUZZ_DEPS))
	@test -f "tests/fuzz/fuzz_$(T).c" || { echo "make fuzz T=NAME, one of" \
	    $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)); \
	    exit 64; }
	@$(MAKE) --no-print-directory BUILD=fuzz CC=clang build/fuzz/fuzz_$(T)
	@mkdir -p build/fuzz/$(T).corpus
	build/fuzz/fuzz_$(T) -max_total_time=$(or $(TIME),60) -timeout=10 \
	    -max_len=$(or $(MAX),16384) -print_final_stats=1 \
	    -artifact_prefix=tests/fuzz/fuzz_$(T).repro/ build/fuzz/$(T).corpus \
	    tests/fuzz/fuzz_$(T).in tests/fuzz/fuzz_$(T).repro
build/fuzz/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o $(LIBS) \
    build/fuzz/tests/fuzz/mutate_der.o
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $(filter-out \
	    $(if $(filter $*,$(FUZZ_DER)),,%/mutate_der.o),$^) $(LDLIBS)
bats: $(TOOLS:%=$(O)/%) $(FIXED) $(O)/inject.so
	@$(TEST_ENV) sh tests/bats/run.sh $(if $(T),$(T),$(wildcard tests/bats/*.bats))
# Processes are killed, not the machine: memory will do, and is faster.
SWEEP_TMP := $(if $(wildcard /dev/shm/.),/dev/shm,$(O))
sweep: $(TOOLS:%=$(O)/%) $(O)/inject.so
	@d=$$(mktemp -d $(SWEEP_TMP)/cmp-sweep.XXXXXX) && \
	    trap 'rm -rf "$$d"' EXIT && $(TEST_ENV) sh -ec \
	    'sh tests/fault/sweep.sh "$$1/sweep" 1; \
	    sh tests/fault/mutate.sh "$$1/mutate"' sh "$$d"
lint: $(TOOLS:%=$(O)/%)
	@rc=0; for s in tests/lint/*.sh; do \
	    sh $$s $(O) || { echo "lint: $$s failed"; rc=1; }; done; exit $$rc

# The whole check but lint, with sanitizers.  What they say of a program that
# a bats test wants to fail is in files: there must be none.
asan: test-deps
	@rm -f build/asan/san.*
	@$(MAKE) --no-print-directory BUILD=asan unit replay bats
	@! cat build/asan/san.* 2>/dev/null

# What of the sources the tests have run, per directory.
cov: test-deps
	@rm -rf build/cov
	@$(MAKE) --no-print-directory BUILD=cov unit replay bats
	@find $(addprefix build/cov/,lib spool tools) -name '*.gcno' \
	    -exec gcov -n {} + 2>/dev/null | awk -f tests/cov.awk

# --- for everyday use

demo: deps
	@$(MAKE) --no-print-directory build-all
	@examples/enrol.sh

# Files that have changed, or F=FILES.
format:
	@f="$(or $(F),$$(git diff --name-only --diff-filter=d HEAD -- \
	    '*.[ch]'))"; [ -z "$$f" ] || clang-format -i $$f

# --- installation; as what the user is, into DESTDIR

MAN := $(wildcard tools/*.[1-8])
# a.1 -> DESTDIR/MANDIR/man1/a.1
man_to = $(DESTDIR)$(MANDIR)/man$(patsubst .%,%,$(suffix $(1)))/$(notdir $(1))

install: $(TOOLS:%=$(O)/%)
	install -d "$(DESTDIR)$(BINDIR)"
	install -m 755 $(TOOLS:%=$(O)/%) "$(DESTDIR)$(BINDIR)"
	$(foreach m,$(MAN),install -D -m 644 $(m) "$(call man_to,$(m))" &&) :
uninstall:
	rm -f $(foreach t,$(TOOLS),"$(DESTDIR)$(BINDIR)/$(t)") \
	    $(foreach m,$(MAN),"$(call man_to,$(m))")
	@# With DESTDIR the directories are ours as well, if they are empty.
	@[ -z "$(DESTDIR)" ] || [ ! -d "$(DESTDIR)" ] || { cd "$(DESTDIR)" && \
	    for d in $(BINDIR) $(sort $(patsubst %/,%,$(dir $(foreach m,$(MAN),$(MANDIR)/man$(patsubst .%,%,$(suffix $(m)))/x)))); do \
	    [ ! -d ".$$d" ] || rmdir -p --ignore-fail-on-non-empty \
	    "$${d#/}"; done; }

# A package for the Debian that it is built on, without a source package.
DEB      := build/deb
DEB_ARCH  = $(shell dpkg --print-architecture)
DEB_LIBS := libc6, libgnutls30, libhogweed6, libnettle8, libgmp10, \
            libtasn1-6, libsqlite3-0, libinotifytools0
deb: deps
	@rm -rf $(DEB)
	@$(MAKE) --no-print-directory -s BUILD=release install DESTDIR=$(CURDIR)/$(DEB) \
	    PREFIX=/usr BINDIR=/usr/bin MANDIR=/usr/share/man
	@cd $(DEB)/usr && strip bin/* && gzip -9n share/man/man*/*
	@install -D -m 644 LICENSE $(DEB)/usr/share/doc/cmp-tools/copyright
	@mkdir -p $(DEB)/lib/systemd/system $(DEB)/DEBIAN
	@sed 's,/usr/local/bin,/usr/bin,' examples/systemd/cmp-process@.service \
	    > $(DEB)/lib/systemd/system/cmp-process@.service
	@printf '%s\n' 'Package: cmp-tools' 'Version: $(VERSION)' \
	    'Architecture: $(DEB_ARCH)' 'Section: utils' 'Priority: optional' \
	    'Maintainer: cmp-tools <root@localhost>' 'Depends: $(DEB_LIBS)' \
	    'Description: offline tools for RFC 9483 (Lightweight CMP)' \
	    ' Enrolment of devices at a CA without a network, through files.' \
	    > $(DEB)/DEBIAN/control
	@dpkg-deb --root-owner-group --build $(DEB) \
	    build/cmp-tools_$(VERSION)_$(DEB_ARCH).deb

golden-update: $(FIXED)
	@$(TEST_ENV) sh tests/golden/make.sh tests/golden
	@git status --short tests/golden
bench: test-deps
	@$(MAKE) --no-print-directory build-all $(BENCH)
	@sh tests/bench/run.sh $(O)

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
