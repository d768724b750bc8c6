#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Removing the package keeps configuration, checkpoint and output, so that an
# installation later continues where this one ended. `dpkg --purge` removes them, and
# the user.
set -eu

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
if [ "${1:-}" = purge ]; then
	# One that is a disk of its own stays, and is empty: rm says so, and the purge goes on.
	rm -rf /etc/otelcol-oversight /var/lib/otelcol-oversight /var/log/otelcol-oversight || true
	if getent passwd otelcol-oversight >/dev/null; then userdel otelcol-oversight || true; fi
	if getent group otelcol-oversight >/dev/null; then groupdel otelcol-oversight || true; fi
fi
