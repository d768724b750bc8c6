// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// units are the times that a rate can be for.
var units = map[string]time.Duration{
	"s": time.Second,
	"m": time.Minute,
	"h": time.Hour,
}

// parseRate reads the value of --rate: a number and, after a slash, a unit of
// time, or a second without one. The empty text and zero are no limit.
func parseRate(text string) (rate.Limit, error) {
	if text == "" {
		return rate.Inf, nil
	}
	number, unit, found := strings.Cut(text, "/")
	if !found {
		unit = "s"
	}
	events, err := strconv.ParseFloat(number, 64)
	per, known := units[unit]
	// A comparison that fails for NaN too.
	if err != nil || !known || !(events >= 0 && events <= 1e9) {
		return 0, fmt.Errorf("--rate %q: give a number of events a second, a minute or an hour, like 5/s, 0.5/s or 100/m", text)
	}
	if events == 0 {
		return rate.Inf, nil
	}
	return rate.Limit(events / per.Seconds()), nil
}

// limiter spreads events evenly. What fell behind is caught up within a
// hundredth of a second's worth, as sleeping is not exact.
func limiter(limit rate.Limit) *rate.Limiter {
	return rate.NewLimiter(limit, max(1, int(min(limit, 1e6)/100)))
}
