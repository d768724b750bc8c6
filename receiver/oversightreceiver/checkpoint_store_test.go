// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// sampleKey is the public key of the registry in testdata.
const sampleKey = "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241"

// newUpgrade is a receiver of the registry in testdata, whose storage holds what a
// receiver of version 1 left when it had delivered the rows 1 to 300.
func newUpgrade(t *testing.T, name string) *logSetup {
	t.Helper()
	root := filepath.Join("..", "..", "testdata")
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	data, err := os.ReadFile(filepath.Join(root, "registry.sqlite"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(database, data, 0o600))
	a := &logSetup{t: t, setup: newSetup(t, database), records: &records{}}
	a.config.RegistryID = sampleKey
	a.config.BatchSize = 100
	if name == "tlog" {
		a.log = a.config.TransparencyLog.GetOrInsertDefault()
		a.log.Leaves = filepath.Join(root, "tlog", "leaves.jsonl")
	}
	saved, err := os.ReadFile(filepath.Join("testdata", "checkpoint_v1", name+".json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(saved, &a.memory.data))
	return a
}

func (m *memory) keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.data))
}

func idsOf(events []event) (ids []int64) {
	for i := range events {
		ids = append(ids, events[i].ID)
	}
	return ids
}

func idRange(from, to int64) (ids []int64) {
	for id := from; id <= to; id++ {
		ids = append(ids, id)
	}
	return ids
}

// A checkpoint of version 1 is carried over: no event twice, none missing, and a
// leaf that a row had claimed stays claimed.
func TestVersion1IsCarriedOver(t *testing.T) {
	for _, name := range []string{"plain", "tlog"} {
		t.Run(name, func(t *testing.T) {
			a := newUpgrade(t, name)
			copyOfRow30 := `INSERT INTO events SELECT 601, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index FROM events WHERE id = 30`
			execute(t, a.config.Database, copyOfRow30)
			stop := a.run()
			require.EventuallyWithT(t, func(c *assert.CollectT) {
				events, _ := a.records.all()
				assert.Equal(c, idRange(301, 601), idsOf(events))
			}, patience, time.Millisecond)
			stop()
			assert.Empty(t, a.logs.FilterLevelExact(zap.ErrorLevel).All())
			for _, key := range a.memory.keys() {
				assert.False(t, strings.HasPrefix(key, "witness"), "key %s of version 1 was left behind", key)
			}
			root, err := checkpoint.DecodeRoot([]byte(a.memory.stored()))
			require.NoError(t, err)
			assert.Equal(t, int64(601), root.Cursor.ID)
			assert.Equal(t, int64(301), root.Recent)
			assert.Equal(t, a.config.Database, root.Database.Path)
			if name == "plain" {
				return
			}
			assert.Equal(t, map[string]int{"verified": 300, "duplicate": 1}, a.records.statuses())
			assert.Equal(t, []string{translator.IntegrityRowMismatch}, a.records.kinds())
			log, err := checkpoint.DecodeLog([]byte(a.memory.stateOf("log")))
			require.NoError(t, err)
			assert.Equal(t, int64(601), log.LastID)
			assert.Len(t, log.Heads, 1, "the registry's last head")
			var page checkpoint.LogPage
			require.NoError(t, page.Decode([]byte(a.memory.stateOf("log/0"))))
			assert.Equal(t, uint16(0b11), page.ChunksKnown, "two chunks of 256 leaves are complete")
		})
	}
}

// The transaction that writes version 2 deletes version 1. As long as it fails, a
// restart goes on from version 1.
func TestUpgradeIsOneTransaction(t *testing.T) {
	a := newUpgrade(t, "tlog")
	before := a.memory.keys()
	a.memory.setErr = func(int) (error, bool) { return errDisk, false }
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 300})
	stop()
	assert.Equal(t, before, a.memory.keys())
	a.memory.setErr = nil
	stop = a.run()
	a.waitForEvents(map[string]int{"verified": 600}) // the same again
	stop()
	assert.NotContains(t, a.memory.keys(), "witness")
	assert.Empty(t, a.records.kinds())
}

