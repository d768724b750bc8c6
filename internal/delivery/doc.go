// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package delivery decides what to send next to a destination that may refuse it,
// so that nothing is lost and no event is blamed for what a destination, or another
// event, is the cause of.
//
// A [Lane] delivers the rows of one queue in their order. It does no I/O of its own
// and keeps nothing: its owner sends, saves what a [Step] says in one transaction,
// and waits. A destination that says why it refuses, with an error that implements
// [Refusal], is believed; any other permanent error is looked into.
package delivery
