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

// units are the units of time of a rate.
var units = map[string]time.Duration{
	"s": time.Second,
	"m": time.Minute,
	"h": time.Hour,
}

// parseRate parses the value of --rate: a number and, after a slash, a unit of time,
// by default a second. The empty string and zero mean no limit.
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
		return 0, fmt.Errorf("--rate is %q: must be a number of events per second, minute or hour, such as 5/s, 0.5/s or 100/m", text)
	}
	if events == 0 {
		return rate.Inf, nil
	}
	return rate.Limit(events / per.Seconds()), nil
}

// limiter spaces events evenly. Since sleeping is not exact, it allows bursts of the
// events of a hundredth of a second.
func limiter(limit rate.Limit) *rate.Limiter {
	return rate.NewLimiter(limit, max(1, int(min(limit, 1e6)/100)))
}
