#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Generates the collector's sources from builder-config.yaml. Usage, at the top of
# the checkout: scripts/generate-collector.sh BUILDER
#
# The builder writes a go.mod that requires only the components. To resolve it
# again would give versions that depend on the day, so this script keeps the
# committed go.mod and go.sum, and updates the components' versions and the
# replacements in it. If that is not enough, for example for a new component, it
# fails and asks for `make tidy`.
set -eu

builder=$1
manifest=builder-config.yaml
dir=cmd/otelcol-oversight

work=$(mktemp -d)
log=$work/log
restore() {
	if [ -f "$work/go.mod" ]; then mv "$work/go.mod" "$dir/go.mod"; fi
	rm -rf "$work"
}
trap restore EXIT
trap 'exit 1' HUP INT TERM

if [ -f "$dir/go.mod" ]; then cp "$dir/go.mod" "$work/go.mod"; fi
if ! "$builder" --skip-get-modules --skip-compilation --config "$manifest" >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi

# The builder does not format what it writes.
"$(go env GOROOT)/bin/gofmt" -w "$dir"/components.go "$dir"/main*.go

# Without a committed go.mod, the builder's has to be tidied.
[ -f "$work/go.mod" ] || exit 0

# In the builder's go.mod, the components are in one block and each replacement
# is on a line of its own.
edits=$(awk '
	/^require \(/ { inside = 1; next }
	/^\)/         { inside = 0 }
	inside && NF == 2 { print "-require=" $1 "@" $2 }
	/^replace / { print "-replace=" $2 "=" $4 (NF > 4 ? "@" $5 : "") }
' "$dir/go.mod")
# shellcheck disable=SC2086 # one argument a line, none with a space
go mod edit $edits "$work/go.mod"
restore

if ! (cd "$dir" && go list -mod=readonly -deps . >/dev/null); then
	echo "$dir/go.mod or go.sum does not match $manifest: run 'make tidy' and commit both" >&2
	exit 1
fi
