// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package reconcile joins the two records that a registry keeps of every beacon
// callback: the row in the events table and the leaf in the transparency log.
// Each bears out the other, and where one does not, it makes a finding.
//
// A [Reconciler] is shown every row once, in the order of their ids, and follows
// the log by itself. Of each leaf it saves two bits: whether a row has claimed
// it, and whether there is anything left to say about it. A beacon's leaf that
// no row has claimed after a while is a leaf without a row.
//
// Nothing that it finds is final before [Reconciler.Commit]: the caller hands on
// events and findings first, and only then commits and saves the [Snapshot].
// After a crash the same rows are shown again, and the same is found again.
package reconcile
