#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Creates the user and the group that the service runs as.
set -eu

name=otelcol-oversight
home=/var/lib/otelcol-oversight

if ! getent group "$name" >/dev/null; then
	if command -v groupadd >/dev/null; then
		groupadd --system "$name"
	else
		addgroup -S "$name"
	fi
fi
if ! getent passwd "$name" >/dev/null; then
	if command -v useradd >/dev/null; then
		useradd --system --gid "$name" --home-dir "$home" --no-create-home --shell /usr/sbin/nologin "$name"
	else
		adduser -S -D -H -h "$home" -s /sbin/nologin -G "$name" "$name"
	fi
fi
# A user who was there before may be of another group. Then `runuser -u` could not read what
# the service can.
case " $(id -Gn "$name") " in
*" $name "*) ;;
*)
	if command -v usermod >/dev/null; then
		usermod --append --groups "$name" "$name"
	else
		addgroup "$name" "$name"
	fi
	;;
esac
