#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Stops the service before its files are removed. An upgrade leaves it running until
# the new version is installed.
set -eu

case "${1:-}" in
upgrade | 1 | failed-upgrade) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
	systemctl --quiet disable --now otelcol-oversight.service || true
elif command -v rc-service >/dev/null && [ -x /etc/init.d/otelcol-oversight ]; then
	rc-service --quiet --ifstarted otelcol-oversight stop || true
	rc-update --quiet delete otelcol-oversight 2>/dev/null || true
fi
