# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# GNU make. `make help` lists what there is to make.

# Everything is pure Go: it builds without a C compiler and runs anywhere.
export CGO_ENABLED := 0

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

GO        ?= go
GO_BUILD  := $(GO) build -trimpath -ldflags "-s -w"
COLLECTOR := cmd/otelcol-oversight

# The tests over the built collector have a go.mod of their own: what stands in
# for Kafka there should not decide about the versions that users build with.
END_TO_END := test

# A tool is pinned by the go.mod of its own in internal/tools, and everything
# it is built from by the go.sum beside that.
TOOLS         := $(CURDIR)/bin/tools
BUILDER       := $(TOOLS)/builder
MDATAGEN      := $(TOOLS)/mdatagen
GOLANGCI_LINT := $(TOOLS)/golangci-lint

# The race detector is C: it needs a compiler that works.
CC_WORKS := $(shell echo 'int main(void) { return 0; }' | $$($(GO) env CC) -x c -o /dev/null - 2>/dev/null && echo yes)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: build
build: build-collector build-commands ## Build the collector and the commands into ./bin

.PHONY: build-collector
build-collector:
	cd $(COLLECTOR) && $(GO_BUILD) -o $(CURDIR)/bin/otelcol-oversight .

.PHONY: build-commands
build-commands:
	@mkdir -p bin
	$(GO_BUILD) -o bin/ ./cmd/...

.PHONY: run
run: build ## Run the demo until Ctrl-C: generated events through the collector; CONFIG=my.yaml runs only the collector, with that
	@scripts/run.sh $(CONFIG)

.PHONY: test
test: build ## Run every test, under the race detector where there is a C compiler
ifeq ($(CC_WORKS),yes)
	CGO_ENABLED=1 $(GO) test -race -timeout 15m ./...
	# What is only a part of it above: a million rows, and every change of a row.
	$(GO) test -run 'TestHonestRegistry|TestVerifyFindsEveryChangeOfARow' ./internal/reconcile ./cmd/oversight-siem
else
	@echo "no working C compiler: testing without the race detector"
	$(GO) test -timeout 15m ./...
endif
	cd $(END_TO_END) && $(GO) test -timeout 15m ./...

.PHONY: bench
bench: ## Run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem -timeout 30m ./...
	cd $(END_TO_END) && $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 30m ./...

.PHONY: generate
generate: $(BUILDER) $(MDATAGEN) ## Renew all generated files; changes nothing where they are up to date
	PATH="$(TOOLS):$$PATH" $(GO) generate ./...
	scripts/generate-collector.sh $(BUILDER)

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Check the code
	$(GO) vet ./...
	$(GOLANGCI_LINT) run --allow-parallel-runners ./...
	cd $(END_TO_END) && $(GO) vet ./... && $(GOLANGCI_LINT) run --allow-parallel-runners ./...

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the code
	$(GOLANGCI_LINT) fmt ./...
	cd $(END_TO_END) && $(GOLANGCI_LINT) fmt ./...

# Some modules' own tests want modules that cannot be had everywhere; nothing
# here needs those, hence -e. The builder's sources come first, for what they
# import decides what the collector's go.mod has to hold.
.PHONY: tidy
tidy: $(BUILDER) ## Renew go.mod and go.sum, of the project and of the collector
	$(GO) mod tidy -e
	cd $(END_TO_END) && $(GO) mod tidy -e
	scripts/generate-collector.sh $(BUILDER) 2>/dev/null || true
	cd $(COLLECTOR) && $(GO) mod tidy -e
	scripts/generate-collector.sh $(BUILDER)

.PHONY: clean
clean: ## Remove what was built and what the demo wrote
	rm -rf bin out

$(BUILDER): TOOL_PACKAGE := go.opentelemetry.io/collector/cmd/builder
$(MDATAGEN): TOOL_PACKAGE := go.opentelemetry.io/collector/cmd/mdatagen
$(GOLANGCI_LINT): TOOL_PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(BUILDER) $(MDATAGEN) $(GOLANGCI_LINT): $(TOOLS)/%: internal/tools/%/go.mod internal/tools/%/go.sum
	@mkdir -p $(@D)
	cd internal/tools/$* && $(GO) build -o $@ $(TOOL_PACKAGE)
	@touch $@
