// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

// Package release tests what is released and deployed where it is installed: in
// containers and on systems that it makes itself. It needs root and Linux, and
// `make test-release` runs it.
package release
