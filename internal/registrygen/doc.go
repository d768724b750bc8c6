// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package registrygen writes a registry's database and transparency log the
// way a registry does: the same tables, the same journal mode, the same leaves,
// and each leaf durable before its row is committed.
//
// It serves demonstrations, tests and benchmarks. What it writes is invented,
// but shaped like the real thing: documentation address ranges, recipients and
// user agents that need escaping, unknown tokens, DNS queries without a name.
//
// Content is decided by [Settings.Seed] and [Settings.Start] alone: the nth
// event of a database is the same whatever the style, the pace, and the number
// of times the database was closed and opened again in between. Only the rows
// of events that were written concurrently can come in another order. The seed
// of a new registry decides about its key, too, which therefore protects nothing.
package registrygen
