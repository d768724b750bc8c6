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
//     read, or was written to without growing (also at the next look: a system may set
//     the time before the size) may hold anything: what is known becomes a State, as at
//     a restart.
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
//     ctx is done, also in the middle of a line: time is bounded whoever writes the file.
//     A line has 16 MiB at most. A longer one is a corrupt leaf, of which nothing is
//     kept; a leaf of more than 64 KiB is read again when it is looked up.
//
// # Leaves and indexes
//
// A leaf is a line that is not blank, and its number is that of the line. The tree is
// over all lines, as a registry counts them when it starts. The index in a line is a
// claim: it usually is the number. But a registry whose disk is full keeps in memory what
// it cannot write, so that the indexes of later lines jump; after a restart, which
// counts the lines, it uses these indexes again. So [Log.CompareLeaf] compares a row with
// every line that claims its index, and says that they differ only when no other line may
// come to claim it, see [Log.Covers]. A jump is told (leaf_index_jumped), and is no fault.
//
// A registry signs the root of the leaves in its memory. These may be others than those
// of the lines, and [Log.CompareRoot] knows what can be known of them:
//
//   - While the indexes are ahead of the numbers, the registry has leaves that the file
//     lacks: its roots cannot be compared until it starts again.
//   - Lines of one chunk that stand in another order count in the order of their indexes.
//     Where lines are in another chunk, or repeated, the order is not known.
//   - A line that a registry had begun when it stopped is continued with the next one. That
//     one counts; what had been begun is no leaf.
//   - A registry that starts does not count lines that it cannot parse: those two, and
//     damaged ones. The tree without these is kept beside the other one. Where such lines
//     come from before and after a start, which ones the registry has is not known.
//
// # What may be wrong
//
// What is wrong with the log becomes a [Finding], which [Log.Findings] returns, and
// reading continues. There are two kinds.
//
// A corrupt leaf (leaf_corrupt) has a line that cannot be read, or a hash that is not that
// of its bytes. It keeps its position in the tree, with the hash that the line declares:
// if only the leaf was changed, all roots stay the same. If not even a hash can be read,
// the roots from there on are not known, unless the leaf was read before it was damaged:
// the root of its chunk, from memory or [Settings].KeptRoot, or the hashes of the last
// State then take its place. Each corrupt leaf is reported once, also after a restart or
// a second reading.
//
// A log that was rewritten (log_rewritten) has another root at the size that had been
// read before, or fewer leaves. If step 3, a chunk or Reverify shows that something has
// changed, the file is read from its beginning, and what was known is kept aside. When
// the file has been read up to that size, or to its end, the two are compared; only
// then is there a finding. The roots of chunks show which leaves it is about. If later
// chunks are as they were, only the leaves between have been changed: the tree keeps the
// root that they had, so that later roots can be compared with signed ones, and the
// change is reported once. Otherwise the log was forked there: the tree follows the file.
// A file that became shorter may be a copy that is being written: see
// [Settings].ShortGrace. A file with the same leaves in another form of JSON causes no
// finding.
//
// A file that begins where another one ended lacks leaves: no registry rotates its log.
package tlog
