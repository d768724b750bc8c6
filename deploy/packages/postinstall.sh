#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Makes the service known. A first installation does not start it: it has to be told
# where the registry is. After an upgrade, a running service is restarted, and
# continues from its checkpoint.
set -eu

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart otelcol-oversight.service
elif command -v rc-service >/dev/null && rc-service --quiet otelcol-oversight status 2>/dev/null; then
	rc-service otelcol-oversight restart
fi

# The argument is the version before, for dpkg; the number of installed versions, for rpm.
if [ "${1:-}" = configure ] && [ -n "${2:-}" ] || [ "${1:-}" = 2 ]; then
	exit 0
fi
# Not every package manager knows, when it unpacks, the group that was just created.
chgrp otelcol-oversight /etc/otelcol-oversight /etc/otelcol-oversight/secrets \
	/etc/otelcol-oversight/config.yaml /etc/otelcol-oversight/otelcol-oversight.conf
cat <<'END'
otelcol-oversight is installed and not running. Next:
  1. Say in /etc/otelcol-oversight/otelcol-oversight.conf where the registry is.
  2. Choose a destination in /etc/otelcol-oversight/config.yaml.
  3. systemctl enable --now otelcol-oversight
END
