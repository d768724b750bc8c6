#!/usr/bin/env bash
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Runs the components' tests against another release of the Collector core than
# the one in go.mod. Usage, at the top of the checkout:
#
#   scripts/test-newest-core.sh STABLE BETA MODULE...
#
# STABLE and BETA are the versions of the core's stable and 0.x modules in one
# release, such as v1.71.0 and v0.165.0. Each MODULE is a directory with a go.mod.
# All of this happens in a copy of the checkout: nothing in it changes.
set -euo pipefail

stable=$1 beta=$2
shift 2
core=go.opentelemetry.io/collector

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard --deduplicate |
	while IFS= read -r -d '' file; do
		if [ -e "$file" ]; then printf '%s\0' "$file"; fi
	done | tar --null --files-from=- -cf - | tar -xf - -C "$copy"

# core_modules lists the core's modules that go.mod requires, with the version
# that each has in the other release. A module may have become stable since.
core_modules() {
	local path version
	go mod edit -json | sed -n 's/^\t*"Path": "\(.*\)",$/\1/p' | { grep "^$core/" || true; } | while read -r path; do
		version=$stable
		if go list -m "$path@$beta" >/dev/null 2>&1; then version=$beta; fi
		printf '%s@%s\n' "$path" "$version"
	done
}

# Test dependencies of the core that cannot be downloaded are not needed here,
# hence `tidy -e`. A module that is needed and cannot be downloaded fails the
# tests.
for module in "$@"; do
	printf '# %s with the core %s / %s\n' "$module" "$stable" "$beta"
	cd "$copy/$module"
	modules=$(core_modules)
	# shellcheck disable=SC2086 # one module a line, and one package below
	if ! go get $modules >"$copy/go-get.log" 2>&1; then
		cat "$copy/go-get.log" >&2
		exit 1
	fi
	go mod tidy -e >/dev/null 2>&1 || true
	if ! go list -m -f '{{.Version}}' "$core/component" | grep -qx "$stable"; then
		echo "$module: $core/component is not $stable" >&2
		exit 1
	fi
	# The packages that see the core: the components, and what makes log records.
	packages=$(go list -f '{{.ImportPath}} {{join .Imports " "}}' ./... | sed -n "s,^\([^ ]*\) .*$core/.*,\1,p")
	if [ -z "$packages" ]; then
		echo "$module: no package imports $core" >&2
		exit 1
	fi
	# shellcheck disable=SC2086
	go test -timeout 15m $packages
done
