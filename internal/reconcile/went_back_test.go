// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Rows wait for the log when the database goes back behind some of them, and others get
// their ids. Neither those that are there now nor the leaves of those that are gone are
// accused, whether the log is back before this is noticed or after it, or after a restart.
func TestDatabaseThatWentBackAccusesNobody(t *testing.T) {
	const kept = 100 // the last row that is left
	for name, back := range map[string]struct{ first, restart bool }{
		"the log is back first":        {first: true},
		"the log is back later":        {},
		"the log is back at a restart": {restart: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.log.writeLeaves(100, 110)
			require.NoError(t, os.Rename(s.log.path, s.log.path+".away"))
			s.check("unavailable", 100, 110)
			require.EqualValues(t, 105, s.lastID)
			s.log.writeLeaves(110, 115) // of the rows that get the ids

			if back.first {
				require.NoError(t, os.Rename(s.log.path+".away", s.log.path))
				next := int64(kept)
				s.saved.rows = append(s.saved.rows[:kept:kept], rowsFrom(&next, 110, 115)...)
				s.saved.replaced = errors.New("the database went back")
				s.wait()
				assert.Empty(t, s.kinds())
				assert.EqualValues(t, 9, s.reconciler.WaitingRows())
				s.saved.replaced = nil
			}
			s.lastID, s.saved.rows = kept, s.saved.rows[:kept:kept] // it is noticed
			s.saved.save(t, s.reconciler, s.lastID)
			assert.EqualValues(t, 4, s.reconciler.WaitingRows())
			if back.restart {
				s.reconciler = s.log.open(s.clock, s.saved, 0)
			}
			if !back.first {
				s.reconciler.Idle(t.Context())
				s.reconciler.LookAgain(t.Context(), time.Second)
				require.Empty(t, s.kinds())
				require.NoError(t, os.Rename(s.log.path+".away", s.log.path))
			}
			s.check("verified", 110, 115)
			s.wait()
			s.requireRechecked(97, kept, 4)

			s.log.writeLeaves(115, 117) // the first one's row is deleted unread
			s.check("verified", 116, 117)
			s.wait()
			require.Equal(t, []string{translator.IntegrityLeafWithoutRow}, s.kinds())
			assert.EqualValues(t, 115, s.reconciler.Findings()[0].TlogIndex)
		})
	}
}
