// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// Selection is the flags that select events of a registry.
type Selection struct {
	// Database is where the events are.
	Database Database

	since   string
	until   string
	afterID int64
	limit   int64
}

const registryIDUsage = "the registry's `ID`, which is part of every event (required):\n" +
	"ed25519_pub of its /.well-known/oversight-registry, or a short id of your own"

// Register adds the flags. Zero for defaultLimit means all events.
func (s *Selection) Register(flags *pflag.FlagSet, defaultLimit int64) {
	s.Database.RegisterPath(flags)
	s.Database.RegisterID(flags, registryIDUsage)
	flags.StringVar(&s.since, "since", "", "only events at or after `TIME`, such as 2026-01-01T00:00:00Z or Unix\nseconds. Events whose time is not known are included")
	flags.StringVar(&s.until, "until", "", "only events before `TIME`, in the same formats")
	flags.Int64Var(&s.afterID, "after-id", 0, "only events with an id above `N`, such as the id to resume from that an\nearlier run printed")
	limitUsage := "the largest number of events"
	if defaultLimit == 0 {
		limitUsage += " (default: all)"
	}
	flags.Int64Var(&s.limit, "limit", defaultLimit, limitUsage)
}

// Range checks the flags and returns the range of events that they select.
func (s *Selection) Range(flags *pflag.FlagSet) (selected registry.Range, err error) {
	if err := s.Database.CheckPath(); err != nil {
		return selected, err
	}
	if err := s.Database.requireID(); err != nil {
		return selected, err
	}
	if s.afterID < 0 {
		return selected, fmt.Errorf("--after-id is %d: must not be negative; omit it to start with the first event", s.afterID)
	}
	if flags.Changed("limit") && s.limit <= 0 {
		return selected, fmt.Errorf("--limit is %d: must be positive", s.limit)
	}
	selected = registry.Range{AfterID: s.afterID, Limit: s.limit}
	if selected.Since, err = registry.ParseTime("--since", s.since); err != nil {
		return selected, err
	}
	if selected.Until, err = registry.ParseTime("--until", s.until); err != nil {
		return selected, err
	}
	if s.since != "" && s.until != "" && !selected.Since.Before(selected.Until) {
		return selected, fmt.Errorf("--since is %s: must be before --until, which is %s", s.since, s.until)
	}
	return selected, nil
}
