// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package tlog follows the transparency log of an Oversight registry: it reads the
// leaves, builds the Merkle tree over them, returns the leaf that a row of the events
// table must agree with, and detects when what it had read is changed afterwards.
//
// # What it reads
//
// A registry appends a line to leaves.jsonl for everything that it does, before it
// commits the row that says the same. A line holds a leaf, which is a small JSON
// object, the leaf's index, and its hash; see package leaf. The leaves are those of a
// Merkle tree (RFC 6962): hashes of neighbours are hashed together, level by level,
// up to one root of 32 bytes, which no other leaves have. From time to time the
// registry signs the root and the number of leaves: a tree head ([Head]).
//
// # What it proves
//
// A row that agrees with its leaf ([Log.Compare]) is the row that the registry meant
// to write: a later change of the row needs a change of the leaf, and a change of a
// leaf changes the root. A [Log] remembers the last root that it saw, also over restarts
// ([State]), and so detects that. If a signed head has another root at the same size
// ([Log.RootAt]), the registry has shown two logs.
//
// It does not prove that a leaf is true, nor that the registry wrote one for
// everything that happened. What was changed before the Log first read it shows only
// in heads that others have kept.
//
// # One Advance, from start to end
//
// [Log.Advance] is called with the number of leaves that are wanted.
//
//  1. It calls stat. If nothing has changed since the end of the file was seen, it
//     returns: an idle registry costs a microsecond.
//  2. A file that has only grown is assumed to hold what was read before, as long as
//     the last line that was read is unchanged; [Settings].ReverifyEvery verifies the
//     rest from time to time. A file that was replaced, is shorter than what had been
//     read, or was written to without growing may hold anything: what is known becomes
//     a State, as at a restart.
//  3. A State, from before a restart or from step 2, is checked: the last leaves before
//     its Size, 256 at most, are read again from their offset in the file, and must
//     have its root. So a restart costs a millisecond, and rows can be checked at once.
//     The leaves before these are left to [Log.Reverify], which reads them again in
//     slices, when there is time, and compares the root. [Log.Reverification] says what
//     it still has to read, and why.
//  4. Lines are read in groups of up to 256: the chunks. Each line is parsed and its
//     hash is checked; the hash is added to the tree, the leaf to the chunk.
//     [Settings].OnLeaf is called for new leaves. The JSON of a leaf is parsed when it
//     is looked up, or differs from the row that refers to it.
//  5. A full chunk goes to the cache, which keeps the last 16 for [Log.Compare] and
//     [Log.Lookup], since rows arrive in the order of their leaves. Only its offset in
//     the file and the root of its subtree are kept for good, 48 bytes for 256 leaves.
//     A chunk that is needed again later is read again, and must have that root.
//  6. This continues until there are as many leaves as were wanted, the file ends, or
//     ctx is done.
//
// # What may be wrong
//
// What is wrong with the log becomes a [Finding], which [Log.Findings] returns, and
// reading continues. There are two kinds.
//
// A corrupt leaf (leaf_corrupt) has a line that cannot be read, a hash that is not that
// of its bytes, or an index that does not fit the lines around it. It keeps its
// position in the tree, with the hash that the line declares: if only the leaf was
// changed, all roots stay the same. The index of a line decides which leaves are
// missing before it. If not even a hash can be read, the roots from there on are not
// known. Each corrupt leaf is reported once, also after a restart or a second reading.
//
// A log that was rewritten (log_rewritten) has another root at the size that had been
// read before, or fewer leaves. If step 3, a chunk or Reverify shows that something has
// changed, the file is read from its beginning, and what was known is kept aside. When
// the file has been read up to that size, or to its end, the two are compared; only
// then is there a finding. A file with the same leaves in another form of JSON causes
// no finding.
//
// # Rotation
//
// A file whose first line has the index that is expected next continues the log;
// [State].First says where it begins. The leaves before are no longer available, but
// the compact range over them is kept, so that all roots still cover them. The first
// line must be in the file when it is put at the path: an empty file is a log that was
// cut off.
package tlog
