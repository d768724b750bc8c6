// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

// Package packages tests what `make release` builds: that it is the same each time,
// and that Debian installs, runs, upgrades and removes it. It needs root, and
// Debian's archive for a system to install into.
package packages
