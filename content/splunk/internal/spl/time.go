// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

func relative(a []Value) (Value, error) {
	seconds, ok := number(a[0])
	if !ok {
		return nil, errors.New("relative_time() of no time")
	}
	at, err := RelativeTime(time.Unix(int64(seconds), 0), text(a[1]))
	return float64(at.Unix()), err
}

var relativeTime = regexp.MustCompile(`^(?:([+-]\d+)([smhdw]))?(?:@([smhd]))?$`)

var units = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}

// RelativeTime returns a time such as -65m@m, now or +1d.
func RelativeTime(now time.Time, specifier string) (time.Time, error) {
	if specifier == "now" {
		return now, nil
	}
	parts := relativeTime.FindStringSubmatch(specifier)
	if parts == nil || specifier == "" {
		return now, fmt.Errorf("%q is no relative time", specifier)
	}
	if parts[1] != "" {
		count, err := strconv.Atoi(parts[1])
		if err != nil {
			return now, err
		}
		now = now.Add(time.Duration(count) * units[parts[2]])
	}
	if parts[3] != "" {
		now = now.UTC().Truncate(units[parts[3]])
	}
	return now, nil
}

// span returns a length such as 5m.
func span(text string) (time.Duration, error) {
	at, err := RelativeTime(time.Unix(0, 0), "+"+text)
	return time.Duration(at.Unix()) * time.Second, err
}
