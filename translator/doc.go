// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package translator holds a beacon callback as a value, and turns it into an
// OpenTelemetry log record and back.
//
// An [Event] is one row of an Oversight registry's events table. [Event.ToLogRecord]
// and [FromLogRecord] are inverse to each other: no field is lost on the way.
// An [Integrity] is one finding about the registry's transparency log, which goes
// the same ways.
//
// Everything here is a pure function, without I/O or a clock, and safe for
// concurrent use as long as no two calls share a record.
package translator
