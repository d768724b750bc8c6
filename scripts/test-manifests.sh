#!/usr/bin/env bash
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Builds each collector in testdata/manifests as a user would, and has it check
# a configuration. Usage, at the top of the checkout:
#
#   scripts/test-manifests.sh BUILDER NEWEST-BUILDER MODULE...
#
# The manifests name a version of this project's modules. No such version has to
# exist: the checkout's modules are published under it to a directory, which is
# the first module proxy. The collectors stay in dist/manifests.
set -euo pipefail

builder=$1 newest_builder=$2
shift 2
version=v0.1.0
project=github.com/oversight-protocol/oversight-otelcol

top=$PWD
work=$top/dist/manifests
manifests=$top/testdata/manifests

# Modules that were downloaded before are used again, except for this project's,
# whose version stays the same while its files change.
rm -rf "$work/proxy" "$work"/{receiver,exporter,connector,newest-core} \
	"$work"/.modules/{,cache/download/}"${project%/*}"
mkdir -p "$work"
(cd test && go run ./cmd/moduleproxy "$work/proxy" "$top" "$version" "$@")

downloaded=$(go env GOMODCACHE)/cache/download
GOPROXY="file://$work/proxy,file://$downloaded,$(go env GOPROXY)"
export GOPROXY
export GOMODCACHE="$work/.modules"
export GOFLAGS="${GOFLAGS:-} -modcacherw"
# The go command takes a version's files for unchangeable: its build cache keeps a
# list of them, which another checkout's run at the same path may have left there.
export GODEBUG="${GODEBUG:+$GODEBUG,}goindex=0"
export GONOSUMDB="${project%/*}/*" # not published, so not in the checksum database

# build_collector builds a collector, has it check its configuration, and lists
# its components. The builder's own `go mod tidy` fails where a test dependency of
# a dependency cannot be downloaded. No collector needs it, hence -e.
build_collector() {
	local builder=$1 name=$2
	local manifest=$manifests/$name/builder-config.yaml
	printf '# %s\n' "$name"
	cd "$work"
	"$builder" --skip-compilation --config "$manifest" >"$name.log" 2>&1 || true
	# The hashes in the checkout are known where the checksum database has none.
	if ! { [ -f "$name/go.mod" ] && cp "$top/cmd/otelcol-oversight/go.sum" "$name/go.sum" &&
		(cd "$name" && go mod tidy -e) >>"$name.log" 2>&1; }; then
		cat "$name.log" >&2
		return 1
	fi
	sed -n 's/.*gomod: \(.*\)/\1/p' "$manifest" | while read -r requirement; do
		if ! grep -q "^	$requirement\$" "$name/go.mod"; then
			cat "$name.log" >&2
			echo "$name/go.mod does not require $requirement" >&2
			return 1
		fi
	done
	"$builder" --skip-generate --skip-get-modules --config "$manifest"
	"$name/otelcol-$name" validate --config "$manifests/$name/config.yaml"
	"$name/otelcol-$name" components >"$name/components.yaml"
	grep 'name: ' "$name/components.yaml"
}

# has_components checks that a collector names component types.
has_components() {
	local name=$1 type
	shift
	for type in "$@"; do
		if ! grep -q -- "- name: $type\$" "$work/$name/components.yaml"; then
			echo "otelcol-$name components does not list $type" >&2
			return 1
		fi
	done
}

build_collector "$builder" receiver
has_components receiver oversight oversight_siem oversight_siem_encoding responsecheck file_storage splunk_hec

build_collector "$builder" exporter
has_components exporter azure_logs_ingestion
if grep -i sqlite "$work/exporter/go.mod"; then
	echo "a collector with the exporter alone requires SQLite" >&2
	exit 1
fi

# The connector is in the receiver's module. A collector requires what it imports.
build_collector "$builder" connector
has_components connector dead_letter
if grep -i sqlite "$work/connector/go.mod"; then
	echo "a collector with the connector alone requires SQLite" >&2
	exit 1
fi

build_collector "$newest_builder" newest-core
has_components newest-core oversight oversight_siem oversight_siem_encoding responsecheck file_storage kafka
