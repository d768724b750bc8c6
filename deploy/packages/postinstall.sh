#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Makes the service known. A first installation does not start it: it has to be told
# where the registry is. After an upgrade, a running service is restarted, and
# continues from its checkpoint. One that does not start leaves the package installed.
set -eu

start='systemctl enable --now otelcol-oversight'
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart otelcol-oversight.service ||
		echo 'otelcol-oversight was not restarted: see systemctl status otelcol-oversight' >&2
elif [ -d /run/openrc ] && [ -x /etc/init.d/otelcol-oversight ]; then # in packages for Alpine only
	start='rc-update add otelcol-oversight && rc-service otelcol-oversight start'
	rc-service --quiet --ifstarted otelcol-oversight restart ||
		echo 'otelcol-oversight was not restarted: see /var/log/otelcol-oversight/collector.log' >&2
fi

# An upgrade: dpkg and apk pass the version before as the second argument, and rpm the
# number of installed versions as the first.
if [ -n "${2:-}" ] || [ "${1:-}" = 2 ]; then
	exit 0
fi
# Not every package manager knows, when it unpacks, the group that was just created.
chgrp otelcol-oversight /etc/otelcol-oversight /etc/otelcol-oversight/secrets \
	/etc/otelcol-oversight/config.yaml /etc/otelcol-oversight/otelcol-oversight.conf
cat <<END
otelcol-oversight is installed and not running. Next:
  1. Set the registry's database in /etc/otelcol-oversight/otelcol-oversight.conf, and
     an id that no other registry has.
  2. It writes events to files below /var/log/otelcol-oversight. For a SIEM:
     oversight-siem config --help
  3. $start
END
