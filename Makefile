# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# GNU make. `make help` lists what there is to make.

# Everything is pure Go: it builds without a C compiler and runs anywhere.
export CGO_ENABLED := 0

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# One set of flags, so that building, checking and testing share what they compile.
GO      ?= go
# Only the collector that is built to run is optimized by its profile: everything that it
# links would otherwise be compiled twice, for it and for the tests.
export GOFLAGS := $(strip $(filter-out -trimpath -pgo=%,$(shell $(GO) env GOFLAGS)) -trimpath -pgo=off)

GO_BUILD  := $(GO) build -ldflags "-s -w"
COLLECTOR := cmd/otelcol-oversight

# Every module of the checkout, the tools in internal/tools apart. Users require
# the first two, and the exporter without the rest. The tests over the built
# collector are a module so that their dependencies do not decide which versions
# users build with.
PUBLISHED := . exporter/azurelogsingestionexporter
MODULES   := $(PUBLISHED) $(COLLECTOR) test

# $(call in_each,DIRECTORIES,COMMAND) runs a command in each directory, and
# $(call in_modules,COMMAND) in every module.
define in_each
$(foreach directory,$(1),cd $(directory) && $(2)
)
endef
in_modules = $(call in_each,$(MODULES),$(1))

# The systems that every module is built and checked for. `make lint build` does
# that for the one it runs on. What is built for the others is discarded, so the
# compiler need not optimize it, which is a third of its time.
HOST        := $(shell $(GO) env GOHOSTOS)/$(shell $(GO) env GOHOSTARCH)
PLATFORMS   := $(foreach os,linux darwin windows freebsd,$(os)/amd64 $(os)/arm64)
CROSS_FLAGS := -gcflags='all=-N -l'

# The tags of tests that `make test` does not run. They are checked like the rest.
TEST_TAGS := -tags engines,content,release

# The newest release of the Collector core that the components are tested with:
# its stable and its 0.x modules.
NEWEST_CORE_STABLE ?= v1.71.0
NEWEST_CORE_BETA   ?= v0.165.0

# A tool is pinned by the go.mod of its own in internal/tools, and everything
# it is built from by the go.sum beside that.
TOOLS          := $(CURDIR)/bin/tools
BUILDER        := $(TOOLS)/builder
NEWEST_BUILDER := $(TOOLS)/newest-builder
MDATAGEN       := $(TOOLS)/mdatagen
GOLANGCI_LINT  := $(TOOLS)/golangci-lint
PROMTOOL       := $(TOOLS)/promtool
NFPM           := $(TOOLS)/nfpm
CYCLONEDX      := $(TOOLS)/cyclonedx-gomod
HELM           := $(TOOLS)/helm

# The race detector is C: it needs a compiler that works.
CC_WORKS := $(shell echo 'int main(void) { return 0; }' | $$($(GO) env CC) -x c -o /dev/null - 2>/dev/null && echo yes)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: build
build: build-collector build-commands ## Build the collector and the commands into ./bin

.PHONY: build-collector
build-collector:
	cd $(COLLECTOR) && $(GO_BUILD) -pgo=default.pgo -o $(CURDIR)/bin/otelcol-oversight .

.PHONY: build-commands
build-commands:
	@mkdir -p bin
	$(GO_BUILD) -o bin/ ./cmd/...

.PHONY: image
image: $(NFPM) $(CYCLONEDX) ## Build the container image for amd64 and arm64 into ./dist/image, an OCI layout
	$(GO) run ./internal/tools/release -output dist/linux -tools $(TOOLS) -platforms linux/amd64,linux/arm64
	scripts/build-image.sh dist/linux dist/image

.PHONY: content
content: content/splunk content/elastic ## Package what users of Splunk and Elastic install, into ./bin/content

.PHONY: content/splunk
content/splunk:
	$(GO) run ./internal/tools/splunkapp -output bin/content content/splunk/oversight

.PHONY: content/elastic
content/elastic:
	$(GO) run ./internal/tools/elasticcontent -zip bin/content content/elastic

# The tag that is released, such as v0.1.0. With it, changelog and version have to fit.
TAG ?=

.PHONY: release
release: $(NFPM) $(CYCLONEDX) ## Build archives, packages, image, SBOMs and checksums for all systems into ./dist/release
	$(GO) run ./internal/tools/release -output dist/release -tools $(TOOLS) -tag '$(TAG)'
	scripts/build-image.sh dist/release dist/image

.PHONY: run
run: build ## Run the demo until Ctrl-C: generated events through the collector; CONFIG=my.yaml runs only the collector, with that
	@scripts/run.sh $(CONFIG)

.PHONY: test
test: build ## Run every test, under the race detector where there is a C compiler
ifeq ($(CC_WORKS),yes)
	$(call in_each,$(PUBLISHED),CGO_ENABLED=1 $(GO) test -race -timeout 15m ./...)
	# The race detector slows these two down so much that above they run only in part.
	$(GO) test -run 'TestHonestRegistry|TestVerifyFindsEveryChangeOfARow' ./internal/reconcile ./cmd/oversight-siem
else
	@echo "no working C compiler: testing without the race detector"
	$(call in_each,$(PUBLISHED),$(GO) test -timeout 15m ./...)
endif
	$(call in_each,$(filter-out $(PUBLISHED),$(MODULES)),$(GO) test -timeout 15m ./...)

.PHONY: test-newest-core
test-newest-core: ## Run the components' tests against the newest Collector core
	scripts/test-newest-core.sh $(NEWEST_CORE_STABLE) $(NEWEST_CORE_BETA) $(PUBLISHED)

