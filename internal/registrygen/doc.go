// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package registrygen writes a registry's database and transparency log as a
// registry does: the same tables, the same journal mode, the same leaves, and each
// leaf durable before its row is committed. It also damages them, see [Tamper].
//
// It is for demonstrations, tests and benchmarks. The content is invented, and has
// the difficulties of real content: recipients and user agents that need escaping,
// unknown tokens, DNS queries without a name. Addresses are of the ranges that are
// reserved for documentation.
//
// [Settings.Seed] and [Settings.Start] determine the content: the nth event of a
// database is the same whatever the style, the rate, and how often the database was
// closed and opened again. Only the rows of events that are written concurrently may
// be in another order. The seed of a new registry also determines its key, which
// therefore protects nothing.
package registrygen
