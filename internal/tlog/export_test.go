// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// What fuzzing compares: the fast ways and the ones that take everything.

// ParseLineFast is the fast way of ParseLine. It reports whether it took the
// line.
func ParseLineFast(line []byte, leaf *Leaf) bool { return parseFast(line, leaf) }

// ParseLineSlow is the other way of ParseLine.
func ParseLineSlow(line []byte, leaf *Leaf) error {
	fields, err := scanLine(line)
	if err != nil {
		return err
	}
	return fields.fill(leaf)
}
