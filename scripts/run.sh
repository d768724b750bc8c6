#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Runs the collector until it is interrupted. Usage, at the top of the checkout:
# scripts/run.sh [CONFIG]
#
# With CONFIG, it runs only the collector, and variables that are not set have values
# for a trial: the registry of the demo, and a directory below ./out for checkpoints and
# files. A service's own are below /var. Without CONFIG, it runs the collector with
# config/demo.yaml, and a generator that writes events into a registry in
# ./out/demo, or in the directory in OVERSIGHT_DEMO.
#
# Ctrl-C, SIGTERM or SIGHUP ends both. The script's status is then 0 if the
# collector shut down cleanly. If the collector ends by itself, the script ends
# the generator and returns the collector's status.
set -u

generator=
collector=
stopping=

stop() {
	stopping=yes
	[ -z "$collector" ] || kill -TERM "$collector" 2>/dev/null
}

# Waits for process $1 to end, through signals to this script, and returns its
# status: `wait` returns early with a status above 128 when a trap has run.
wait_for() {
	while :; do
		wait "$1"
		result=$?
		[ "$result" -gt 128 ] && kill -0 "$1" 2>/dev/null || return "$result"
	done
}

end_generator() {
	[ -n "$generator" ] || return 0
	kill -TERM "$generator" 2>/dev/null
	wait_for "$generator" 2>/dev/null # silent about the signal
	generator=
}

trap stop INT TERM HUP
trap end_generator EXIT

config=${1:-}
if [ -z "$config" ]; then
	config=config/demo.yaml
	demo=${OVERSIGHT_DEMO:-out/demo}
	mkdir -p "$demo"
	# These override the environment, which may name a real registry: the
	# generator writes to it.
	export OVERSIGHT_DATABASE="$demo/registry.sqlite" OVERSIGHT_TLOG="$demo/tlog/leaves.jsonl" OVERSIGHT_STATE="$demo"
	./bin/oversightgen --db "$OVERSIGHT_DATABASE" --rate 3/s &
	generator=$!
else
	name=$(basename "$config" .yaml)
	export OVERSIGHT_DATABASE="${OVERSIGHT_DATABASE:-out/demo/registry.sqlite}" OVERSIGHT_TLOG="${OVERSIGHT_TLOG:-out/demo/tlog/leaves.jsonl}"
	export OVERSIGHT_REGISTRY_ID="${OVERSIGHT_REGISTRY_ID:-demo}"
	export OVERSIGHT_STATE="${OVERSIGHT_STATE:-out/$name}" OVERSIGHT_OUTPUT="${OVERSIGHT_OUTPUT:-out/$name}"
fi

# A signal arrived before the collector was started.
[ -z "$stopping" ] || exit 0

./bin/otelcol-oversight --config "$config" &
collector=$!
[ -z "$stopping" ] || stop
wait_for "$collector"
status=$?

# A signal that arrives before the collector handles signals kills it.
if [ -n "$stopping" ] && { [ "$status" -eq 130 ] || [ "$status" -eq 143 ]; }; then status=0; fi
exit "$status"
