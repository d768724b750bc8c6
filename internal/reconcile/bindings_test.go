// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/internal/bindings"
	"github.com/oversight-protocol/oversight-otelcol/internal/bindings/bindingstest"
	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

var (
	legal   = bindingstest.NewIssuer("issuer-légal", 1)
	mallory = bindingstest.NewIssuer("issuer-légal", 2) // the id is his to choose
)

// follower is a receiver's part of the reconciliation, over restarts.
type follower struct {
	t          testing.TB
	registry   *bindingstest.Registry
	reader     *registry.Reader
	store      store
	cursor     registry.Cursor
	clock      *clock
	reconciler *reconcile.Reconciler
	events     []translator.Event
	findings   []translator.Integrity
}

func follow(t testing.TB, r *bindingstest.Registry) *follower {
	t.Helper()
	f := &follower{t: t, registry: r, clock: &clock{time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}, reader: registry.Open(registry.Settings{Path: r.Database, RegistryID: "deadbeef"})}
	t.Cleanup(func() { assert.NoError(t, f.reader.Close()) })
	f.restart()
	return f
}

func (f *follower) restart() {
	f.t.Helper()
	var err error
	f.reconciler, err = reconcile.Open(reconcile.Settings{
		Leaves: f.registry.Leaves, RegistryID: "deadbeef", Wait: time.Second, Grace: time.Minute, Now: f.clock.read,
		Saved: f.store.log, Pages: &f.store, LastID: f.store.last, Registrations: f.reader,
	})
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = f.reconciler.Close() })
}

// poll reads what is new, and lets so many minutes pass.
func (f *follower) poll(minutes int) {
	f.t.Helper()
	batch, err := f.reader.Read(f.t.Context(), f.cursor, 1000, nil)
	require.NoError(f.t, err)
	f.cursor = batch.Next
	f.reconciler.Check(f.t.Context(), batch.Events)
	f.events = append(f.events, batch.Events...)
	f.commit()
	for range minutes {
		f.clock.now = f.clock.now.Add(time.Minute)
		require.NoError(f.t, f.reconciler.Reverify(f.t.Context()))
		f.reconciler.Idle(f.t.Context())
		f.commit()
	}
}

func (f *follower) commit() {
	f.t.Helper()
	f.findings = append(f.findings, f.reconciler.Findings()...)
	f.store.save(f.t, f.reconciler, f.cursor.ID)
}

// audit is what `verify` finds.
func audit(t testing.TB, r *bindingstest.Registry) (events []translator.Event, findings []translator.Integrity, counts bindings.Counts) {
	t.Helper()
	reader := registry.Open(registry.Settings{Path: r.Database, RegistryID: "deadbeef"})
	defer reader.Close()
	reconciler, err := reconcile.Open(reconcile.Settings{
		Leaves: r.Leaves, RegistryID: "deadbeef", Audit: true, Pages: &store{}, Registrations: reader,
	})
	require.NoError(t, err)
	defer reconciler.Close()
	batch, err := reader.Read(t.Context(), registry.Cursor{}, 1000, nil)
	require.NoError(t, err)
	reconciler.Check(t.Context(), batch.Events)
	reconciler.Idle(t.Context())
	for done := false; !done; {
		done, err = reconciler.CheckRegistrations(t.Context())
		require.NoError(t, err)
	}
	return batch.Events, reconciler.Findings(), reconciler.RecipientCounts()
}

// kindsOf are findings as "kind row token severity".
func kindsOf(findings []translator.Integrity) []string {
	kinds := []string{}
	for i := range findings {
		f := &findings[i]
		severity := f.Severity
		if severity == plog.SeverityNumberUnspecified {
			severity = translator.IntegritySeverity(f.Kind)
		}
		kinds = append(kinds, fmt.Sprintf("%s %d %s %s", f.Kind, f.EventID, f.TokenID, severity))
	}
	return kinds
}