// A damaged part about the log costs what was known of it, and no event.
func TestDamagedLog(t *testing.T) {
	for key, data := range map[string]string{"witness": "garbage", "log": `{"last_id":300}`} {
		t.Run(key, func(t *testing.T) {
			a := newUpgrade(t, "tlog")
			delete(a.memory.data, "witness")
			a.memory.data[key] = []byte(data)
			stop := a.run()
			a.waitForEvents(map[string]int{"verified": 300})
			stop()
			assert.Len(t, a.logs.FilterMessageSnippet("The checkpoint of the transparency log is damaged").All(), 1)
			assert.NotContains(t, a.memory.keys(), "witness")
			_, err := checkpoint.DecodeLog([]byte(a.memory.stateOf("log")))
			require.NoError(t, err)
			assert.Empty(t, a.records.kinds())
		})
	}
}

// A damaged page of the log is reported for as long as it is damaged.
func TestDamagedLogPage(t *testing.T) {
	a := newUpgrade(t, "tlog")
	a.memory.data["witness/0"] = []byte("garbage")
	stop := a.run()
	a.waitForEvents(map[string]int{"unavailable": 300})
	a.host.waitFor(t, componentstatus.StatusRecoverableError, "load checkpoint page 0 of the transparency log: damaged value")
	stop()
	assert.Len(t, a.logs.FilterMessageSnippet("Failed to check events against the transparency log").All(), 1)
	assert.Empty(t, a.logs.FilterMessage("Recovered").All())
	assert.Empty(t, a.records.kinds())
}

// Pages of version 1 are found before they are written as version 2, and after.
func TestPagesOfVersion1(t *testing.T) {
	memory := newMemory()
	memory.data["checkpoint"] = []byte(`{"version":1,"id":7,"event_uid":"","registry_id":"x"}`)
	memory.data["witness"] = []byte(`{"version":1,"last_id":7,"log":{"size":0,"root":"` + strings.Repeat("0", 64) + `","aligned":0,"offset":0},"pages":4,"begun":true,"settled":9,"passed_over":2}`)
	for _, number := range []int64{0, 1, 3} { // page 2 was never saved
		memory.data["witness/"+strconv.FormatInt(number, 10)] = append([]byte{byte(number + 1)}, make([]byte, 1023)...)
	}
	store := newCheckpointStore(memory, zap.NewNop())
	cursor, found, err := store.load(t.Context())
	require.NoError(t, err)
	assert.True(t, found)
	for range 2 {
		data, err := store.loadLog(t.Context())
		require.NoError(t, err)
		log, err := checkpoint.DecodeLog(data)
		require.NoError(t, err)
		assert.Equal(t, []int64{4, 9, 2, 7}, []int64{log.Pages, log.ResolvedUpTo, log.SkippedLeaves, log.LastID})
		for number := range int64(4) {
			data, err := store.Page(t.Context(), number)
			require.NoError(t, err)
			if number == 2 {
				assert.Nil(t, data)
				continue
			}
			var page checkpoint.LogPage
			require.NoError(t, page.Decode(data))
			assert.Equal(t, uint64(number+1), page.Claimed[0])
		}
		require.NoError(t, store.save(t.Context(), cursor, "", nil))
	}
	assert.Equal(t, []string{"checkpoint", "log", "log/0", "log/1", "log/3"}, memory.keys())
}

