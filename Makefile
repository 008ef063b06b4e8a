# make demo    a courtyard of 194 simulated call points, a broker and the real agent, live in the terminal
# make test    every test; the first time it also builds a small Linux kernel with simulated GPIO chips
# make soak    the long forms: 1,000 kills of agent and broker, 100,000 mutated site files, 2,000 made-up days of the core,
#              1,300 made-up days of a courtyard, 100,000 power cuts, 100,000,000 edges of radio noise
# make build   the programs as they are shipped, in .build/shipped
#
# demo, test and build first install the Debian packages that are missing, and say which.

SWIFT   ?= swift
SHIPPED := .build/shipped
# For size: docs/decisions/0006-memory.md. libstdc++ is found here before the shared one.
STATIC  := $(CURDIR)/.build/static
FLAGS   := -c release --scratch-path $(SHIPPED) --static-swift-stdlib -Xswiftc -Osize \
           -Xlinker -L$(STATIC) -Xlinker --icf=all -Xlinker --gc-sections -Xlinker -z -Xlinker now

.PHONY: help demo test soak build check-format dependencies bench clean
help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

# make demo SECONDS=30 ends it by itself.
demo: build
	$(SHIPPED)/release/courtyard-sim demo $(if $(SECONDS),--seconds $(SECONDS))

test: dependencies check-format
	$(SWIFT) build --build-tests
	@# The kernel comes first: the tests that boot it would otherwise wait for its compilation.
	simulator/kernel/build.sh
	$(SWIFT) test

soak: dependencies
	COURTYARD_KILLS=500 $(SWIFT) test --filter "EndToEndTests.*CrashTests"
	COURTYARD_SEEDS=2000 $(SWIFT) test --filter ExplorationTests
	$(SWIFT) build -c release --product courtyard-sim --scratch-path .build/soak
	.build/soak/release/courtyard-sim explore --seeds 1000
	.build/soak/release/courtyard-sim explore --seeds 10 --days 30
	SITE_CONFIG_ROUNDS=100000 $(SWIFT) test --filter MutationTests
	COURTYARD_POWER_CUTS=100 $(SWIFT) test --filter SimulatedDiskTests
	RADIO_LONG=1 $(SWIFT) test --filter "RadioDecodingTests|RecordingTests"

build: dependencies
	@mkdir -p $(STATIC)
	@ln -sf "$$(gcc -print-file-name=libstdc++.a)" $(STATIC)/libstdc++.a
	$(SWIFT) build $(FLAGS) --product courtyard-gateway
	$(SWIFT) build $(FLAGS) --product courtyard-sim
	$(SWIFT) build $(FLAGS) --product courtyard-clock

# The agent's latency beside a C program that does the same with the same libraries; the radio decoder beside rtl_433.
bench: build
	simulator/bench/latency.sh
	simulator/bench/decoder.sh

check-format:
	$(SWIFT) format lint --strict --recursive Package.swift Package@swift-6.0.swift Sources Tests

dependencies:
	@.ci/dependencies

clean:
	rm -rf .build
