// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestRetryAfterForms(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		values []string
		want   time.Duration
	}{
		"no header":             {nil, 0},
		"empty":                 {[]string{""}, 0},
		"zero":                  {[]string{"0"}, 0},
		"seconds":               {[]string{"17"}, 17 * time.Second},
		"spaces":                {[]string{" 17\t"}, 17 * time.Second},
		"negative":              {[]string{"-5"}, 0},
		"plus sign":             {[]string{"+5"}, 0},
		"fraction":              {[]string{"1.5"}, 0},
		"hexadecimal":           {[]string{"0x10"}, 0},
		"underscore":            {[]string{"1_000"}, 0},
		"longest":               {[]string{"2147483647"}, 2147483647 * time.Second},
		"overflow of 31 bits":   {[]string{"2147483648"}, 0},
		"overflow of 64 bits":   {[]string{"99999999999999999999"}, 0},
		"garbage":               {[]string{"tomorrow"}, 0},
		"date":                  {[]string{"Sat, 31 Jan 2026 12:00:30 GMT"}, 30 * time.Second},
		"date of RFC 850":       {[]string{"Saturday, 31-Jan-26 12:00:30 GMT"}, 30 * time.Second},
		"date of asctime":       {[]string{"Sat Jan 31 12:00:30 2026"}, 30 * time.Second},
		"date in the past":      {[]string{"Sat, 31 Jan 2026 11:59:30 GMT"}, 0},
		"date with a zone":      {[]string{"Sat, 31 Jan 2026 12:00:30 +0100"}, 0},
		"two headers":           {[]string{"5", "30"}, 30 * time.Second},
		"two headers, reversed": {[]string{"30", "5"}, 30 * time.Second},
		"header and garbage":    {[]string{"soon", "30", "-7"}, 30 * time.Second},
		"header and date":       {[]string{"5", "Sat, 31 Jan 2026 12:00:30 GMT"}, 30 * time.Second},
		"joined":                {[]string{"5, 30"}, 30 * time.Second},
		"joined, reversed":      {[]string{"30,5"}, 30 * time.Second},
		"joined with a date":    {[]string{"5, Sat, 31 Jan 2026 12:00:30 GMT"}, 30 * time.Second},
		"joined after a date":   {[]string{"Sat, 31 Jan 2026 12:00:30 GMT, 5"}, 30 * time.Second},
		"joined dates":          {[]string{"Sat, 31 Jan 2026 12:00:05 GMT, Sat, 31 Jan 2026 12:00:30 GMT"}, 30 * time.Second},
		"joined with garbage":   {[]string{"soon, , 30,"}, 30 * time.Second},
		"joined with overflow":  {[]string{"30, 99999999999999999999"}, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, retryAfter(c.values, now))
		})
	}
}

// Rules answer for themselves. The next attempt goes to all of them, so it waits
// until the last of them wants it.
func TestRetryAfterOfSeveralTargets(t *testing.T) {
	waits := map[string]string{"Custom-A": "1", "Custom-B": "3600", "Custom-C": "2"}
	s := newSetup(t, func(c *call) answer { return answer{status: 429, retryAfter: waits[c.stream]} })
	s.config.BackOffConfig.MaxElapsedTime = time.Minute // so that it gives up instead of waiting an hour
	e := s.start(t)
	logs := plog.NewLogs()
	for _, stream := range []string{"Custom-A", "Custom-B", "Custom-C"} {
		addRows(t, logs, map[string]any{"azure.dcr.stream_name": stream}, textRow(stream, ""))
	}
	err := e.ConsumeLogs(t.Context(), logs)
	require.ErrorContains(t, err, "Throttle (10m0s)")
	require.ErrorContains(t, err, "no more retries left")
	assert.False(t, consumererror.IsPermanent(err))
	assert.Len(t, s.service.requests(), len(waits), "one for each stream")
}
