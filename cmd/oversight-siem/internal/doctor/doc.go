// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package doctor checks what a collector's configuration names: files, the storage of
// the checkpoint, the registry and the destinations. It changes nothing in the
// registry's directory, and sends no event unless it is told to.
package doctor
