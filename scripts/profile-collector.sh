#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Writes cmd/otelcol-oversight/default.pgo, by which the compiler optimizes the
# collector (https://go.dev/doc/pgo): a CPU profile of it while it delivers a million
# generated events as lines of a file, in each format, and verifies a part of them.
# Usage, at the top of the checkout, after `make build`: scripts/profile-collector.sh
set -eu

work=$(mktemp -d)
collector=
trap '[ -z "$collector" ] || kill "$collector"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

cp bin/otelcol-oversight "$work" # the profile names the path
./bin/oversightgen --db "$work/plain.sqlite" --tlog '' --bulk --seed 1 --count 1000000
./bin/oversightgen --db "$work/logged.sqlite" --tlog "$work/tlog" --bulk --seed 1 --count 200000

# profile NAME FORMAT RECEIVER: RECEIVER is what its configuration has beside the storage.
profile() {
	dir=$work/$1
	mkdir "$dir"
	cat >"$dir/config.yaml" <<-END
		receivers: {oversight: {storage: file_storage, registry_id: profile, $3}}
		exporters: {file: {path: $dir/out.jsonl, encoding: oversight_siem_encoding, rotation: {max_megabytes: 10000}}}
		extensions:
		  file_storage: {directory: $dir/state, create_directory: true, fsync: true}
		  oversight_siem_encoding: {format: $2}
		  pprof: {endpoint: "127.0.0.1:0", save_to_file: $dir/cpu.pprof}
		service:
		  extensions: [file_storage, oversight_siem_encoding, pprof]
		  pipelines: {logs: {receivers: [oversight], exporters: [file]}}
		  telemetry: {metrics: {level: none}}
	END
	"$work/otelcol-oversight" --config "$dir/config.yaml" 2>"$dir/log" &
	collector=$!
	size=0
	last=-1
	until [ "$size" -gt 0 ] && [ "$size" -eq "$last" ]; do
		sleep 1
		kill -0 "$collector" || { cat "$dir/log" >&2; exit 1; }
		last=$size
		size=$(wc -c 2>/dev/null <"$dir/out.jsonl" || echo 0)
	done
	kill "$collector"
	wait "$collector"
	collector=
	rm "$dir/out.jsonl"
}

for format in splunk ecs sentinel; do
	profile "$format" "$format" "database: $work/plain.sqlite"
	profile "$format-verified" "$format" "database: $work/logged.sqlite, transparency_log: {leaves: $work/tlog/leaves.jsonl}"
done
go tool pprof -proto "$work"/*/cpu.pprof >cmd/otelcol-oversight/default.pgo
