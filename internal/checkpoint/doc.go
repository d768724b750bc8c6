// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package checkpoint is the format in which a receiver keeps what it has to
// remember, version 2: docs/checkpoint.md describes it. The package encodes,
// decodes and checks values, and knows nothing of the storage that holds them.
//
// A checkpoint is a set of keys and values. The key [RootKey] holds the [Root],
// with the version and the cursor. Every other part has a key of its own, whose
// value lists the pages of that part if it has any: a storage has no listing, so
// that everything must be reachable from a known key.
//
// Every value ends with a CRC-32C, see [Sum]: a damaged value is an error, and
// never another position. Values that are JSON objects keep members that this
// version does not know ([Extra]): a later version may add some, and an earlier
// collector that runs in between writes them back.
package checkpoint
