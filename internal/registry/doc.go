// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package registry reads the events table of an Oversight registry's SQLite
// database, in the order of its ids, as batches of [translator.Event].
//
// Rows become visible in the order of their ids, so a cursor on the id misses none.
// The cursor also keeps the uid of its row's event. A database in which that row is
// another event, or in which fewer ids were ever used, is another database. One in
// which the row is missing was pruned.
package registry
