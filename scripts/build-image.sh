#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Builds the container image of the collector for amd64 and arm64 as an OCI layout.
# It needs no daemon, and the same commit gives the same bytes. Usage:
# scripts/build-image.sh DIR
#
# OVERSIGHT_BINARIES is a directory with linux_amd64 and linux_arm64, each with
# otelcol-oversight and oversight-siem, and with THIRD_PARTY_NOTICES.txt if there is
# one. Without it, the binaries are built. SOURCE_DATE_EPOCH is the time of all files,
# in place of that of the commit.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
case $1 in
/*) output=$1 ;;
*) output=$PWD/$1 ;;
esac
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

export CGO_ENABLED=0
go=${GO:-go}
version=$(sed -n 's/^  version: *//p' builder-config.yaml)
revision=$(git rev-parse HEAD)
created=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

binaries=${OVERSIGHT_BINARIES:-}
if [ -z "$binaries" ]; then
	binaries=$output.binaries
	for architecture in amd64 arm64; do
		GOOS=linux GOARCH=$architecture
		export GOOS GOARCH
		mkdir -p "$binaries/linux_$architecture"
		(cd cmd/otelcol-oversight &&
			"$go" build -trimpath -ldflags '-s -w' -pgo=default.pgo -o "$binaries/linux_$architecture/otelcol-oversight" .)
		"$go" build -trimpath -ldflags '-s -w' -o "$binaries/linux_$architecture/oversight-siem" ./cmd/oversight-siem
	done
	unset GOOS GOARCH
fi

cd internal/tools/image
"$go" run . -output "$output" -binaries "$binaries" -licence "$root/LICENSE" \
	-version "$version" -revision "$revision" -created "$created"
echo "$output: otelcol-oversight $version for linux/amd64 and linux/arm64"
