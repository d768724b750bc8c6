#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Writes what an image needs of a release into DIR, from the binaries in $BIN. The
# other architecture has the same binaries: no test runs them. Usage:
# build-release.sh DIR
set -eu

output=$1
version=$(sed -n 's/^  version: *//p' ../../../builder-config.yaml)
stage=$output/stage
mkdir "$stage"
cp "$BIN/otelcol-oversight" "$BIN/oversight-siem" ../../../LICENSE "$stage"
echo "notices" >"$stage/THIRD_PARTY_NOTICES.txt"
tar -C "$output" -cf - stage | gzip -1 >"$output/otelcol-oversight_${version}_linux_amd64.tar.gz"
rm -r "$stage"
cp "$output/otelcol-oversight_${version}_linux_amd64.tar.gz" "$output/otelcol-oversight_${version}_linux_arm64.tar.gz"
for program in otelcol-oversight oversight-siem; do
	for architecture in amd64 arm64; do
		cat >"$output/${program}_${version}_linux_$architecture.cdx.json" <<-EOF
		{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
		 "metadata": {"component": {"bom-ref": "$program", "type": "application", "name": "$program", "version": "v$version"}}}
		EOF
	done
done
cd "$output" && sha256sum -- *.tar.gz *.json >SHA256SUMS