func TestHonestRegistrations(t *testing.T) {
	r := bindingstest.New(t)
	r.Callback("unknown")
	r.Register(legal, "file-1", "zoë@corp.example", "a1", "a2")
	r.Callback("a1")
	r.Store(legal, "file-2", "bob", "b1") // killed before its leaf
	r.Callback("b1")
	r.Register(legal, "file-1", "zoë@corp.example", "a1", "a2") // a second time
	r.Callback("a1")
	r.Callback("a2")
	f := follow(t, r)
	f.poll(3)
	assert.Empty(t, f.findings)
	assert.Equal(t, bindings.Counts{Checked: 4}, f.reconciler.RecipientCounts())
	_, found, counts := audit(t, r)
	assert.Empty(t, found)
	assert.Equal(t, bindings.Counts{Checked: 4}, counts)
}

// The same issuer seals a document again for somebody else: its earlier rows name whom
// they were for, which only the leaf says.
func TestSealedAgain(t *testing.T) {
	r := bindingstest.New(t)
	r.Register(legal, "file-1", "alice", "a1")
	r.Callback("a1")
	r.Register(legal, "file-1", "bob", "b1")
	r.Callback("a1")
	r.Callback("b1")
	want := []string{"manifest_replaced 0  Info"}
	f := follow(t, r)
	f.poll(3)
	assert.Equal(t, want, kindsOf(f.findings))
	assert.Equal(t, bindings.Counts{Checked: 3}, f.reconciler.RecipientCounts())
	f.restart()
	f.poll(3)
	assert.Equal(t, want, kindsOf(f.findings), "once, also after a restart")
	_, found, _ := audit(t, r)
	assert.Equal(t, want, kindsOf(found))
}

// A registration that nothing names any more is not checked, and no finding.
func TestLostRegistration(t *testing.T) {
	r := bindingstest.New(t)
	r.Store(legal, "file-1", "alice", "a1") // killed before its leaf
	r.Callback("a1")
	r.Register(legal, "file-1", "bob", "b1")
	r.Callback("a1")
	f := follow(t, r)
	f.poll(3)
	assert.Empty(t, f.findings)
	assert.Equal(t, bindings.Counts{NotChecked: 2}, f.reconciler.RecipientCounts())
}

func TestTokenTakenOver(t *testing.T) {
	for _, before := range []bool{false, true} {
		t.Run(fmt.Sprintf("called back before %t", before), func(t *testing.T) {
			r := bindingstest.New(t)
			r.Register(legal, "file-1", "alice", "a1", "a2")
			row := 1
			if before {
				r.Callback("a1")
				row++
			}
			f := follow(t, r)
			f.poll(2)
			require.Empty(t, f.findings)
			r.Register(mallory, "file-9", "bob", "a1")
			r.Callback("a1")
			r.Callback("a1")
			r.Callback("a2")
			f.poll(3)
			want := []string{fmt.Sprintf("token_rebound %d a1 Error", row)}
			assert.Equal(t, want, kindsOf(f.findings))
			assert.Equal(t, "file-9", f.findings[0].FileID)
			assert.Contains(t, f.findings[0].Message, `alice`)
			assert.Contains(t, f.findings[0].Message, "another issuer's key registered it again")
			for i := range f.events {
				assert.Equal(t, "verified", f.events[i].TlogStatus)
			}
			f.restart()
			f.poll(3)
			assert.Equal(t, want, kindsOf(f.findings), "once, also after a restart")
			_, found, _ := audit(t, r)
			assert.Equal(t, want, kindsOf(found))
		})
	}
}

// The token did not call back yet: the finding has no row, and another one has the first.
func TestTokenTakenOverBeforeItsFirstRow(t *testing.T) {
	r := bindingstest.New(t)
	r.Register(legal, "file-1", "alice", "a1")
	r.Register(mallory, "file-9", "bob", "a1")
	f := follow(t, r)
	f.poll(3)
	assert.Equal(t, []string{"token_rebound 0 a1 Error"}, kindsOf(f.findings))
	r.Callback("a1")
	f.poll(3)
	assert.Equal(t, []string{"token_rebound 0 a1 Error", "token_rebound 1 a1 Error"}, kindsOf(f.findings))
}

