// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package oversightreceiver tails the events table of an Oversight registry's SQLite
// database and emits every beacon callback as a log record.
package oversightreceiver
