// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// A refused event whose row cannot be read keeps nobody from getting the others.
func TestUnreadableRefusedEvent(t *testing.T) {
	s := newRefusalSetup(t, 0)
	execute(t, s.config.Database, // a table in which long values cannot be read
		"DROP TABLE events", strings.NewReplacer("PRAGMA journal_mode=WAL;", "", "AUTOINCREMENT", "", ");", ") WITHOUT ROWID;").Replace(schema),
		insertWithIDs("t", 1, 20))
	s.dest.answer = refuseTokens(true, "t10")
	stop := s.run()
	s.eventually(func(c *assert.CollectT) {
		require.NotEmpty(c, s.memory.stored())
		assert.Equal(c, int64(20), s.cursor(c))
	})
	stop()
	execute(t, s.config.Database, "UPDATE events SET user_agent = printf('%.*c', 2000000, 'x') WHERE id = 10")
	s.run()
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "can only be read in a table with rowids")
	execute(t, s.config.Database, insertWithIDs("n", 21, 100))
	s.waitForWhole(without(idRange(1, 120), 10))
	assert.Equal(t, []int64{10}, s.kept(newQuarantine()))
	execute(t, s.config.Database, "UPDATE events SET user_agent = NULL WHERE id = 10")
	s.dest.set(nil)
	s.eventually(func(c *assert.CollectT) {
		s.clock.advance(2 * time.Hour) // again, if a round began before
		got, _ := s.dest.whole()
		assert.Equal(c, idRange(1, 120), got)
	})
	s.host.waitFor(t, componentstatus.StatusOK, "")
}

// insertWithIDs returns a statement that adds n rows with ids from first on.
func insertWithIDs(word string, first, n int) string {
	return fmt.Sprintf(`WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<%d)
		INSERT INTO events(id, token_id, kind, timestamp) SELECT %d+x, '%s'||x, 'dns', 1735000000+x FROM c`, n, first-1, word)
}

// A database that cannot be read while events are refused is not read again and again
// without a pause.
func TestUnreadableDatabaseBesideRefusedEvents(t *testing.T) {
	s := newRefusalSetup(t, 20)
	logger := s.settings.Logger
	telemetrySetup, tt := newTelemetrySetup(t, s.config.Database)
	s.settings = telemetrySetup.settings
	s.settings.Logger = logger
	s.dest.answer = refuseTokens(true, "t10")
	stop := s.run()
	s.eventually(func(c *assert.CollectT) {
		require.NotEmpty(c, s.memory.stored())
		assert.Equal(c, int64(20), s.cursor(c))
	})
	stop()
	rename(t, s.config.Database, s.config.Database+".away")
	s.dest.set(nil)
	began := time.Now()
	s.run()
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "no such file")
	var reads int64
	s.eventually(func(c *assert.CollectT) {
		reads = values(c, tt, "failed_reads")[""]
		assert.GreaterOrEqual(c, reads, int64(8))
	})
	// Each pause is twice the one before, from a millisecond on.
	assert.GreaterOrEqual(t, time.Since(began), time.Millisecond<<(min(reads, 20)-3))
	rename(t, s.config.Database+".away", s.config.Database)
	s.waitForWhole(idRange(1, 20))
	s.eventually(func(c *assert.CollectT) {
		recovered := s.logs.FilterMessage("Recovered").FilterField(zap.String("failure", string(failureRead))).All()
		if assert.Len(c, recovered, 1) {
			assert.Less(c, recovered[0].ContextMap()["attempts"], int64(100))
		}
	})
}

// What is in a full quarantine is retried while the lane holds for it.
func TestFullQuarantineIsRetried(t *testing.T) {
	s := newRefusalSetup(t, checkpoint.MaxQuarantine)
	stop := s.run()
	s.waitForWhole(idRange(1, checkpoint.MaxQuarantine))
	stop()
	s.quarantine(s.dest.events)
	s.dest.events = nil

	execute(t, s.config.Database, insert("p", 1), insert("n", 500))
	poison := func(r request) error {
		if slices.ContainsFunc(r.events, func(e event) bool { return e.TokenID == "p1" }) {
			return consumererror.NewPermanent(errors.New("field [x] is no number"))
		}
		return nil
	}
	s.dest.answer = func(r request) error {
		if slices.ContainsFunc(r.events, func(e event) bool { return strings.HasPrefix(e.TokenID, "t") }) {
			return errBadRequest
		}
		return poison(r)
	}
	s.run()
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "the quarantine holds 1000 events")
	s.dest.set(poison) // it relents for what is in quarantine
	s.eventually(func(c *assert.CollectT) {
		s.clock.advance(2 * time.Hour) // again, if a round began before
		got, _ := s.dest.whole()
		assert.Equal(c, without(idRange(1, checkpoint.MaxQuarantine+501), checkpoint.MaxQuarantine+1), got)
	})
	s.eventually(func(c *assert.CollectT) {
		assert.Equal(c, []int64{checkpoint.MaxQuarantine + 1}, s.kept(newQuarantine()))
	})
}

