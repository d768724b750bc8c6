// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

// Package packages tests what `make release` builds: that it is the same each time,
// and that it can be installed, run, upgraded from earlier collectors, rolled back and
// removed: in a Debian, with dpkg or rpm and systemd, or with OpenRC. It needs root,
// Debian's archive for a system to install into, and the history of this repository.
package packages
