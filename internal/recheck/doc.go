// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package recheck decides what has become of rows that were delivered: up to which
// one a database that went back still has them, and which of them were changed,
// deleted, inserted or pruned. It knows no files and no SQL, and does no I/O.
package recheck
