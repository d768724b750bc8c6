// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// FuzzHead compares accepted heads with what encoding/json makes of them.
func FuzzHead(f *testing.F) {
	head, _ := sampleHead(f)
	f.Add(head)
	f.Fuzz(func(t *testing.T, data []byte) {
		head, err := tlog.ParseHead(data)
		var syntax *tlog.HeadSyntaxError
		if errors.As(err, &syntax) {
			require.Equal(t, tlog.Head{}, head)
			return
		}
		// A map, since fields of a struct accept keys in upper case too.
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &fields))
		var size int64
		require.NoError(t, json.Unmarshal(fields["size"], &size))
		require.Equal(t, size, head.Size)
		require.GreaterOrEqual(t, head.Size, int64(0))
		text := func(key string) (value string) {
			require.NoError(t, json.Unmarshal(fields[key], &value))
			return value
		}
		require.Equal(t, text("root"), head.Root.String())
		require.Equal(t, text("signature"), hex.EncodeToString(head.Signature[:]))
		message := fmt.Sprintf(`{"root":"%s","size":%d}`, text("root"), size)
		require.Equal(t, message, string(head.Message()))
		require.Equal(t, text("signed_message") == message, err == nil)
		if err != nil {
			require.ErrorIs(t, err, tlog.ErrSignature)
		}
	})
}

// FuzzLog reads any file, and makes sure that a restart leads to the same result and
// no more findings.
func FuzzLog(f *testing.F) {
	f.Add([]byte(linesOf(0, 5)))
	f.Add([]byte(linesOf(0, 3) + linesOf(5, 7) + linesOf(4, 5) + "x\n\n" + linesOf(9, 10)))
	f.Fuzz(func(t *testing.T, text []byte) {
		log := followDamaged(t, newLog(t, string(text)), tlog.State{})
		log.advance()
		for _, found := range log.Findings() {
			require.Contains(t, []string{translator.IntegrityLeafCorrupt, translator.IntegrityLeafIndexJumped}, found.Kind)
		}
		assert.Equal(t, indexes(0, int(log.Size())), log.leaves)
		again := followDamaged(t, log.path, log.State())
		again.advance()
		require.Empty(t, again.Findings())
		require.Empty(t, again.leaves)
		requireSame(t, log, again)
		// The file's times change, so that it is read again.
		overwrite(t, log.path, string(text))
		log.advance()
		require.Empty(t, log.Findings())
		requireSame(t, log, again)
	})
}

func requireSame(t *testing.T, a, b *follower) {
	require.Equal(t, a.Size(), b.Size())
	rootA, knownA := a.Root()
	rootB, knownB := b.Root()
	require.Equal(t, knownA, knownB)
	require.Equal(t, rootA, rootB)
	for i := range min(a.Size(), 600) {
		entryA, errA := a.Lookup(context.Background(), i)
		require.NoError(t, errA)
		copied := entryA
		if entryA.IsBeacon {
			beacon := *entryA.Beacon
			copied.Beacon = &beacon
		}
		entryB, errB := b.Lookup(context.Background(), i)
		require.NoError(t, errB)
		require.Equal(t, copied, entryB)
		rootA, errA := a.RootAt(i)
		rootB, errB := b.RootAt(i)
		require.Equal(t, errA, errB)
		require.Equal(t, rootA, rootB)
	}
}
