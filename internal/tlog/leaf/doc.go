// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package leaf reads single leaves of an Oversight registry's transparency log
// and compares them with rows of its events table. It does no I/O and knows
// nothing of the Merkle tree.
//
// # A line
//
// leaves.jsonl has a line for each leaf:
//
//	{"index": 7, "leaf_hash": "5f0c…", "leaf_data": "{\"event\":…}", "leaf_data_hex": "7b22…"}
//
// The leaf is the bytes that leaf_data_hex encodes; leaf_data is the same text, for
// people. Public registries write no leaf_data_hex, and a later one may add keys.
// leaf_hash is SHA-256 of a zero byte and the leaf (RFC 6962, 2.1). [ParseLine] has two
// parsers: one for lines exactly as registries write them, which allocates nothing, and
// one for any JSON, which also makes the errors. A fuzz test compares them.
//
// # A leaf
//
// A leaf is its bytes: its hash fixes them, so that it may be a JSON object in any form.
// Registries differ in it: the public one in Python writes ASCII, with escapes for
// everything else; the others the form of RFC 8785. A key that is not known is passed
// over, and a repeated key makes the leaf corrupt.
//
// Leaves of beacon callbacks have "event":"beacon" and repeat the columns of a row.
// [Agrees] compares a leaf with the bytes that registries write for a row, which is
// enough for nearly all rows. [ParseBeacon] and [Beacon.Mismatch] say what differs in the
// others.
//
// # What a row that agrees may differ in
//
// A leaf does not have the columns id, issuer_id and tlog_index, user_agent of a dns
// beacon and extra of any other, nor what extra has beside qname and qtype. NULL and the
// empty text are the same here, and so are U+FFFD and half a surrogate pair in extra:
// events and the records of them do not tell these apart either.
package leaf
