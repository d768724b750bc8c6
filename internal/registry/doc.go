// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package registry reads the events table of an Oversight registry's SQLite
// database, in the order of its ids, as batches of [translator.Event].
//
// Rows become visible in the order of their ids, so a cursor on the id misses none.
// The cursor also keeps the uid of its row's event. A database in which that row is
// another event, or in which fewer ids were ever used, is another database. One in
// which the row is missing was pruned.
//
// # What is read
//
// SQLite checks no types, and a table that somebody imported or copied may hold
// anything. What the registry's own exporter reads (oversight_core/siem.py) is read,
// with the same result. What cannot be read is left out and described in
// [translator.Event.DecodeError]. [Ordered] reads all rows. A cursor reaches those
// whose ids are positive integers, each id once; [Notice] tells of others.
//
// # Memory
//
// Values of up to 1 MiB are read whole, and a batch holds 4 MiB of them, or one row. Of
// a longer value, an event holds the beginning, and its size and hash. It is read in
// pieces of 64 KiB for the uid, which covers all of it.
package registry