func TestSameIssuerMovesToken(t *testing.T) {
	r := bindingstest.New(t)
	r.Register(legal, "file-1", "alice", "a1")
	r.Register(legal, "file-2", "bob", "a1")
	r.Callback("a1")
	_, found, _ := audit(t, r)
	assert.Equal(t, []string{"token_rebound 1 a1 Info"}, kindsOf(found))
}

// A registration that was cut short did not get the token: its owner is not accused.
func TestTokenNotTakenOver(t *testing.T) {
	r := bindingstest.New(t)
	r.Register(legal, "file-1", "alice", "a1")
	r.Register(mallory, "file-9", "bob", "a1")
	r.Exec("UPDATE beacons SET file_id='file-1', recipient_id='alice', issuer_id=?, registered_at=registered_at-300", legal.ID)
	r.Callback("a1")
	_, found, _ := audit(t, r)
	assert.Empty(t, found)
}

// Whoever can write to the database changes whom a token belongs to.
func TestTableOfTokensChanged(t *testing.T) {
	r := bindingstest.New(t)
	r.Register(legal, "file-1", "alice", "a1")
	r.Exec("UPDATE beacons SET recipient_id='bob'")
	r.Callback("a1")
	f := follow(t, r)
	f.poll(3)
	want := []string{"token_rebound 1 a1 Error"}
	assert.Equal(t, want, kindsOf(f.findings))
	_, found, counts := audit(t, r)
	assert.Equal(t, want, kindsOf(found))
	assert.Equal(t, bindings.Counts{NotChecked: 1}, counts)
}

// The issuer is not in the leaf of a row.
func TestIssuerOfRowChanged(t *testing.T) {
	r := bindingstest.New(t)
	r.Register(legal, "file-1", "alice", "a1")
	for range 3 {
		r.Callback("a1")
	}
	r.Exec("UPDATE events SET issuer_id='somebody' WHERE id > 1")
	want := []string{"row_mismatch 2 a1 Error", "row_mismatch 3 a1 Error"}
	f := follow(t, r)
	f.poll(3)
	assert.Equal(t, want, kindsOf(f.findings))
	assert.Equal(t, "issuer_id", f.events[1].TlogMismatch)
	assert.Equal(t, "mismatch", f.events[2].TlogStatus)
	_, found, _ := audit(t, r)
	assert.Equal(t, want, kindsOf(found))
}

// A manifest that its issuer's key did not sign says nothing.
func TestForgedManifest(t *testing.T) {
	r := bindingstest.New(t)
	r.Register(mallory, "file-9", "bob", "a1")
	r.Register(legal, "file-1", "alice", "a1")
	r.Exec("UPDATE manifests SET manifest_json=replace(manifest_json, 'bob', 'eve') WHERE file_id='file-9'")
	r.Callback("a1")
	_, found, _ := audit(t, r)
	assert.Empty(t, found)
}

func TestNoRegistrations(t *testing.T) {
	for name, schema := range map[string]string{
		"no table":   "DROP TABLE manifests",
		"no key":     "CREATE TABLE other AS SELECT * FROM manifests; DROP TABLE manifests; ALTER TABLE other RENAME TO manifests",
		"no columns": "ALTER TABLE manifests DROP COLUMN manifest_json",
	} {
		t.Run(name, func(t *testing.T) {
			r := bindingstest.New(t)
			r.Register(legal, "file-1", "alice", "a1")
			r.Callback("a1")
			r.Exec(schema)
			events, found, counts := audit(t, r)
			assert.Empty(t, found)
			assert.Equal(t, "verified", events[0].TlogStatus)
			assert.Equal(t, bindings.Counts{Checked: 1}, counts, "by the leaf")
			f := follow(t, r)
			f.poll(2)
			assert.Empty(t, f.findings)
			require.ErrorIs(t, f.reconciler.RecipientsErr(), registry.ErrNoRegistrations)
		})
	}
}
