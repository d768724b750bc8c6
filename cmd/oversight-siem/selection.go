// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// selection is the flags that say which events.
type selection struct {
	database   string
	registryID string
	since      string
	until      string
	afterID    int64
	limit      int64
}

func (s *selection) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	all := ""
	if s.limit == 0 {
		all = " (default: all)"
	}
	flags.StringVar(&s.database, "db", "", "the registry's database `FILE` (required)")
	flags.StringVar(&s.registryID, "registry-id", "", "the registry's `ID`, which every event names (required):\ned25519_pub of its /.well-known/oversight-registry, or a short name of yours")
	flags.StringVar(&s.since, "since", "", "only events from that `TIME` on: like 2026-01-01T00:00:00Z, or seconds\nsince 1970. Events without a usable time are left out then")
	flags.StringVar(&s.until, "until", "", "only events before that `TIME`, in the same forms")
	flags.Int64Var(&s.afterID, "after-id", 0, "only events with an id above `N`, as a message of an earlier run says")
	flags.Int64Var(&s.limit, "limit", s.limit, "how many events at most"+all)
}

// limits checks the flags.
func (s *selection) limits(flags *pflag.FlagSet) (limits registry.Range, err error) {
	switch {
	case s.database == "":
		return limits, errors.New("--db is missing: give the registry's database, for example --db ./registry.sqlite")
	case s.registryID == "":
		return limits, errors.New("--registry-id is missing: give the registry's id, which is ed25519_pub of its /.well-known/oversight-registry, or a short name of yours")
	case s.afterID < 0:
		return limits, fmt.Errorf("--after-id %d: give an id, or leave it out to begin with the first event", s.afterID)
	case flags.Changed("limit") && s.limit <= 0:
		return limits, fmt.Errorf("--limit %d: give a positive number", s.limit)
	}
	limits = registry.Range{AfterID: s.afterID, Limit: s.limit}
	if limits.Since, err = parseTime("--since", s.since); err != nil {
		return limits, err
	}
	if limits.Until, err = parseTime("--until", s.until); err != nil {
		return limits, err
	}
	if s.since != "" && s.until != "" && !limits.Since.Before(limits.Until) {
		return limits, fmt.Errorf("--since %s is not before --until %s: no event can be between", s.since, s.until)
	}
	return limits, nil
}

// parseTime reads RFC 3339 or unix seconds; the zero time for nothing.
func parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %q: give a time like 2026-01-01T00:00:00Z, or seconds since 1970", flag, text)
	}
	return t, nil
}

// open returns the reader. Its events have no time of observation: a shape
// would take that for the event's own where this is missing.
func (s *selection) open() *registry.Reader {
	return registry.Open(registry.Settings{
		Path:       s.database,
		RegistryID: s.registryID,
		Now:        func() time.Time { return time.Time{} },
	})
}

// explain says what to do about an error from reading.
func (s *selection) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--db %s: there is no such file: give the registry's database", s.database)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("--db %s: give this user permission to read the file and its directory: %w", s.database, err)
	default:
		return fmt.Errorf("--db %s: %w", s.database, err)
	}
}
