// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"time"

	"github.com/cenkalti/backoff/v5"
)

// BackOff says how long to wait after failures, as `retry_on_failure` of components of
// the collector does.
type BackOff struct {
	// InitialInterval is the wait after the first failure, and MaxInterval the longest.
	InitialInterval, MaxInterval time.Duration
	// Multiplier is by how much it grows from one failure to the next.
	Multiplier float64
	// RandomizationFactor is how much it may differ: 0.5 means by half.
	RandomizationFactor float64
}

// NewIntervals returns a function for [Settings.NextInterval]. It is for one goroutine
// at a time, and to be called for one failure after the other.
func (b BackOff) NewIntervals() func(failures int) time.Duration {
	interval := &backoff.ExponentialBackOff{
		InitialInterval:     b.InitialInterval,
		RandomizationFactor: b.RandomizationFactor,
		Multiplier:          b.Multiplier,
		MaxInterval:         b.MaxInterval,
	}
	return func(failures int) time.Duration {
		if failures <= 1 {
			interval.Reset()
		}
		return max(interval.NextBackOff(), time.Millisecond)
	}
}
