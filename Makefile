# The C library: make, make install. Needs cargo, cc and binutils.
#
#     make install PREFIX=/usr/local          header, static and shared library, pkg-config and CMake files; once `make` has run,
#                                             without cargo. make uninstall removes them
#     make DESTDIR=…                          for packagers: install below another root
#     make CARGO_BUILD_TARGET=TARGET CC=… LD=… AR=… OBJCOPY=…    for another machine, with its tools (.ci/aarch64)
#     make STD=1                              with Rust's standard library in it ("Link" in README.md says what for)
#     make PROCESSES=1                        the same, with pools of processes (jobring_processes.h)
#     make static, make shared                one of the two libraries
#     make tsan                               target/clib/libjobring_tsan.a, for programs built with -fsanitize=thread
#     make doc, make install-doc              the manual in HTML, made from the headers by doxygen
#     make dist                               a source archive, with all that `make` needs from crates.io
#
# To hack on the library use cargo; `make check` runs what a change must not break, in a minute (CONTRIBUTING.md);
# `make -C c-examples run` builds and runs the examples.

PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DOCDIR     ?= $(PREFIX)/share/doc/jobring
CARGO      ?= cargo
LD         ?= ld
OBJCOPY    ?= objcopy
READELF    ?= readelf
STD        ?=
PROCESSES  ?=
ifneq ($(PROCESSES),)
override STD := 1
endif
# Where cargo builds, and where the libraries come to lie.
ifdef OUTDIR
CARGO_TARGET_DIR ?= $(OUTDIR)/cargo
endif
CARGO_TARGET_DIR ?= target
OUTDIR     ?= $(CARGO_TARGET_DIR)/clib

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The ABI version is the shared library's, and with it in the name that programs ask for.
ABI     := $(shell sed -n 's/^\#define JOBRING_ABI_VERSION //p' include/jobring.h)
SONAME  := libjobring.so.$(ABI)
SYMBOLS := $(OUTDIR)/symbols
HEADERS := $(wildcard include/*.h include/*.hpp)
DOCS    := README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT
# README links to them in this folder.
PAGES   := $(wildcard docs/*.md)
# What a program links besides the static library.
LIBS    := -lpthread$(if $(STD), -ldl -lm)

# Absolute, also where they are given relative to here.
absolute    = $(if $(filter /%,$(firstword $(1))),$(1),$(CURDIR)/$(1))
prefix     := $(call absolute,$(PREFIX))
libdir     := $(call absolute,$(LIBDIR))
includedir := $(call absolute,$(INCLUDEDIR))
docdir     := $(call absolute,$(DOCDIR))
empty      :=
space      := $(empty) $(empty)

all: static shared
static: $(OUTDIR)/libjobring.a
shared: $(OUTDIR)/$(SONAME)

$(SYMBOLS): include/jobring.symbols
	@mkdir -p $(OUTDIR)
	cut -d ' ' -f 1 $< >$@

# Is new when the library is to be built in another way than the last time.
WAY     := STD=$(STD) PROCESSES=$(PROCESSES) TSAN=$(TSAN) CARGO_BUILD_TARGET=$(CARGO_BUILD_TARGET)
$(OUTDIR)/way: FORCE
	@mkdir -p $(OUTDIR)
	@echo "$(WAY)" | cmp -s - $@ || echo "$(WAY)" >$@

# One object, of which only jobring's own names can be seen: so that it links beside other Rust archives. Built only if a file is
# newer, so that `make install` works for root, who may have no cargo.
SOURCES := $(shell find src/ packaging/clib/ -name vendor -prune -o -type f -print) Cargo.toml
$(OUTDIR)/jobring.o: $(SYMBOLS) $(OUTDIR)/way $(SOURCES)
	@command -v $(firstword $(CARGO)) >/dev/null || { echo "The library is not built in this way yet, and there is no $(CARGO)" \
	    "in PATH. Run make first, as a user who has it, with the same variables."; exit 1; }
	cd packaging/clib && $(if $(STD),CARGO_PROFILE_RELEASE_PANIC=unwind) $(if $(TSAN),RUSTFLAGS="$$RUSTFLAGS --cfg jobring_announced") $(CARGO) build --release --locked \
	    --target-dir $(call absolute,$(CARGO_TARGET_DIR)) $(if $(PROCESSES),--features processes,$(if $(STD),--features std))
	$(LD) -r --gc-sections --force-group-allocation $$(sed 's/^/-u /' $(SYMBOLS)) -o $(OUTDIR)/all.o \
	    $(CARGO_TARGET_DIR)/$(CARGO_BUILD_TARGET)/release/libjobring_clib.a
	$(OBJCOPY) -g -R .llvmbc -R .llvmcmd --keep-global-symbols=$(SYMBOLS) $(OUTDIR)/all.o $@
	rm -f $(OUTDIR)/all.o

$(OUTDIR)/libjobring.a: $(OUTDIR)/jobring.o
	rm -f $@
	$(AR) rcs $@ $<

$(OUTDIR)/$(SONAME): $(OUTDIR)/jobring.o
	$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs $(LDFLAGS) -o $@ $< $(LIBS)
	$(OBJCOPY) --strip-unneeded $@

# The static library for programs that ThreadSanitizer watches: it calls the sanitizer's runtime at each atomic operation, so it links
# nowhere else (docs/thread-sanitizer.md). Never with std, whose locks make no such calls.
tsan:
	$(MAKE) static TSAN=1 STD= PROCESSES= CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/tsan OUTDIR=$(OUTDIR)/tsan
	cp $(OUTDIR)/tsan/libjobring.a $(OUTDIR)/libjobring_tsan.a

# The files by which others find the library: packaging/, filled in. A .pc file names folders below the prefix relative to it,
# so that another prefix can be given (pkg-config --define-prefix).
FILL = sed -e 's|@PREFIX@|$(prefix)|; s|@LIBDIR@|$(libdir)|g; s|@INCLUDEDIR@|$(includedir)|g; s|@SONAME@|$(SONAME)|g' \
    -e 's|@VERSION@|$(VERSION)|; s|@MAJOR@|$(word 1,$(subst ., ,$(VERSION)))|g; s|@MINOR@|$(word 2,$(subst ., ,$(VERSION)))|g'
PC    := $(DESTDIR)$(libdir)/pkgconfig/jobring.pc
CMAKE := $(DESTDIR)$(libdir)/cmake/jobring

install: all
	install -d "$(DESTDIR)$(includedir)" "$(DESTDIR)$(libdir)/pkgconfig" "$(CMAKE)" "$(DESTDIR)$(docdir)"
	install -m 644 $(HEADERS) "$(DESTDIR)$(includedir)/"
	install -m 644 $(OUTDIR)/libjobring.a "$(DESTDIR)$(libdir)/"
	install -m 755 $(OUTDIR)/$(SONAME) "$(DESTDIR)$(libdir)/"
	ln -sf $(SONAME) "$(DESTDIR)$(libdir)/libjobring.so"
	install -d "$(DESTDIR)$(docdir)/docs"
	install -m 644 $(DOCS) "$(DESTDIR)$(docdir)/"
	install -m 644 $(PAGES) "$(DESTDIR)$(docdir)/docs/"
	$(FILL) -e 's|@LIBS@|$(LIBS)|; s|=$(prefix)/|=$${prefix}/|' packaging/jobring.pc.in >"$(PC)"
	$(FILL) -e 's|@LIBS@|$(subst $(space),;,$(LIBS))|' packaging/jobring-config.cmake.in >"$(CMAKE)/jobring-config.cmake"
	bits=$$($(READELF) -h $(OUTDIR)/$(SONAME) | sed -n 's/^ *Class: *ELF//p') && $(FILL) -e "s|@POINTER_BYTES@|$$((bits / 8))|g" \
	    packaging/jobring-config-version.cmake.in >"$(CMAKE)/jobring-config-version.cmake"
	chmod 644 "$(PC)" "$(CMAKE)"/*.cmake

# doxygen, since the comments of the headers are in its form, in C and in C++.
doc: $(OUTDIR)/html/index.html
$(OUTDIR)/html/index.html: $(HEADERS) packaging/Doxyfile packaging/manual.awk Cargo.toml
	rm -rf $(OUTDIR)/html
	mkdir -p $(OUTDIR)
	(cat packaging/Doxyfile; echo "PROJECT_NUMBER = $(VERSION)"; echo "INPUT = $(HEADERS)"; echo "OUTPUT_DIRECTORY = $(OUTDIR)") | \
	    doxygen -

install-doc: doc
	install -d "$(DESTDIR)$(docdir)/html/search"
	install -m 644 $(OUTDIR)/html/*.* "$(DESTDIR)$(docdir)/html/"
	install -m 644 $(OUTDIR)/html/search/* "$(DESTDIR)$(docdir)/html/search/"

# What install puts there, and the folders that are only jobring's.
uninstall:
	for header in $(notdir $(HEADERS)); do rm -f "$(DESTDIR)$(includedir)/$$header"; done
	rm -f "$(DESTDIR)$(libdir)/libjobring.a" "$(DESTDIR)$(libdir)/libjobring.so" "$(DESTDIR)$(libdir)/$(SONAME)" "$(PC)"
	rm -rf "$(CMAKE)" "$(DESTDIR)$(docdir)"

# The tracked files, and beside packaging/clib the sources of other authors that the library is built from, which cargo takes there
# (and nowhere else in the tree).
DIST := jobring-$(VERSION)
STAGE = $(OUTDIR)/$(DIST)/packaging/clib
dist:
	rm -rf $(OUTDIR)/$(DIST)
	mkdir -p $(STAGE)/.cargo
	git ls-files -z | xargs -0 cp -P --parents -t $(OUTDIR)/$(DIST)
	cd packaging/clib && $(CARGO) vendor -q --locked $(call absolute,$(STAGE))/vendor >/dev/null
	printf '[source.crates-io]\nreplace-with = "vendored"\n\n[source.vendored]\ndirectory = "vendor"\n' >$(STAGE)/.cargo/config.toml
	tar --sort=name --owner=0 --group=0 --numeric-owner --mode=go+rX,go-w --mtime="$$(git log -1 --format=%cI)" \
	    -C $(OUTDIR) -c $(DIST) | gzip -9n >$(OUTDIR)/$(DIST).tar.gz
	rm -rf $(OUTDIR)/$(DIST)
	@echo "$(OUTDIR)/$(DIST).tar.gz"

# What is quick of .ci/run: the layout, the lints, the unit tests, the tests of the sources, the header and the public API,
# and the models that take a moment. The tests that clippy has checked are not built for it twice.
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy -q --all-targets -p jobring --features capi,pthread,future,processes -- -D warnings
	$(CARGO) clippy -q --all-targets -p jobring-loom-tests -p jobring-checker -p jobring-freeze-tests -p jobring-harness -- -D warnings
	$(CARGO) test -q -p jobring --features capi,pthread,future,processes --lib --test floors --test house_rules --test header_docs --test header_drift --test public_api
	$(CARGO) test -q -p jobring-harness
	$(CARGO) test -q -p jobring-loom-tests --test models -- --fast

clean:
	rm -rf $(OUTDIR)

FORCE:
.PHONY: all static shared tsan install uninstall doc install-doc dist check clean FORCE
.DELETE_ON_ERROR:
