#!/usr/bin/env bash
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Runs the components' tests against another version of the Collector core than
# the one in go.mod. Usage, at the top of the checkout:
#
#   scripts/test-newest-core.sh STABLE BETA MODULE...
#
# STABLE and BETA are the two versions of one core release, such as v1.71.0 and
# v0.165.0. Each MODULE is a directory with a go.mod. All of this happens in a
# copy of the checkout: nothing in it changes. Only packages that depend on the
# core are tested; the others do not see its version.
set -euo pipefail

stable=$1 beta=$2
shift 2
core=go.opentelemetry.io/collector

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
	if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar --null --files-from=- -cf - | tar -xf - -C "$copy"

# What the core's own tests import cannot all be downloaded. Nothing here needs
# it, hence `tidy -e`; a module that the tests do need and that is missing fails
# the tests.
use_core() {
	local modules
	modules=$(go mod edit -json | awk -F'"' -v core="$core" -v stable="$stable" -v beta="$beta" '
		$2 == "Path" && ($4 == core || index($4, core "/") == 1) { path = $4; next }
		$2 == "Version" && path != "" { print path "@" ($4 ~ /^v0\./ ? beta : stable) }
		{ path = "" }')
	# shellcheck disable=SC2086 # one module a line
	go get $modules
	go mod tidy -e 2>/dev/null || true
}

for module in "$@"; do
	cd "$copy/$module"
	use_core
	printf '# %s with %s\n' "$module" "$(go list -m "$core/component" "$core/consumer/consumererror" | tr '\n' ' ')"
	packages=$(go list -test -deps=false -f '{{if not .ForTest}}{{$p := .ImportPath}}{{range .Deps}}{{if eq . "'"$core"'/component"}}{{$p}}{{end}}{{end}}{{end}}' ./...)
	# shellcheck disable=SC2086 # one package a line
	go test -timeout 15m $packages
done
