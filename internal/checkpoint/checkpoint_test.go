// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

const uid = "dc2e0b034036bda258b3913aafca540f"

var update = flag.Bool("update", false, "rewrite the golden files")

// codec is a part's value: how it is written, and how it is read and written again.
type codec struct {
	value    []byte
	decode   func([]byte) (encoded []byte, err error)
	maxBytes int
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

// codecs are all parts, each with an ordinary value.
func codecs() map[string]codec {
	when := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	row, _ := checkpoint.NewRow(7, uid)
	later, _ := checkpoint.NewRow(9, strings.Repeat("0f", checkpoint.UIDSize))
	digest := checkpoint.Digest{Rows: 4096, Sum: checkpoint.Prime - 1, IDSum: 12}
	page := &checkpoint.LogPage{ChunksKnown: 0b101}
	page.Claimed[3], page.Resolved[63] = 1<<63, 5
	page.Chunks[0], page.Chunks[2] = tlog.Hash{1}, tlog.Hash{2}
	root := &checkpoint.Root{
		Cursor:   checkpoint.Cursor{ID: 300, UID: uid, RegistryID: "deadbeef"},
		Database: checkpoint.Source{Path: "/var/lib/oversight/registry.sqlite"},
		Recent:   300, Extra: checkpoint.Extra{"lanes": json.RawMessage(`{"b":1, "a":[2]}`)},
	}
	log := &checkpoint.Log{
		Leaves: checkpoint.Source{Path: "leaves.jsonl"}, LastID: 300, Pages: 1, Baselined: true, ResolvedUpTo: 12,
		Heads:    []checkpoint.Head{{Size: 12, Root: strings.Repeat("ab", 32), Signature: strings.Repeat("cd", 64)}},
		Reported: []string{uid},
	}
	logHeads := &checkpoint.Log{
		Leaves: checkpoint.Source{Path: "leaves.jsonl"}, HeadSize: 14, HeadTime: when,
		Heads: []checkpoint.Head{
			{Size: 9, Root: strings.Repeat("ab", 32), Signature: strings.Repeat("cd", 64)},
			{Size: 15, Root: strings.Repeat("12", 32), Signature: strings.Repeat("34", 64), SignedSize: 14},
		},
		HeadStates: []checkpoint.HeadState{{Kind: "head_not_compared", Reason: "unknown", Without: 2}, {Kind: "head_went_back"}},
	}
	quarantine := &checkpoint.PageList{Pages: []int64{2, 5}, Next: 6}
	refused := &checkpoint.RefusedPage{Events: []checkpoint.Refused{{ID: 7, UID: uid, Reason: "400 <too> long", Since: when, Tried: when}}}
	queue := &checkpoint.Queue{First: 3, Next: 5, Bytes: 700}
	giveUp := &checkpoint.GiveUp{IDs: []int64{-1, 7, 512}}
	record := &checkpoint.Record{EventName: "oversight.integrity", UID: uid, Data: json.RawMessage(`{"kind":"leaf_corrupt"}`)}
	background := &checkpoint.Background{
		Key: strings.Repeat("5a", 16), Chunks: [][2]int64{{0, 3}, {90, 90}}, Stale: [][2]int64{{4, 7}}, FirstID: 1, NextID: 9, Started: when,
		LastID: 23100, EndID: 1 << 40, PruneTo: 300, PrunedRows: 256, RegistryID: "r",
	}
	return map[string]codec{
		"root": {must(root.Encode()), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeRoot(data)
			return encodeIf(err, v.Encode)
		}, 512},
		"log": {must(log.Encode()), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeLog(data)
			return encodeIf(err, v.Encode)
		}, 1024},
		"log heads": {must(logHeads.Encode()), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeLog(data)
			return encodeIf(err, v.Encode)
		}, 1024},
		"log page": {page.Encode(), func(data []byte) ([]byte, error) {
			var v checkpoint.LogPage
			if err := v.Decode(data); err != nil {
				return nil, err
			}
			return v.Encode(), nil
		}, 1542},
		"done ahead": {must(checkpoint.EncodeRows([]checkpoint.Row{row, later})), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeRows(data)
			return encodeIf(err, func() ([]byte, error) { return checkpoint.EncodeRows(v) })
		}, 52},
		"give up": {must(giveUp.Encode()), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeGiveUp(data)
			return encodeIf(err, v.Encode)
		}, 64},
		"page list": {must(quarantine.Encode()), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodePageList(data)
			return encodeIf(err, v.Encode)
		}, 64},
		"refused page": {must(refused.Encode()), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeRefusedPage(data)
			return encodeIf(err, v.Encode)
		}, 256},
		"queue": {must(queue.Encode()), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeQueue(data)
			return encodeIf(err, v.Encode)
		}, 64},
		"record": {must(record.Encode()), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeRecord(data)
			return encodeIf(err, v.Encode)
		}, 256},
		"background": {must(background.Encode()), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeBackground(data)
			return encodeIf(err, v.Encode)
		}, 512},
		"fingerprints": {(&checkpoint.Fingerprints{3: 0x01020304, 255: 0xfffefdfc}).Encode(), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeFingerprints(data)
			return encodeIf(err, func() ([]byte, error) { return v.Encode(), nil })
		}, 1028},
		"review": {must(checkpoint.EncodeReviews([]checkpoint.Review{{First: 3, Last: 9, Status: checkpoint.ReviewMissing, Digest: digest}})), func(data []byte) ([]byte, error) {
			v, err := checkpoint.DecodeReviews(data)
			return encodeIf(err, func() ([]byte, error) { return checkpoint.EncodeReviews(v) })
		}, 41},
	}
}

