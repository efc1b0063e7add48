# make help says what there is to do.

PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
PYTHON ?= python3
# A test holds it against dlrt_version().
VERSION := 0.1.0

export SWIFT_BACKTRACE := enable=no
# The runtime as Embedded Swift, which becomes libdlrt; ordinary Swift with its standard library linked in, so that the
# tools run where no Swift is installed; and ordinary Swift with the tests.
EMBEDDED := DLRT_EMBEDDED=1 swift build -c release --scratch-path .build/embedded --disable-local-rpath
TOOLS := swift build -c release --scratch-path .build/release --static-swift-stdlib -Xswiftc -use-ld=lld
TESTS := -c release --scratch-path .build/tests -Xswiftc -enable-testing

# Folders are listed too: their time changes when a file is removed.
sources = $(shell find $(1) -not -name '.*')
RUNTIME_SOURCES := Package.swift $(call sources,include $(addprefix Sources/,CPlatform KernelTypes Kernels DLGraph DLImage DLRuntime DLRT))
SOURCES := Package.swift $(call sources,include Sources examples/swift)

LIBRARY := build/lib/libdlrt.so build/lib/libdlrt.a build/include/dlrt.h build/lib/pkgconfig/dlrt.pc
BINARIES := build/bin/dl-export build/bin/dl-bench
EXAMPLES := build/demo/train-lenet build/demo/classify-swift
EMBEDDED_OUT := .build/embedded/release
RELEASE_OUT := .build/release/release

.PHONY: all library tools
all: library tools
library: $(LIBRARY)
tools: $(BINARIES)

.PHONY: help
help:
	@echo 'make            libdlrt (shared, static), its header, dl-export and dl-bench into build/'
	@echo 'make library    only libdlrt and its header'
	@echo 'make demo       train LeNet-5 in Swift, then classify a JPEG from C, Python and Swift'
	@echo 'make test       every test; make test-long adds those that take long'
	@echo 'make conformance  ONNX'"'"'s own tests: a table by operation, and what fails and why'
	@echo 'make fuzz       ten minutes of damaged and hostile models, under AddressSanitizer'
	@echo 'make sanitize   the Swift tests and ONNX'"'"'s own under AddressSanitizer'
	@echo 'make bench      what loading, a call, a run and the kernels cost on this machine'
	@echo 'make install    the tree of build/ into $$(DESTDIR)$$(PREFIX), by default /usr/local'
	@echo 'make format     format the Swift sources'
	@echo 'make clean      remove what was built'

# ---------------------------------------------------------------- the library

build/lib/libdlrt.so.1: $(RUNTIME_SOURCES) | build/packages
	$(EMBEDDED) --product dlrt
	@mkdir -p $(@D)
	@# The compilers' notes to themselves go too.
	strip --strip-all --remove-section=.comment --remove-section=.swift_modhash -o $@ $(EMBEDDED_OUT)/libdlrt.so

build/lib/libdlrt.so: build/lib/libdlrt.so.1
	ln -sf libdlrt.so.1 $@

# All objects as one, in the link order of the shared library, in which nothing but dlrt_* is visible: the program's
# linker never sees Swift's own symbols.
build/lib/libdlrt.a: build/lib/libdlrt.so.1
	@echo 'ld -r -o build/dlrt.o'
	@ld -r -o build/dlrt.o --gc-sections --force-group-allocation $(EXPORTS:%=--undefined=%) @$(EMBEDDED_OUT)/dlrt.product/Objects.LinkFileList
	objcopy --strip-unneeded --wildcard --keep-global-symbol='dlrt_*' build/dlrt.o build/dlrt-exported.o
	$(RM) $@
	ar rcs $@ build/dlrt-exported.o
EXPORTS = $(shell nm -D --defined-only build/lib/libdlrt.so.1 | sed -n 's/.* T \(dlrt_[a-z0-9_]*\).*/\1/p')

build/include/dlrt.h: include/dlrt.h
	@mkdir -p $(@D)
	cp $< $@

