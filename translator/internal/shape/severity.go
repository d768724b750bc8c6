// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import "go.opentelemetry.io/collector/pdata/plog"

// Level is how severe a record is, of the levels that all destinations have.
type Level int

// The levels, from the least severe one.
const (
	Informational Level = iota
	Medium
	High
)

// LevelOf is the level of a severity: WARN is Medium, ERROR and above are High, and
// anything below WARN is Informational.
func LevelOf(severity plog.SeverityNumber) Level {
	switch {
	case severity >= plog.SeverityNumberError:
		return High
	case severity >= plog.SeverityNumberWarn:
		return Medium
	default:
		return Informational
	}
}
