// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"math/rand/v2"
	"time"
)

// DefaultStart is where the event clock of a reproducible database starts
// unless the settings say otherwise: 2026-01-01T00:00:00Z.
var DefaultStart = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// meanStep is the average time between two events on the event clock; at most it is
// twice that. Some events are within the same second, as in a real registry.
const meanStep = 1500 * time.Millisecond

// clock returns the time of event n. Event 0 is the registration of documents.
type clock func(n int64, random *rand.Rand) time.Time

func wallClock(int64, *rand.Rand) time.Time { return time.Now() }

// steppingClock depends on the number of an event only, so that closing and opening a
// database changes no time.
func steppingClock(start time.Time) clock {
	return func(n int64, random *rand.Rand) time.Time {
		if n == 0 {
			return start
		}
		jitter := time.Duration(random.Int64N(int64(meanStep)))
		return start.Add(time.Duration(n)*meanStep + jitter)
	}
}

// timestamp formats t as the registry does.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
