// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package livedb reads a SQLite database that other processes are writing. It
// changes no file, and takes locks only if a writer leaves no gap.
//
// A connection that SQLite opens itself takes locks in the database and creates
// -wal and -shm files beside it, even with mode=ro. Its locks keep the writer
// from removing its own files, its files can lock out a writer that runs as
// another user, and without write permission it often cannot read at all.
// Opening with immutable=1 avoids this and returns torn pages when a write
// comes in between.
//
// This package runs SQLite on a VFS of its own that opens files for reading only
// and keeps the wal-index in private memory. Optimistic concurrency control makes
// the result correct: after a read, it proves that all pages of it were of one
// committed state, or reads again.
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
//     If there was no log, or an empty one from which nothing was read, there is none
//     now, or none of its frames has been copied.
//  3. Every page taken from the database file is read again, and is the same.
//
// Step 2 is between the two readings of each page, so at that moment all of them
// held these values, and no page of a later state was among them: the state that
// was read is that of commit M. If any step fails, the read is repeated.
//
// A writer that leaves no gap could make every attempt fail. From the ninth on, a
// read therefore holds the shared locks that every SQLite reader holds, for as
// long as it lasts. The proof remains the same.
//
// Databases with a rollback journal are read too; there, step 2 is that no
// journal is hot. SQLite asks for the size of the file before it reads a page. A
// file that grew in between looks damaged, so a read that finds damage is repeated
// if the size is not what it was.
//
// # Systems
//
// Locks need open file description locks, which only Linux has. On macOS and
// FreeBSD a read takes none and returns [ErrBusy] where Linux would lock.
//
// On Windows, a file and a mapped view of it, as SQLite has of the wal-index, need
// not be coherent, so that step 2 proves nothing. There, only a database that no
// process has open for writing can be read, for example a copy. Otherwise
// [DB.View] returns an error that matches [errors.ErrUnsupported].
//
// Package filestat says how files are distinguished. Where the system does not
// identify them, a database that was written to counts as another file and is opened
// again.
//
// # The connection
//
// [Conn], [Stmt] and [Value] are the part of SQLite's C API that a reader needs.
// There is no driver in between, and the bytes of a text are not copied. A statement
// fails at a value of more than [MaxValueBytes], which a [Blob] reads in pieces.
package livedb
