// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"net/http"
	"time"
)

// maxClockDifference is how far the clocks of two machines may be apart.
const maxClockDifference = time.Minute

// compareClock compares this machine's clock with the header Date of an answer.
func compareClock(a *answer) []finding {
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return nil
	}
	difference := time.Until(date)
	if difference.Abs() <= maxClockDifference {
		return nil
	}
	side := "ahead of"
	if difference < 0 {
		side = "behind"
	}
	return warning("run a time service such as chrony on both machines", "the clock of %s is %s %s this machine's", a.url, difference.Abs().Round(time.Second), side)
}
