// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/oversight-protocol/oversight-otelcol/internal/bindings/bindingstest"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// A token that another issuer registers again is found where its rows and leaves agree,
// and a second registration by its issuer is not.
func TestTokenTakenOver(t *testing.T) {
	legal, mallory := bindingstest.NewIssuer("issuer-legal", 1), bindingstest.NewIssuer("issuer-legal", 2)
	r := bindingstest.New(t)
	r.Register(legal, "file-1", "alice", "a1", "a2")
	r.Register(legal, "file-2", "carol", "c1")
	r.Callback("a1")
	r.Register(legal, "file-1", "alice", "a1", "a2")
	r.Callback("a2")
	a := &logSetup{t: t, records: &records{}, setup: newSetup(t, r.Database)}
	a.log = a.config.TransparencyLog.GetOrInsertDefault()
	a.log.Leaves = r.Leaves
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 2})
	stop()
	assert.Empty(t, a.records.kinds())

	r.Register(mallory, "file-9", "bob", "a1")
	r.Callback("a1")
	r.Callback("c1")
	stop = a.run()
	a.waitForEvents(map[string]int{"verified": 4})
	a.waitForKinds(translator.IntegrityTokenRebound)
	stop()
	stop = a.run() // nothing is found twice
	r.Callback("a1")
	a.waitForEvents(map[string]int{"verified": 5})
	stop()
	_, findings := a.records.all()
	if assert.Len(t, findings, 1) {
		assert.Equal(t, int64(3), findings[0].EventID)
		assert.Equal(t, "a1", findings[0].TokenID)
		assert.Equal(t, "file-9", findings[0].FileID)
	}
}