.PHONY: test-manifests
test-manifests: $(BUILDER) $(NEWEST_BUILDER) ## Build collectors from the manifests in testdata/manifests, as users do, and let them check a configuration
	scripts/test-manifests.sh $(BUILDER) $(NEWEST_BUILDER) $(PUBLISHED)

.PHONY: test-alerts
test-alerts: $(PROMTOOL) ## Test the alerting rules in deploy/alerts
	$(PROMTOOL) check rules deploy/alerts/rules.yml deploy/alerts/gateway.yml
	$(PROMTOOL) test rules deploy/alerts/rules_test.yml deploy/alerts/gateway_test.yml

.PHONY: test-engines
test-engines: build ## Test against a real Kafka broker and a real OpenSearch node; needs a JDK 17 and Maven
	@$(MAKE) -j2 test-engines/broker test-engines/node

# The tests mostly wait, those of the broker as well as those of the node.
.PHONY: test-engines/broker test-engines/node
test-engines/broker: ENGINE_TESTS := -run '^Test(Broker|Kafka)'
test-engines/node: ENGINE_TESTS := -skip '^Test(Broker|Kafka)'
test-engines/broker test-engines/node:
	cd test && $(GO) test -count=1 -parallel 6 $(TEST_TAGS) -timeout 15m $(ENGINE_TESTS) ./engines

.PHONY: test-content
test-content: build ## Test the content for SIEMs with the tools of their vendors and others; needs Python 3.11 and 3.12, Node.js, a JDK 17 and Maven
	@rm -f $(TOOLS)/content/used-*.txt
	cd test && $(GO) test -count=1 -tags content -timeout 30m ./content/...
	@cat $(TOOLS)/content/used-*.txt

.PHONY: test-release
test-release: build $(HELM) $(PROMTOOL) $(NFPM) $(CYCLONEDX) ## Test what is released and deployed; needs root, Debian's packages and the sources' commit
	@mkdir -p $(TOOLS)
	cd internal/tools/image && $(GO) test ./...
	cd internal/tools/manifests && $(GO) test ./...
	cd internal/tools/manifests && $(GO) build -o $(TOOLS)/manifests .
	cd internal/tools/compose && $(GO) build -o $(TOOLS)/compose .
	cd test && $(GO) test -count=1 -tags release -timeout 30m ./release/...

.PHONY: cross
cross: $(filter-out cross/$(HOST),$(PLATFORMS:%=cross/%)) ## Build and check every module for all other supported systems

.PHONY: $(PLATFORMS:%=cross/%)
$(PLATFORMS:%=cross/%): cross/%:
	$(call in_modules,GOOS=$(*D) GOARCH=$(*F) $(GO) build $(CROSS_FLAGS) -o /dev/null ./...)
	$(call in_modules,GOOS=$(*D) GOARCH=$(*F) $(GO) vet $(TEST_TAGS) $(CROSS_FLAGS) ./...)

.PHONY: bench
bench: ## Run the benchmarks
	$(call in_modules,$(GO) test -run '^$$' -bench . -benchmem -timeout 30m ./...)

.PHONY: generate
generate: $(BUILDER) $(MDATAGEN) ## Renew all generated files; changes nothing where they are up to date
	$(call in_modules,PATH="$(TOOLS):$$PATH" $(GO) generate ./...)
	scripts/generate-collector.sh $(BUILDER)
	$(GO) run ./internal/tools/messagelist -output docs/messages.md $(PUBLISHED)

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Check the code
	$(call in_modules,$(GO) vet $(TEST_TAGS) ./...)
	$(call in_modules,$(GOLANGCI_LINT) run --allow-parallel-runners ./...)

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the code
	$(call in_modules,$(GOLANGCI_LINT) fmt ./...)

# Some modules' own tests import modules that cannot be downloaded everywhere.
# Nothing here needs those, hence -e. The builder runs first and last: what its
# sources import decides what the collector's go.mod has to contain.
.PHONY: tidy
tidy: $(BUILDER) ## Renew go.mod and go.sum of every module
	scripts/generate-collector.sh $(BUILDER) 2>/dev/null || true
	$(call in_modules,$(GO) mod tidy -e)
	scripts/generate-collector.sh $(BUILDER)

.PHONY: profile
profile: build ## Renew the profile by which the compiler optimizes the collector
	scripts/profile-collector.sh

.PHONY: clean
clean: ## Remove what was built and what the demo wrote
	rm -rf bin out dist

$(BUILDER) $(NEWEST_BUILDER): TOOL_PACKAGE := go.opentelemetry.io/collector/cmd/builder
$(MDATAGEN): TOOL_PACKAGE := go.opentelemetry.io/collector/cmd/mdatagen
$(GOLANGCI_LINT): TOOL_PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(PROMTOOL): TOOL_PACKAGE := github.com/prometheus/prometheus/cmd/promtool
$(NFPM): TOOL_PACKAGE := github.com/goreleaser/nfpm/v2/cmd/nfpm
$(CYCLONEDX): TOOL_PACKAGE := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
$(HELM): TOOL_PACKAGE := helm.sh/helm/v4/cmd/helm

$(BUILDER) $(NEWEST_BUILDER) $(MDATAGEN) $(GOLANGCI_LINT) $(PROMTOOL) $(NFPM) $(CYCLONEDX) $(HELM): $(TOOLS)/%: internal/tools/%/go.mod internal/tools/%/go.sum
	@mkdir -p $(@D)
	cd internal/tools/$* && $(GO) build -o $@ $(TOOL_PACKAGE)
	@touch $@
