// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package tlog follows the transparency log of an Oversight registry: it reads
// the leaves, builds the Merkle tree over them, compares rows with their leaves
// and notices when what had been read is changed afterwards.
package tlog
