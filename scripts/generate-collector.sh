#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Renews the collector's sources from builder-config.yaml. Usage, at the top of
# the checkout: scripts/generate-collector.sh BUILDER
#
# The builder writes a go.mod that names the components only. Resolving that
# afresh would depend on what can be fetched today, so the committed go.mod is
# kept: it takes over the components' versions and the replacements, and go.sum
# stays as it is. Where that does not add up (a new component, say), this fails
# and `make tidy` is due.
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

# Without a go.mod to keep, the builder's is the one to tidy.
[ -f "$work/go.mod" ] || exit 0

# The builder's go.mod lists the components in one block and has each
# replacement on a line of its own.
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
	echo "$dir/go.mod or go.sum lacks what $manifest asks for: run 'make tidy' and commit both" >&2
	exit 1
fi
