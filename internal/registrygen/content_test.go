// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen_test

import (
	"context"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

// A way to write n events.
type writing func(t *testing.T, settings registrygen.Settings, n int)

func oneByOne(style registrygen.Style) writing {
	return func(t *testing.T, settings registrygen.Settings, n int) {
		settings.Style = style
		generate(t, settings, n)
	}
}

func filled(t *testing.T, settings registrygen.Settings, n int) {
	r := open(t, settings)
	require.NoError(t, r.Fill(t.Context(), int64(n)))
	require.NoError(t, r.Close())
}

func inTwoRuns(first, second writing) writing {
	return func(t *testing.T, settings registrygen.Settings, n int) {
		first(t, settings, n/3)
		second(t, settings, n-n/3)
	}
}

func TestSameSeedSameContent(t *testing.T) {
	const events = 40
	want := inDirectory(t.TempDir())
	generate(t, want, events)
	for name, write := range map[string]writing{
		"python again":     oneByOne(registrygen.Python),
		"rust":             oneByOne(registrygen.Rust),
		"filled":           filled,
		"resumed":          inTwoRuns(oneByOne(registrygen.Python), oneByOne(registrygen.Python)),
		"resumed by rust":  inTwoRuns(oneByOne(registrygen.Python), oneByOne(registrygen.Rust)),
		"resumed by Fill":  inTwoRuns(oneByOne(registrygen.Rust), filled),
		"filled, then not": inTwoRuns(filled, oneByOne(registrygen.Python)),
	} {
		t.Run(name, func(t *testing.T) {
			got := inDirectory(t.TempDir())
			write(t, got, events)
			assert.Equal(t, content(t, want.Database), content(t, got.Database))
			assert.Equal(t, leafLines(t, want.TlogDir), leafLines(t, got.TlogDir))
		})
	}
}

func TestOtherSettingsOtherContent(t *testing.T) {
	const tokens = "SELECT token_id FROM events ORDER BY id"
	const times = "SELECT timestamp FROM events ORDER BY id"
	want := inDirectory(t.TempDir())
	generate(t, want, 20)

	otherSeed := inDirectory(t.TempDir())
	otherSeed.Seed++
	generate(t, otherSeed, 20)
	assert.NotEqual(t, query(t, want.Database, tokens), query(t, otherSeed.Database, tokens))
	assert.NotEqual(t, query(t, want.Database, times), query(t, otherSeed.Database, times))

	otherStart := inDirectory(t.TempDir())
	otherStart.Start = otherStart.Start.Add(time.Hour)
	generate(t, otherStart, 20)
	assert.Equal(t, query(t, want.Database, tokens), query(t, otherStart.Database, tokens))
	assert.Equal(t, query(t, want.Database, "SELECT timestamp + 3600 FROM events ORDER BY id"),
		query(t, otherStart.Database, times))
}

// The content is like that of the sample: the same values if there are few, and about
// the same shares.
func TestContentIsRealistic(t *testing.T) {
	settings := inDirectory(t.TempDir())
	const events = 5000
	filled(t, settings, events)
	for condition, want := range map[string]float64{
		"kind = 'dns'":                         0.25,
		"kind = 'http_img'":                    0.25,
		"kind = 'ocsp'":                        0.25,
		"kind = 'license'":                     0.25,
		"file_id IS NULL":                      0.09,
		"recipient_id GLOB '*[^ -~]*'":         0.39, // of these documents
		"user_agent LIKE '%\"%\\%'":            0.09,
		"user_agent GLOB '*[^ -~]*'":           0.09,
		"source_ip LIKE '%:%'":                 0.33,
		`extra LIKE '%.b\u00fccher.example"}'`: 0.09,
		`extra LIKE '%"qname": null}'`:         0.07,
		"qualified_timestamp <> strftime('%Y-%m-%dT%H:%M:%SZ', timestamp, 'unixepoch')": 0.004,
	} {
		count, err := strconv.Atoi(query(t, settings.Database, "SELECT count(*) FROM events WHERE "+condition)[0])
		require.NoError(t, err)
		assert.NotZero(t, count, condition)
		assert.InDelta(t, want, float64(count)/events, 0.02, condition)
	}
	for _, address := range query(t, settings.Database, "SELECT DISTINCT source_ip FROM events") {
		parsed, err := netip.ParseAddr(address)
		require.NoError(t, err)
		assert.True(t, isDocumentation(parsed), address)
		assert.Equal(t, parsed.String(), address)
	}
}

func isDocumentation(address netip.Addr) bool {
	for _, prefix := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"} {
		if netip.MustParsePrefix(prefix).Contains(address) {
			return true
		}
	}
	return false
}

// Every event of a known token agrees with its beacon; no other token is known.
func TestEventsBelongToBeacons(t *testing.T) {
	settings := inDirectory(t.TempDir())
	filled(t, settings, 2000)
	assert.Equal(t, []string{"0"}, query(t, settings.Database, `
		SELECT count(*) FROM events e LEFT JOIN beacons b USING (token_id)
		WHERE (e.file_id, e.recipient_id, e.issuer_id) IS NOT (b.file_id, b.recipient_id, b.issuer_id)
		OR b.kind IS NOT NULL AND e.kind IS NOT iif(b.kind = 'http', 'http_img', b.kind)`))
}

func TestClock(t *testing.T) {
	settings := inDirectory(t.TempDir())
	filled(t, settings, 2000)
	start := strconv.FormatInt(registrygen.DefaultStart.Unix(), 10)
	assert.Equal(t, []string{start}, query(t, settings.Database, "SELECT DISTINCT registered_at FROM beacons"))
	assert.Equal(t, []string{"0"}, query(t, settings.Database, `
		SELECT count(*) FROM (SELECT timestamp - lag(timestamp, 1, `+start+`) OVER (ORDER BY id) AS step FROM events)
		WHERE step NOT BETWEEN 0 AND 4`))
	last, err := strconv.ParseInt(query(t, settings.Database, "SELECT max(timestamp) FROM events")[0], 10, 64)
	require.NoError(t, err)
	assert.InDelta(t, 3000, last-registrygen.DefaultStart.Unix(), 4, "one and a half seconds an event")
}

func TestWallClock(t *testing.T) {
	settings := inDirectory(t.TempDir())
	settings.Start = time.Time{}
	before := time.Now().Truncate(time.Second)
	generate(t, settings, 3)
	after := time.Now().Add(time.Second)
	for _, text := range query(t, settings.Database, "SELECT qualified_timestamp FROM events") {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		assert.WithinRange(t, at, before, after)
	}
}

func TestFillStopsBetweenTransactions(t *testing.T) {
	r := open(t, inDirectory(t.TempDir()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.Fill(ctx, 10), context.Canceled)
	assert.Equal(t, registrygen.Summary{Leaves: 25}, r.Written())
}

func BenchmarkFill(b *testing.B) {
	r, err := registrygen.Open(b.Context(), registrygen.Settings{
		Database: b.TempDir() + "/registry.sqlite", Start: registrygen.DefaultStart,
	})
	require.NoError(b, err)
	defer r.Close()
	b.ResetTimer()
	require.NoError(b, r.Fill(b.Context(), int64(b.N)))
}

func BenchmarkWriteEvent(b *testing.B) {
	for _, style := range styles {
		b.Run(string(style), func(b *testing.B) {
			settings := inDirectory(b.TempDir())
			settings.Style = style
			r, err := registrygen.Open(b.Context(), settings)
			require.NoError(b, err)
			defer r.Close()
			for b.Loop() {
				_, err := r.WriteEvent(b.Context())
				require.NoError(b, err)
			}
		})
	}
}
