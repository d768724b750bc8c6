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
// The leaf is the bytes that leaf_data_hex encodes; leaf_data is the same text,
// for people. leaf_hash is SHA-256 of a zero byte and the leaf (RFC 6962, 2.1).
// [ParseLine] has two parsers: one for lines exactly as registries write them,
// which allocates nothing, and one for any JSON, which also makes the errors. A
// fuzz test compares them.
//
// # A leaf
//
// A leaf is a JSON object in canonical form (RFC 8785). Those of beacon callbacks
// have "event":"beacon" and repeat the columns of a row. [Agrees] compares a leaf
// with the bytes that a registry writes for a row, which is enough for nearly all rows.
// [ParseBeacon] and [Beacon.Mismatch] say what differs in the others.
package leaf