# Its paths are relative to itself, so that the tree can be moved.
build/lib/pkgconfig/dlrt.pc: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$${pcfiledir}/../..' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' \
	  'Name: dlrt' 'Description: Runs neural networks inside other programs' 'Version: $(VERSION)' \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -ldlrt' 'Libs.private: -ljpeg -lm -lpthread' > $@

# ------------------------------------------------------------------ the tools

$(BINARIES) $(EXAMPLES) &: $(SOURCES) | build/packages
	for product in dl-export dl-bench train-lenet classify; do $(TOOLS) --product $$product || exit 1; done
	@mkdir -p build/bin build/demo
	cp $(RELEASE_OUT)/dl-export $(RELEASE_OUT)/dl-bench build/bin/
	cp $(RELEASE_OUT)/train-lenet build/demo/
	cp $(RELEASE_OUT)/classify build/demo/classify-swift
	strip --strip-all $(BINARIES) $(EXAMPLES)
	@touch $(BINARIES) $(EXAMPLES)

# Speed comparisons load this: a program over the public C interface.
build/libpeer_dlrt.so: Tests/bench/peer.c build/lib/libdlrt.so build/include/dlrt.h
	$(CC) -O2 -Wall -Wextra -shared -fPIC -o $@ $< -Ibuild/include -Lbuild/lib -ldlrt -Wl,-rpath,'$$ORIGIN/lib'

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/bin
	install -m 755 build/lib/libdlrt.so.1 $(DESTDIR)$(PREFIX)/lib/
	ln -sf libdlrt.so.1 $(DESTDIR)$(PREFIX)/lib/libdlrt.so
	install -m 644 build/lib/libdlrt.a $(DESTDIR)$(PREFIX)/lib/
	install -m 644 build/lib/pkgconfig/dlrt.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/
	install -m 644 build/include/dlrt.h $(DESTDIR)$(PREFIX)/include/
	install -m 755 $(BINARIES) $(DESTDIR)$(PREFIX)/bin/

# ------------------------------------------------------ demo, tests, benchmarks

.PHONY: demo
demo: all $(EXAMPLES) .venv/ready
	@DLRT_DATA=$${DLRT_DATA:-../shared} examples/demo.sh

.PHONY: test test-long
test test-long: all $(EXAMPLES) build/libpeer_dlrt.so .venv/ready | build/packages-test
	swift build --build-tests $(TESTS)
	@SWIFT_TEST='swift test --skip-build $(TESTS)' Tests/run.py $(if $(filter test-long,$@),--long)

.PHONY: conformance
conformance: all .venv/ready
	.venv/bin/python Tests/conformance/run.py --failures

.PHONY: fuzz
fuzz: tools .venv/ready
	.venv/bin/python Tests/fuzz/run.py

.PHONY: sanitize
sanitize: .venv/ready | build/packages-test
	Tests/sanitize.sh

.PHONY: bench
bench: all build/bench/trivial.dlrt build/bench/lenet5.dlrt
	build/bin/dl-bench call build/bench/trivial.dlrt
	build/bin/dl-bench load build/bench/lenet5.dlrt
	build/bin/dl-bench run build/bench/lenet5.dlrt --profile
	build/bin/dl-bench run build/bench/lenet5.dlrt --batch 64
	build/bin/dl-bench kernels

build/bench/%.dlrt: build/bin/dl-export
	@mkdir -p $(@D)
	$< sample $* -o $@

.PHONY: format
format:
	swift format --in-place --recursive --configuration .swift-format Package.swift Sources Tests examples

.PHONY: clean
clean:
	$(RM) -r build .build

# -------------------------------------------------------------------- machine

# Packages of the system, installed when missing.
build/packages build/packages-test: .ci/packages.sh
	.ci/packages.sh $(if $(findstring -test,$@),build test,build)
	@mkdir -p $(@D) && touch $@

.venv/ready: | build/packages-test
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check numpy pytest
	# Tests against ONNX Runtime are skipped where it cannot be had.
	-.venv/bin/pip install --quiet --disable-pip-version-check onnxruntime
	@touch $@
