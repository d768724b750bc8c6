// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// randomLogs are nested at random, empty resources and scopes included. Each record's
// body names its resource, its scope and its place.
func randomLogs(random *rand.Rand) plog.Logs {
	logs := plog.NewLogs()
	n := 0
	for r := range random.IntN(4) {
		resource := logs.ResourceLogs().AppendEmpty()
		resource.Resource().Attributes().PutInt("resource", int64(r))
		resource.SetSchemaUrl("resource-" + strconv.Itoa(r))
		for s := range random.IntN(4) {
			scope := resource.ScopeLogs().AppendEmpty()
			scope.Scope().SetName(strconv.Itoa(r) + "/" + strconv.Itoa(s))
			scope.SetSchemaUrl("scope-" + strconv.Itoa(s))
			for range random.IntN(5) {
				record := scope.LogRecords().AppendEmpty()
				record.Body().SetStr(scope.Scope().Name() + "/" + strconv.Itoa(n))
				record.Attributes().PutStr(attributeUID, strconv.Itoa(random.IntN(n+3)))
				n++
			}
		}
	}
	return logs
}

// described are the records with their surroundings, in their order.
func described(logs plog.Logs) (all []string) {
	for _, resource := range logs.ResourceLogs().All() {
		number, _ := resource.Resource().Attributes().Get("resource")
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				all = append(all, number.AsString()+" "+resource.SchemaUrl()+" "+scope.Scope().Name()+" "+
					scope.SchemaUrl()+" "+record.Body().Str())
			}
		}
	}
	return all
}

// Any records that are chosen of a message keep resource, scope and order, and nothing
// else comes with them.
func FuzzSelectRecords(f *testing.F) {
	f.Add(uint64(1), uint64(0))
	f.Add(uint64(2), uint64(0xffff))
	f.Add(uint64(3), uint64(0x5a5a))
	f.Fuzz(func(t *testing.T, seed, chosen uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		logs := randomLogs(random)
		want := described(logs)
		m := newMessage(t.Context(), t.Context(), logs)
		defer m.end()
		records, ok := m.records(nil)
		require.True(t, ok)
		require.Len(t, records, len(want))
		uids := map[string]bool{}
		var selected []*record
		var wanted []string
		for i, r := range records {
			require.NotEmpty(t, r.uid)
			require.False(t, uids[r.uid], "a uid names one record")
			uids[r.uid] = true
			if chosen>>(i%64)&1 == 1 {
				selected = append(selected, r)
				wanted = append(wanted, want[i])
			}
		}
		copied, ok := m.copyRecords(selected)
		require.True(t, ok)
		require.Equal(t, wanted, described(copied))
		require.Equal(t, want, described(logs), "the message is as it was")
		for _, resource := range copied.ResourceLogs().All() {
			require.NotZero(t, resource.ScopeLogs().Len())
			for _, scope := range resource.ScopeLogs().All() {
				require.NotZero(t, scope.LogRecords().Len())
			}
		}
	})
}

// What a call got is not looked at after it has returned.
func TestMessageAfterTheCall(t *testing.T) {
	m := newMessage(t.Context(), t.Context(), logsOf("1"))
	records, ok := m.records(nil)
	require.True(t, ok)
	m.end()
	_, ok = m.copyAll()
	assert.False(t, ok)
	_, ok = m.copyRecords(records)
	assert.False(t, ok)
	_, ok = m.records(nil)
	assert.False(t, ok)
	require.Error(t, m.ctx.Err())
	require.Error(t, m.sendCtx.Err())
}

// A uid that is a number is written as a destination names it. One that is written like
// another does not identify a record.
func TestUIDsThatAreNoStrings(t *testing.T) {
	logs := logsOf("5", "x", "6")
	records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	records.At(1).Attributes().PutInt(attributeUID, 5)
	records.At(2).Attributes().PutInt(attributeUID, 6)
	m := newMessage(t.Context(), t.Context(), logs)
	defer m.end()
	got, ok := m.records(&job{})
	require.True(t, ok)
	assert.Equal(t, "\x00", got[0].uid[:1])
	assert.Equal(t, "\x00", got[1].uid[:1])
	assert.Equal(t, "6", got[2].uid)
}
