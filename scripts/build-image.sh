#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Builds the container image of the collector for amd64 and arm64 from a release. It
# needs no daemon, and the same commit gives the same bytes. Usage:
# scripts/build-image.sh RELEASE DIR
#
# RELEASE is the directory of a release, with the archives for Linux. The image has the
# same binaries. DIR is replaced by an OCI layout. RELEASE gets an archive of that, and
# its checksum. SOURCE_DATE_EPOCH is the time of all files, in place of that of the
# commit.
set -eu

[ $# -eq 2 ] || { echo "usage: $0 RELEASE DIR" >&2; exit 2; }
absolute() {
	case $1 in
	/*) echo "$1" ;;
	*) echo "$PWD/$1" ;;
	esac
}
release=$(absolute "$1")
output=$(absolute "$2")
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

go=${GO:-go}
version=$(sed -n 's/^  version: *//p' builder-config.yaml)
revision=$(git rev-parse HEAD)
created=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
archive=otelcol-oversight_${version}_image.tar

(cd internal/tools/image && CGO_ENABLED=0 "$go" run . -output "$output" -archive "$release/$archive" -release "$release" \
	-version "$version" -revision "$revision" -created "$created")
cd "$release"
sums=$(sed "/  $archive\$/d" SHA256SUMS; sha256sum "$archive")
printf '%s\n' "$sums" >SHA256SUMS
echo "$output: otelcol-oversight $version for linux/amd64 and linux/arm64"
