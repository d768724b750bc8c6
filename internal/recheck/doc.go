// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package recheck decides what has become of rows that were delivered: up to which
// one a database that went back still has them, and which of them were changed,
// deleted, inserted or pruned. It compares fingerprints of all of them, which are in
// chunks in a storage. It knows no files and no SQL, and does I/O only through [Storage]
// and [Reader].
package recheck