// Rows that trickle in while the lane holds are tried, one after the other.
func TestRowsThatTrickleIn(t *testing.T) {
	for name, refusal := range map[string]error{"400": errBadRequest, "503": errUnavailable} {
		t.Run(name, func(t *testing.T) {
			s := newRefusalSetup(t, 1)
			s.dest.answer = func(r request) error {
				if slices.ContainsFunc(r.events, func(e event) bool { return e.TokenID != "n1" }) {
					return refusal
				}
				return nil
			}
			s.run()
			s.host.waitFor(t, componentstatus.StatusRecoverableError, "deliver event 1: ")
			execute(t, s.config.Database, insert("p", 1))
			s.host.waitFor(t, componentstatus.StatusRecoverableError, "deliver event 2: ")
			execute(t, s.config.Database, insert("n", 1))
			s.waitForWhole([]int64{3})
		})
	}
}

// Rows that were read are delivered although the database cannot be read any more.
func TestDatabaseGoesAwayInHold(t *testing.T) {
	s := newRefusalSetup(t, 5)
	s.dest.answer = func(request) error { return errUnauthorized }
	s.run()
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "401 Unauthorized")
	rename(t, s.config.Database, s.config.Database+".away")
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "no such file")
	s.dest.set(nil)
	s.waitForWhole(idRange(1, 5))
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(5), s.cursor(c)) })
}

// Refused events are told from other rows though the registry has another name now.
func TestRegistryIsRenamed(t *testing.T) {
	s := newRefusalSetup(t, 100)
	s.dest.answer = refuseTokens(true, "t10", "t11")
	stop := s.run()
	s.eventually(func(c *assert.CollectT) {
		require.NotEmpty(c, s.memory.stored())
		assert.Equal(c, int64(100), s.cursor(c))
	})
	stop()
	s.config.RegistryID = "cafe"
	stop = s.run()
	s.clock.advance(2 * time.Hour)
	execute(t, s.config.Database, insert("n", 1))
	s.waitForWhole(without(idRange(1, 101), 10, 11))
	assert.Equal(t, []int64{10, 11}, s.kept(newQuarantine()))
	s.dest.set(nil)
	s.eventually(func(c *assert.CollectT) {
		s.clock.advance(2 * time.Hour) // again, if a round began before
		got, _ := s.dest.whole()
		assert.Equal(c, idRange(1, 101), got)
	})
	stop()
}

// Rows that were delivered ahead of their turn stay delivered though the registry has
// another name now.
func TestRegistryIsRenamedInHold(t *testing.T) {
	s := newRefusalSetup(t, 30)
	s.config.BatchSize = 10
	s.dest.answer = func(r request) error {
		if len(r.events) == 1 && r.events[0].ID == 30 {
			return nil
		}
		return errBadRequest
	}
	stop := s.run()
	s.eventually(func(c *assert.CollectT) {
		assert.NotEmpty(c, s.memory.stateOf("done_ahead"))
		assert.NotEmpty(c, s.kept(newQuarantine()))
	})
	stop()
	s.config.RegistryID = "cafe"
	s.dest.set(nil)
	s.run()
	s.waitForWhole(idRange(1, 30))
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(30), s.cursor(c)) })
	_, repeated := s.dest.whole()
	assert.Zero(t, repeated)
}

// Findings that wait are kept when another part of the checkpoint is damaged.
func TestDamagedCheckpointKeepsFindings(t *testing.T) {
	for _, key := range []string{"checkpoint", "quarantine"} {
		t.Run(key, func(t *testing.T) {
			s := newFindingsSetup(t)
			s.dest.answer = func(r request) error {
				if len(r.findings) > 0 {
					return errNoIndex
				}
				return nil
			}
			stop := s.run()
			s.waitForWhole(idRange(1, 40))
			s.eventually(func(c *assert.CollectT) { assert.Contains(c, s.memory.keys(), "outbox/1") })
			stop()
			s.dest.set(nil)
			s.memory.mu.Lock()
			s.memory.data[key] = []byte(`{"version":2,"damaged":true}`)
			s.memory.mu.Unlock()
			s.config.TransparencyLog = createDefaultConfig().(*Config).TransparencyLog // so that it is not found again
			s.run()
			s.eventually(func(c *assert.CollectT) { assert.NotEmpty(c, s.dest.foundKinds()) })
		})
	}
}

// What came since the first start is delivered, also where no storage can say so.
func TestStartAtEndWithoutStorage(t *testing.T) {
	for name, prepare := range map[string]func(*refusalSetup){
		"none":    func(s *refusalSetup) { s.config.StorageID = nil },
		"failing": func(s *refusalSetup) { s.memory.setErr = func(int) (error, bool) { return errDisk, false } },
	} {
		t.Run(name, func(t *testing.T) {
			s := newRefusalSetup(t, 10)
			prepare(s)
			s.config.StartAt = StartAtEnd
			path := s.config.Database
			rename(t, path, path+".away")
			writeFile(t, path, strings.Repeat("no database ", 1000))
			s.run()
			s.host.waitFor(t, componentstatus.StatusRecoverableError, "")
			execute(t, path+".away", `INSERT INTO events(token_id, kind, timestamp) VALUES ('n', 'dns', strftime('%s') + 5)`)
			rename(t, path+".away", path)
			s.waitForWhole([]int64{11})
		})
	}
}