// What a later collector wrote is not taken for something else, and not deleted.
func TestUnknownVersionStops(t *testing.T) {
	later := &checkpoint.Root{Requires: []string{"delivery"}}
	requires, err := later.Encode()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		stored []byte
		want   string
	}{
		"version":  {[]byte(`{"version":3,"position":"elsewhere"}`), `key "checkpoint" has version 3, this collector supports versions 1 to 2`},
		"requires": {requires, `key "checkpoint" has version 2 and requires delivery`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, newDatabase(t, insert("t", 4)))
			s.memory.data["checkpoint"] = c.stored
			stop := s.start(t)
			s.host.waitFor(t, componentstatus.StatusPermanentError, c.want)
			stop()
			text := s.host.last().Err().Error()
			for _, part := range []string{"`storage` is \"memory\"", "newer collector", "delete this receiver's entry"} {
				assert.Contains(t, text, part)
			}
			assert.Empty(t, s.sink.tokens())
			assert.Equal(t, string(c.stored), s.memory.stored())
			assert.Len(t, s.logs.FilterMessage("Stopped delivering events").All(), 1)
		})
	}
}

// A later collector of the same version may have added something that need not be
// known: it is kept.
func TestUnknownMembersAreKept(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 4)))
	s.restart(t, tokenRange("t", 1, 4))
	root, err := checkpoint.DecodeRoot([]byte(s.memory.stored()))
	require.NoError(t, err)
	root.Extra = checkpoint.Extra{"lanes": json.RawMessage(`{"held":[4]}`)}
	s.memory.data["checkpoint"], err = root.Encode()
	require.NoError(t, err)
	execute(t, s.config.Database, insert("n", 1))
	s.restart(t, []string{"n1"})
	assert.Contains(t, s.memory.stored(), `"lanes":{"held":[4]}`)
}

// The last rows are kept with their uids, and dropped with their database.
func TestRecentRows(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 1000)))
	s.config.BatchSize = 70
	s.restart(t, tokenRange("t", 1, 1000))
	recent := s.recent(t)
	require.Len(t, recent, checkpoint.RecentRows)
	assert.Equal(t, int64(1000-checkpoint.RecentRows+1), recent[0].ID)
	assert.Equal(t, int64(1000), recent[checkpoint.RecentRows-1].ID)
	assert.NotEqual(t, recent[0].UID, recent[1].UID)

	require.NoError(t, os.Rename(newDatabase(t, insert("o", 3)), s.config.Database))
	s.restart(t, append([]string{translator.IntegrityDatabaseReplaced}, tokenRange("o", 1, 3)...))
	recent = s.recent(t)
	require.Len(t, recent, 3)
	assert.Equal(t, int64(1), recent[0].ID)

	s.memory.data["recent/0"] = []byte("damaged")
	execute(t, s.config.Database, insert("n", 1))
	s.restart(t, []string{"n1"})
	assert.Len(t, s.logs.FilterMessageSnippet("recently delivered rows in the checkpoint is damaged").All(), 1)
	require.Len(t, s.recent(t), 1)
}

func (s *setup) recent(t *testing.T) []checkpoint.Row {
	t.Helper()
	root, err := checkpoint.DecodeRoot([]byte(s.memory.stored()))
	require.NoError(t, err)
	var pages [checkpoint.RecentPages][]byte
	for i := range pages {
		pages[i] = s.memory.data[checkpoint.PageKey(checkpoint.RecentPrefix, int64(i))]
	}
	recent, err := checkpoint.DecodeRecent(root.Recent, pages)
	require.NoError(t, err)
	return recent.Rows()
}

// A store that was closed does not touch the storage any more.
func TestClosedStore(t *testing.T) {
	memory := newMemory()
	store := newCheckpointStore(memory, zap.NewNop())
	require.NoError(t, store.close(t.Context()))
	require.NoError(t, store.close(t.Context()))
	require.ErrorIs(t, store.save(t.Context(), registry.Cursor{ID: 1}, "", nil), errStoreClosed)
	assert.Empty(t, memory.keys())
}

func TestCheckPlatform(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "freebsd"} {
		require.NoError(t, checkPlatform(goos))
	}
	require.ErrorContains(t, checkPlatform("windows"), "`database` is not supported on windows")
}
