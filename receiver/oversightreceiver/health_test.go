// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// A failure that lasts is logged every five minutes, though the text of its error
// is another one each time.
func TestFailureIsLoggedByClassAndTime(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	now := time.Unix(0, 0)
	h := newHealth(newHost(), zap.New(core))
	h.now = func() time.Time { return now }
	for i := range 601 { // ten minutes
		h.recoverable(failureDeliver, fmt.Errorf("503, request id %d", i))
		if i%2 == 0 {
			h.recoverable(failureRead, fmt.Errorf("locked at %s", now))
		}
		now = now.Add(time.Second)
	}
	assert.Equal(t, 3, logs.FilterMessage(string(failureDeliver)).Len())
	assert.Equal(t, 3, logs.FilterMessage(string(failureRead)).Len())
	for range 2 {
		h.resolved(failureDeliver, failureRead)
	}
	recovered := logs.FilterMessage("Recovered").All()
	require.Len(t, recovered, 2)
	assert.Equal(t, map[string]any{"failure": string(failureDeliver), "after": 601 * time.Second, "attempts": int64(601)}, recovered[0].ContextMap())
	assert.Equal(t, map[string]any{"failure": string(failureRead), "after": 601 * time.Second, "attempts": int64(301)}, recovered[1].ContextMap())
	h.recoverable(failureRead, fmt.Errorf("locked"))
	assert.Equal(t, 4, logs.FilterMessage(string(failureRead)).Len(), "a new failure is logged at once")
}

func TestStatusFollowsFailures(t *testing.T) {
	host := newHost()
	h := newHealth(host, zap.NewNop())
	h.recoverable(failureRead, errDisk)
	h.recoverable(failureRead, errDisk)
	assert.Len(t, host.statuses, 1)
	h.resolved(failureRead)
	h.permanent(errDisk)
	assert.Equal(t, componentstatus.StatusPermanentError, host.last().Status())
	assert.Len(t, host.statuses, 3)
}
