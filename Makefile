# The C library: make, make install. Needs cargo, cc and binutils.
#
#     make install PREFIX=/usr/local          header, static and shared library, pkg-config and CMake files
#     make DESTDIR=…                          for packagers: install below another root
#     FEATURES=…                              what to build in (default: std,pthread,capi)
#
# To hack on the library use cargo; `make -C c-examples run` builds and runs the examples.

PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
CARGO      ?= cargo
LD         ?= ld
OBJCOPY    ?= objcopy
FEATURES   ?= std,pthread,capi
CARGO_TARGET_DIR ?= target

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The ABI version is the shared library's, and with it in the name that programs ask for.
ABI     := $(shell sed -n 's/^#define JOBRING_ABI_VERSION //p' include/jobring.h)
SONAME  := libjobring.so.$(ABI)
BUILT   := $(CARGO_TARGET_DIR)/release
OUT     := $(CARGO_TARGET_DIR)/clib
SYMBOLS := $(OUT)/symbols
LIBS    := -lpthread -ldl -lm
RUSTC   := $(CARGO) rustc --release --lib -p jobring --no-default-features --features $(FEATURES) --target-dir $(CARGO_TARGET_DIR)

all: $(OUT)/libjobring.a $(OUT)/$(SONAME) $(OUT)/jobring.pc $(OUT)/jobring-config.cmake

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

$(OUT)/jobring.pc: FORCE
	@mkdir -p $(OUT)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: jobring' \
	    'Description: A thread pool with a fixed number of job slots' 'Version: $(VERSION)' \
	    'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -ljobring' 'Libs.private: $(LIBS)' >$@

$(OUT)/jobring-config.cmake: FORCE
	@mkdir -p $(OUT)
	@printf '%s\n' 'set(jobring_VERSION $(VERSION))' \
	    'add_library(jobring::jobring SHARED IMPORTED)' \
	    'set_target_properties(jobring::jobring PROPERTIES IMPORTED_LOCATION "$(LIBDIR)/$(SONAME)"' \
	    '  INTERFACE_INCLUDE_DIRECTORIES "$(INCLUDEDIR)")' \
	    'add_library(jobring::static STATIC IMPORTED)' \
	    'set_target_properties(jobring::static PROPERTIES IMPORTED_LOCATION "$(LIBDIR)/libjobring.a"' \
	    '  INTERFACE_INCLUDE_DIRECTORIES "$(INCLUDEDIR)" INTERFACE_LINK_LIBRARIES "pthread;dl;m")' >$@

install: all
	install -d $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(LIBDIR)/cmake/jobring
	install -m 644 include/jobring.h $(DESTDIR)$(INCLUDEDIR)/
	install -m 644 $(OUT)/libjobring.a $(DESTDIR)$(LIBDIR)/
	install -m 755 $(OUT)/$(SONAME) $(DESTDIR)$(LIBDIR)/
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libjobring.so
	install -m 644 $(OUT)/jobring.pc $(DESTDIR)$(LIBDIR)/pkgconfig/
	install -m 644 $(OUT)/jobring-config.cmake $(DESTDIR)$(LIBDIR)/cmake/jobring/

clean:
	rm -rf $(OUT)

FORCE:
.PHONY: all install clean FORCE
.DELETE_ON_ERROR:
