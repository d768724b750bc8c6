#!/bin/sh
# Copyright The Oversight Authors
# SPDX-License-Identifier: Apache-2.0

# Runs a command that reads a memory limit of so many MiB where a container's is. Usage:
# scripts/with-memory-limit.sh MEBIBYTES COMMAND [ARGUMENT...]
#
# Nothing enforces the limit: what the kernel says of the command's cgroup is replaced,
# in a mount namespace of its own. This needs Linux and util-linux's unshare, and root or
# a kernel that lets users create namespaces.
set -eu

limit=$(($1 << 20))
shift
exec unshare --map-root-user --mount --propagation private sh -euc '
	limit=$1
	shift
	cgroups=/sys/fs/cgroup
	mount -t tmpfs none $cgroups
	mkdir $cgroups/container
	echo "$limit" >$cgroups/container/memory.max
	echo "0::/container" >$cgroups/cgroup
	echo "31 1 0:30 / $cgroups rw - cgroup2 cgroup rw" >$cgroups/mountinfo
	mount --bind $cgroups/cgroup /proc/$$/cgroup
	mount --bind $cgroups/mountinfo /proc/$$/mountinfo # last: mount reads it
	exec "$@"
' sh "$limit" "$@"
