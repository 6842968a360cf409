# The C library: make, make install. Needs cargo, cc and binutils.
#
#     make install PREFIX=/usr/local          header, static and shared library, pkg-config and CMake files
#     make DESTDIR=…                          for packagers: install below another root
#     FEATURES=…                              what to build in (default: std,pthread,capi; std and capi are needed)
#
# To hack on the library use cargo; `make check` runs what a change must not break, in a minute (CONTRIBUTING.md);
# `make -C c-examples run` builds and runs the examples.

PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
CARGO      ?= cargo
LD         ?= ld
OBJCOPY    ?= objcopy
READELF    ?= readelf
FEATURES   ?= std,pthread,capi
CARGO_TARGET_DIR ?= target

comma := ,
ifeq ($(filter std,$(subst $(comma), ,$(FEATURES))),)
$(error FEATURES=$(FEATURES) lacks std. A library without std needs a panic handler, which a package that makes an archive \
    brings: see "Link" in README.md)
endif
ifeq ($(filter capi,$(subst $(comma), ,$(FEATURES))),)
$(error FEATURES=$(FEATURES) lacks capi: no function could be called from C)
endif

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The ABI version is the shared library's, and with it in the name that programs ask for.
ABI     := $(shell sed -n 's/^#define JOBRING_ABI_VERSION //p' include/jobring.h)
SONAME  := libjobring.so.$(ABI)
BUILT   := $(CARGO_TARGET_DIR)/release
OUT     := $(CARGO_TARGET_DIR)/clib
SYMBOLS := $(OUT)/symbols
LIBS    := -lpthread -ldl -lm

# Absolute, also where they are given relative to here.
absolute    = $(if $(filter /%,$(firstword $(1))),$(1),$(CURDIR)/$(1))
prefix     := $(call absolute,$(PREFIX))
libdir     := $(call absolute,$(LIBDIR))
includedir := $(call absolute,$(INCLUDEDIR))
empty      :=
space      := $(empty) $(empty)

RUSTC   := $(CARGO) rustc --release --lib -p jobring --no-default-features --features $(FEATURES) --target-dir $(CARGO_TARGET_DIR)

all: $(OUT)/libjobring.a $(OUT)/$(SONAME) $(OUT)/jobring.pc $(OUT)/jobring-config.cmake $(OUT)/jobring-config-version.cmake

$(SYMBOLS): include/jobring.symbols
	@mkdir -p $(OUT)
	cut -d ' ' -f 1 $< >$@

# One object, of which only jobring's own names can be seen: so that it links beside other Rust archives.
$(OUT)/libjobring.a: $(SYMBOLS) FORCE
	$(RUSTC) --crate-type staticlib
	$(LD) -r --gc-sections $$(sed 's/^/-u /' $(SYMBOLS)) -o $(OUT)/all.o $(BUILT)/libjobring.a
	$(OBJCOPY) -g -R .llvmbc -R .llvmcmd --keep-global-symbols=$(SYMBOLS) $(OUT)/all.o $(OUT)/jobring.o
	rm -f $@
	$(AR) rcs $@ $(OUT)/jobring.o
	rm -f $(OUT)/all.o $(OUT)/jobring.o

$(OUT)/$(SONAME): $(SYMBOLS) FORCE
	$(RUSTC) --crate-type cdylib -- -C link-arg=-Wl,-soname,$(SONAME)
	cp $(BUILT)/libjobring.so $@
	$(OBJCOPY) --strip-unneeded $@

# The files by which others find the library: packaging/, filled in. A .pc file names folders below the prefix relative to it,
# so that another prefix can be given (pkg-config --define-prefix).
FILL = sed -e 's|@PREFIX@|$(prefix)|; s|@LIBDIR@|$(libdir)|g; s|@INCLUDEDIR@|$(includedir)|g; s|@SONAME@|$(SONAME)|g' \
    -e 's|@VERSION@|$(VERSION)|; s|@MAJOR@|$(word 1,$(subst ., ,$(VERSION)))|g; s|@MINOR@|$(word 2,$(subst ., ,$(VERSION)))|g'

$(OUT)/jobring.pc: FORCE
	@mkdir -p $(OUT)
	@$(FILL) -e 's|@LIBS@|$(LIBS)|; s|=$(prefix)/|=$${prefix}/|' packaging/jobring.pc.in >$@

$(OUT)/jobring-config.cmake: FORCE
	@mkdir -p $(OUT)
	@$(FILL) -e 's|@LIBS@|$(subst $(space),;,$(LIBS))|' packaging/jobring-config.cmake.in >$@

$(OUT)/jobring-config-version.cmake: $(OUT)/$(SONAME) FORCE
	@bits=$$($(READELF) -h $< | sed -n 's/^ *Class: *ELF//p') && \
	    $(FILL) -e "s|@POINTER_BYTES@|$$((bits / 8))|g" packaging/jobring-config-version.cmake.in >$@

install: all
	install -d "$(DESTDIR)$(includedir)" "$(DESTDIR)$(libdir)/pkgconfig" "$(DESTDIR)$(libdir)/cmake/jobring"
	install -m 644 include/jobring.h include/jobring_ext.h include/jobring_port.h "$(DESTDIR)$(includedir)/"
	install -m 644 $(OUT)/libjobring.a "$(DESTDIR)$(libdir)/"
	install -m 755 $(OUT)/$(SONAME) "$(DESTDIR)$(libdir)/"
	ln -sf $(SONAME) "$(DESTDIR)$(libdir)/libjobring.so"
	install -m 644 $(OUT)/jobring.pc "$(DESTDIR)$(libdir)/pkgconfig/"
	install -m 644 $(OUT)/jobring-config.cmake $(OUT)/jobring-config-version.cmake "$(DESTDIR)$(libdir)/cmake/jobring/"

# What is quick of .ci/run: the layout, the lints, the unit tests, the tests of the sources, the header and the public API,
# and the models that take a moment. The tests that clippy has checked are not built for it twice.
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy -q --all-targets -p jobring --features capi,pthread,future -- -D warnings
	$(CARGO) clippy -q --all-targets -p jobring-loom-tests -p jobring-checker -p jobring-freeze-tests -p jobring-harness -- -D warnings
	$(CARGO) test -q -p jobring --features capi,pthread,future --lib --test floors --test house_rules --test header_docs --test header_drift --test public_api
	$(CARGO) test -q -p jobring-harness
	$(CARGO) test -q -p jobring-loom-tests --test models -- --fast

clean:
	rm -rf $(OUT)

FORCE:
.PHONY: all install check clean FORCE
.DELETE_ON_ERROR:
