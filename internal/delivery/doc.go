// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package delivery decides what to send next to a destination that may refuse it,
// so that nothing is lost and no event is blamed for what a destination, or another
// event, is the cause of.
//
// A [Lane] delivers the rows of one queue in their order. It does no I/O of its own
// and keeps nothing: its owner sends, saves what a [Step] says in one transaction,
// and waits. A [Backlog] decides when rows that were refused are sent again.
//
// # What errors mean
//
// A destination that says why it refuses, with an error that implements [Refusal],
// is believed. Any other permanent error may be the fault of the destination or of
// any part of what was sent: it is looked into. An error that is not permanent is
// retried; when it lasts for a minute or three attempts, it is looked into as well,
// with one request for each back-off. An error that says that the destination is busy
// is retried, too, and never blames a row.
//
// A refused batch is halved until one row is refused alone. That row is sent in a
// reduced form, which differs from it only in text from strangers. If that is
// refused, too, other rows are sent, one each. If none is accepted, the destination
// is to blame: the lane holds, and sends one row for each back-off, in turn, until
// one is accepted. A row is blamed only between two refusals of it alone, with
// something else accepted in between. An error that blames the destination does so,
// too: but where another row ends three holds for the same one, it is looked into.
//
// Where rows have no reduced form ([Settings.NoReducedForm]), as in a gateway that knows
// nothing of what it delivers, other rows are the only evidence, those of other calls
// included ([Lane.AcceptedElsewhere]): a message of one row has no others. An answer that
// accepts some rows and refuses others, followed by a refusal of one of these alone, counts
// as well: for one row, or for each if the errors say that content or size is to blame.
//
// Where the reduced form of a row is accepted, no other row is needed: a hold sends it
// in every second round. Where no more rows can be done ahead, the reduced forms of
// other rows are sent in place of these.
//
// With errors that are not permanent, or that blame the destination, the first row costs
// back-offs. Once one was found, or its number was, or an answer accepted some rows and
// refused others, the next such errors are taken for refusals for 10 minutes, without a
// wait, until four single rows in a row are refused: then the lane holds. A row must then
// be refused alone three times after something else was accepted, unless five were found
// before, or an answer told them apart: a destination that answers at random is not to be
// taken for one that refuses a row.
//
// # What is guaranteed
//
// Provided that the error of a send is that of the destination, and nil means that
// it has accepted everything, that a Step is saved before the next, or with a later one if
// it only passed accepted rows, and that rows are given in their order:
//
//   - A row is passed only if it was accepted, or is reported as [Blamed] in the same
//     Step.
//   - A destination that accepts all of a request or nothing, or says what it accepted
//     (see [Partial]), gets nothing twice, the reduced form included. Crashes of the
//     owner between a send and its save are the exception: at most the rows that were
//     sent since the last save.
//   - While a lane holds, there is one request with one row for each back-off.
//   - Each call of [Lane.Step] sends at most one request, and passes rows, halves what
//     is sent next, tries another row, or asks for a wait.
//
// One refused row among 1,000 costs at most 24 requests, 100 scattered ones 960. A
// destination that refuses everything gets 28 requests before the lane holds. 40 rows
// of 400 that provoke errors which are not permanent cost at most 410 requests, and the
// others 30 seconds, with back-offs of 5 s to 30 s. Tests check all of this, with
// destinations that refuse at random, too.
//
// Destinations that refuse at random, such as a balancer with a broken server, may
// make an innocent row look guilty. It is kept and sent again: late, not lost.
package delivery
