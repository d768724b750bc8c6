// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package tlog follows the transparency log of an Oversight registry: it reads
// the leaves, builds the Merkle tree over them, gives the leaf that a row of the
// events table has to agree with, and notices when what had been read is changed
// afterwards.
//
// # What it follows
//
// A registry appends a line to leaves.jsonl for everything that it does, before
// it commits the row that says the same. A line holds a leaf, which is a small
// JSON object, the leaf's index, and its hash. The leaves are those of a Merkle
// tree (RFC 6962): each two neighbours are hashed together, and each two of
// these, up to one root, 32 bytes that no other leaves have. The registry signs
// the root and the number of leaves now and then: a tree head ([Head]).
//
// # What it proves
//
// A row that agrees with its leaf ([Beacon.Mismatch]) is the row that the
// registry meant to write: whoever changes it later has to change the leaf too.
// Whoever changes a leaf changes the root, and a [Log] remembers the last root
// that it saw, over restarts too ([State]), which is a witness that the registry
// cannot talk to. If a signed head has another root at the same size
// ([Log.RootAt]), the registry has shown two logs.
//
// It does not prove that a leaf is true, nor that the registry wrote one for
// everything that happened. What was changed before the Log first read it
// shows only in heads that others have kept.
//
// # One Advance, from start to end
//
// [Log.Advance] is called with the number of leaves that are wanted.
//
//  1. It asks stat about the file. Where nothing has changed since, and the end
//     had been seen, it returns: an idle registry costs a microsecond.
//  2. A file that has only grown is taken to hold what was read before, as long
//     as the last line that was read is still in its place; [Log.Recheck] has
//     that looked at from time to time. A file that was replaced, is shorter
//     than what had been read, or was written to without growing may hold
//     anything: what is known becomes a State, as at a restart.
//  3. A State, from before a restart or from step 2, is checked: the last leaves
//     before its Size, 256 at most, are read again from the place in the file
//     where they were, and must give its root. So a restart costs a
//     millisecond, and rows can be checked at once. What stands before these
//     leaves is left to [Log.Reverify], which reads it again in slices, when there
//     is time, and compares the root at that place.
//  4. Lines are read, in groups of up to 256: the chunks. Each line is parsed and
//     its hash is computed ([ParseLine]); the hash goes into the tree, the
//     leaf into the chunk. The caller is told of those that are new
//     ([Settings].OnLeaf). What a leaf holds is parsed ([ParseBeacon]) when it is
//     looked up, or differs from the row that names it.
//  5. A full chunk goes to the cache, which keeps the last 16 of them for
//     [Log.Compare] and [Log.Lookup]: rows come about in the order of their leaves. Only its place in
//     the file and the root of its subtree are kept forever, 40 bytes for 256
//     leaves. A chunk that is wanted again later is read again, and must hash to
//     that root.
//  6. This goes on until there are as many leaves as were wanted, the file ends,
//     or time is up.
//
// # What may be wrong
//
// Whatever is wrong with the log becomes a [Finding], which [Log.Findings] hands
// over, and reading goes on. There are two kinds.
//
// A corrupt leaf (leaf_corrupt) has a line that cannot be read, a hash that is
// not that of its bytes, or an index that is not its place. It keeps its place
// in the tree, with the hash that the line declares: if only the leaf was
// changed, all roots stay what they were. The line's index decides what is
// missing: where a line is gone, the next one shows how many leaves lack. If
// not even a hash can be read, the roots from there on are not known. Each
// corrupt leaf is told of once, and again after neither a restart nor a second
// reading.
//
// A log that was rewritten (log_rewritten) has another root at the size that had
// been reached before, or does not reach that far any more. If step 3, a chunk or
// Reverify shows that something is not what it was, the file is read from its
// beginning again, with what was known kept aside. When it has been read up to
// the size that was known, or its end, the two are compared; only then is there a
// finding. A file that holds the same leaves in other words is no finding.
//
// # Rotation
//
// A file whose first line has the index that is expected next goes on with the
// log; [State].First says where it begins. The leaves before are not there to be
// looked at any more, but the compact range over them is kept, and so all roots
// still cover them. The first line has to be in the file when it is put in
// place: one that is empty is a log that was cut off.
package tlog
