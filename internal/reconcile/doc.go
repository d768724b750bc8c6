// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package reconcile compares the two records that a registry keeps of every beacon
// callback: the row in the events table and the leaf in the transparency log.
// Each confirms the other. Where one does not, that is a finding.
//
// A [Reconciler] is given every row once, in the order of the ids, and follows the
// log by itself. Of each leaf it saves two bits: whether a row claimed it, and
// whether it is resolved, so that no row is expected any more. A beacon leaf that no
// row has claimed after the grace period is a leaf without a row.
//
// Nothing that it finds is final before [Reconciler.Commit]: the caller delivers
// events and findings first, and only then commits and saves the [Snapshot].
// After a crash it is given the same rows, and finds the same.
package reconcile