func encodeIf(err error, encode func() ([]byte, error)) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return encode()
}

func TestRoundTrip(t *testing.T) {
	for name, c := range codecs() {
		t.Run(name, func(t *testing.T) {
			again, err := c.decode(c.value)
			require.NoError(t, err)
			assert.Equal(t, string(c.value), string(again))
			assert.LessOrEqual(t, len(c.value), c.maxBytes)
		})
	}
}

// Every changed byte and every cut is found, and is never another value.
func TestDamageIsFound(t *testing.T) {
	for name, c := range codecs() {
		t.Run(name, func(t *testing.T) {
			for i := range c.value {
				changed := append([]byte(nil), c.value...)
				changed[i] ^= 1
				_, err := c.decode(changed)
				if errors.As(err, new(*checkpoint.VersionError)) {
					continue // the digit of the version itself
				}
				require.ErrorIs(t, err, checkpoint.ErrDamaged, "byte %d", i)
				_, err = c.decode(c.value[:i])
				require.ErrorIs(t, err, checkpoint.ErrDamaged, "cut at %d", i)
			}
		})
	}
}

// The files are what this version has written since it exists: a change of them is
// a change of the format.
func TestGolden(t *testing.T) {
	for name, c := range codecs() {
		path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".bin")
		if *update {
			require.NoError(t, os.WriteFile(path, c.value, 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(c.value), name)
	}
}

func TestRecent(t *testing.T) {
	row := func(id int64) checkpoint.Row {
		r, ok := checkpoint.NewRow(id, uid)
		require.True(t, ok)
		return r
	}
	saved := [checkpoint.RecentPages][]byte{}
	recent := new(checkpoint.Recent)
	save := func() (pages int) {
		recent.Changed(func(number int64, data []byte) { saved[number] = data; pages++ })
		recent.Saved()
		return pages
	}
	for id := int64(1); id <= 1100; id++ {
		recent.Add(row(id))
		if id%3 == 0 {
			require.LessOrEqual(t, save(), 2, "pages that did not change are not rewritten")
		}
		if id%37 == 0 {
			save()
			loaded, err := checkpoint.DecodeRecent(recent.Total(), saved)
			require.NoError(t, err)
			require.Equal(t, recent.Rows(), loaded.Rows())
			require.Len(t, loaded.Rows(), int(min(id, checkpoint.RecentRows)))
			require.Equal(t, id, loaded.Rows()[len(loaded.Rows())-1].ID)
			recent = loaded
		}
	}
	recent.Reset()
	assert.Equal(t, checkpoint.RecentPages, save())
	assert.Empty(t, recent.Rows())

	_, err := checkpoint.DecodeRecent(1, [checkpoint.RecentPages][]byte{})
	require.ErrorIs(t, err, checkpoint.ErrDamaged, "a page is missing")
	saved[1] = saved[1][1:]
	_, err = checkpoint.DecodeRecent(600, saved)
	require.ErrorIs(t, err, checkpoint.ErrDamaged)
}

func TestVersions(t *testing.T) {
	_, err := checkpoint.DecodeRoot([]byte(`{"version":3}`))
	version := new(checkpoint.VersionError)
	require.ErrorAs(t, err, &version)
	assert.Equal(t, 3, version.Version)
	for _, text := range []string{``, `null`, `[]`, `{}`, `{"version":0}`, `{"version":"2"}`, `{"version":-1}`, `{"version":2}`} {
		_, err := checkpoint.DecodeRoot([]byte(text))
		require.ErrorIs(t, err, checkpoint.ErrDamaged, text)
	}
	root := checkpoint.Root{Requires: []string{"delivery", "trust"}}
	data, err := root.Encode()
	require.NoError(t, err)
	_, err = checkpoint.DecodeRoot(data)
	require.ErrorAs(t, err, &version)
	assert.Equal(t, []string{"delivery", "trust"}, version.Requires)
	require.EqualError(t, err, `key "checkpoint" has version 2 and requires delivery, trust, which this collector does not support`)
}

func TestVersion1(t *testing.T) {
	const v1 = `{"version":1,"id":300,"event_uid":"` + uid + `","registry_id":"x"}`
	assert.True(t, checkpoint.IsVersion1([]byte(v1)))
	root, err := checkpoint.DecodeRootV1([]byte(v1))
	require.NoError(t, err)
	assert.Equal(t, checkpoint.Cursor{ID: 300, UID: uid, RegistryID: "x"}, root.Cursor)
	for _, text := range []string{v1 + " ", strings.Replace(v1, "}", `,"more":1}`, 1), strings.Replace(v1, ":1,", ":2,", 1), "x"} {
		_, err := checkpoint.DecodeRootV1([]byte(text))
		require.ErrorIs(t, err, checkpoint.ErrDamaged, text)
	}
	for _, text := range []string{"x", `{"version":2}`, `{"version":1,"pages":"x"}`} {
		_, err := checkpoint.DecodeLogV1([]byte(text))
		require.ErrorIs(t, err, checkpoint.ErrDamaged, text)
	}
	_, err = checkpoint.DecodeLogPageV1(make([]byte, 1023))
	require.ErrorIs(t, err, checkpoint.ErrDamaged)
}

// What is beyond a limit is refused by the writer, not by the next start.
func TestLimits(t *testing.T) {
	_, err := (&checkpoint.Root{Database: checkpoint.Source{Path: strings.Repeat("x", checkpoint.MaxRoot)}}).Encode()
	require.ErrorIs(t, err, checkpoint.ErrDamaged)
	rows := make([]checkpoint.Row, checkpoint.MaxDoneAhead+1)
	for i := range rows {
		rows[i].ID = int64(i + 1)
	}
	_, err = checkpoint.EncodeRows(rows)
	require.ErrorIs(t, err, checkpoint.ErrDamaged)
	_, err = checkpoint.EncodeRows(rows[1:])
	require.NoError(t, err)
	_, err = checkpoint.EncodeRows([]checkpoint.Row{{ID: 2}, {ID: 2}})
	require.ErrorIs(t, err, checkpoint.ErrDamaged)
	_, err = checkpoint.EncodeRows(nil)
	require.ErrorIs(t, err, checkpoint.ErrDamaged)
	_, err = checkpoint.EncodeReviews(nil)
	require.ErrorIs(t, err, checkpoint.ErrDamaged)
	_, err = checkpoint.EncodeReviews(make([]checkpoint.Review, 1))
	require.ErrorIs(t, err, checkpoint.ErrDamaged)
	tooMany := checkpoint.Log{HeadStates: make([]checkpoint.HeadState, checkpoint.MaxHeadStates+1)}
	data, err := tooMany.Encode()
	require.NoError(t, err)
	_, err = checkpoint.DecodeLog(data)
	require.ErrorIs(t, err, checkpoint.ErrDamaged)
	_, ok := checkpoint.NewRow(1, uid[1:])
	assert.False(t, ok)
	_, ok = checkpoint.NewRow(1, "x"+uid[1:])
	assert.False(t, ok)
}
