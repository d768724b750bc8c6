// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]rate.Limit{
		"":       rate.Inf,
		"0":      rate.Inf,
		"0/s":    rate.Inf,
		"5":      5,
		"5/s":    5,
		"0.5/s":  0.5,
		".5":     0.5,
		"1e3/s":  1000,
		"120/m":  2,
		"1800/h": 0.5,
	} {
		got, err := parseRate(text)
		require.NoError(t, err, text)
		assert.InDelta(t, float64(want), float64(got), 1e-9, text)
	}
}

func TestParseRateErrors(t *testing.T) {
	for _, text := range []string{
		"/", "/s", "s", "5/", "5/d", "5/S", "5 /s", "5/s/s", "five", "-1", "-1/s", "NaN", "Inf", "-Inf/s", "1e10/s", "5/ms",
	} {
		_, err := parseRate(text)
		require.ErrorContains(t, err, `--rate is "`+text+`"`)
		require.ErrorContains(t, err, "5/s, 0.5/s or 100/m")
	}
}

// Events are spaced evenly, and no burst follows a delay.
func TestLimiter(t *testing.T) {
	start := time.Now()
	for name, test := range map[string]struct {
		limit rate.Limit
		after int // events
		want  time.Duration
	}{
		"the first comes at once": {5, 1, 0},
		"five a second":           {5, 11, 2 * time.Second},
		"one in two seconds":      {0.5, 3, 4 * time.Second},
		"fast":                    {1000, 1010, time.Second},
		"unlimited":               {rate.Inf, 1e6, 0},
	} {
		t.Run(name, func(t *testing.T) {
			limiter := limiter(test.limit)
			var delay time.Duration
			for range test.after {
				delay = limiter.ReserveN(start, 1).DelayFrom(start)
			}
			assert.InDelta(t, test.want.Seconds(), delay.Seconds(), 1e-3)
		})
	}
}
