// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package livedb reads a SQLite database that other processes are writing,
// without a trace and, but for a writer that leaves no gap, without a lock.
//
// A connection that SQLite opens itself takes locks in the database and creates
// -wal and -shm files beside it, even with mode=ro. Its locks keep the writer
// from removing its own files, its files can lock out a writer that runs as
// another user, and without write permission it often cannot read at all.
// Opening with immutable=1 avoids this and returns torn pages when a write
// comes in between.
//
// This package runs SQLite on a VFS of its own that only ever opens files for
// reading, keeps the wal-index in private memory and grants locks to nobody
// but its own connection. What makes the result right is optimistic
// concurrency control: a read happens first, and counts only if it is shown
// afterwards that all the pages it saw were one committed state.
//
// # The proof
//
// SQLite's write-ahead log is append-only within a generation, and a
// checkpoint copies pages from it into the database file. The committed state
// is the database file overlaid with the frames of the log up to the last
// commit (https://sqlite.org/walformat.html). A read scans the log up to the
// commit frame M of a generation with the salts S, and takes each page from
// there or else from the database file, remembering a hash of it. Then:
//
//  1. The log still has the salts S, so the frames up to M are what they were.
//  2. In the registry's wal-index (-shm), which is read and never mapped or
//     locked, no checkpoint of that generation has started on a frame beyond M
//     (nBackfillAttempted ≤ M; SQLite raises it before it writes a page).
//     Without a log, there still is none, or none of its frames has been copied.
//  3. Every page taken from the database file is read again, and is the same.
//
// The check of 2 stands between the two readings of each page, so at that
// moment all of them held these values, and no page of a later state was among
// them: the state read is the one that commit M made. If any step fails, the
// read is run again.
//
// A writer that leaves no gap could fail every attempt. From the ninth on, a
// read therefore holds the shared locks of any SQLite reader while it lasts,
// which end the waiting and change nothing about the proof.
//
// Databases with a rollback journal are read too; there, step 2 is that no
// journal is hot.
//
// # The connection
//
// [Conn], [Stmt] and [Value] are the little of SQLite's own API that a reader
// needs, without a driver in between: a text is read where SQLite has it.
package livedb
