// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package translator holds a beacon callback as a value, and converts it to an
// OpenTelemetry log record and back.
//
// An [Event] is one row of an Oversight registry's events table. [Event.ToLogRecord]
// and [FromLogRecord] are inverse to each other: no field is lost on the way.
// An [Integrity] is one finding about the registry's transparency log, and
// converts in the same way. A [Document] is either, as the packages below this one
// write it in the shape that a SIEM expects.
//
// Everything here is a pure function, without I/O or a clock, and safe for
// concurrent use as long as no two calls share a record or a Document.
package translator
