#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Runs the collector until it is told to stop. Usage, at the top of the
# checkout: scripts/run.sh [CONFIG]
#
# With CONFIG, only the collector runs. Without, it runs config/demo.yaml, and
# beside it a generator writes events into a registry below ./out/demo, or
# another directory that OVERSIGHT_DEMO names.
#
# Ctrl-C (or SIGTERM, or SIGHUP) ends both, and this script with status 0 when
# the collector shut down well. If the collector ends by itself the generator
# is ended too, and the script's status is the collector's.
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
	# Never what the environment says: it may name a real registry, and the
	# generator writes.
	export OVERSIGHT_DATABASE="$demo/registry.sqlite" OVERSIGHT_TLOG="$demo/tlog/leaves.jsonl" OVERSIGHT_STATE="$demo"
	./bin/oversightgen --db "$OVERSIGHT_DATABASE" --rate 3/s &
	generator=$!
fi

# A signal that came before there was a collector to stop.
[ -z "$stopping" ] || exit 0

./bin/otelcol-oversight --config "$config" &
collector=$!
[ -z "$stopping" ] || stop
wait_for "$collector"
status=$?

# A collector that was told to stop before it listened for signals dies of it.
if [ -n "$stopping" ] && { [ "$status" -eq 130 ] || [ "$status" -eq 143 ]; }; then status=0; fi
exit "$status"
