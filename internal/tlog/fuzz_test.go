// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
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

// FuzzLine holds the two ways of reading a line against each other, and
// against what encoding/json makes of it.
func FuzzLine(f *testing.F) {
	for _, line := range sampleLines(f)[20:60:60] {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var fast, slow, got tlog.Leaf
		taken := tlog.ParseLineFast(line, &fast)
		slowErr := tlog.ParseLineSlow(line, &slow)
		err := tlog.ParseLine(line, &got)
		require.Equal(t, slowErr, err)
		if taken {
			require.NoError(t, slowErr)
			require.Equal(t, slow.Data, fast.Data)
			require.Equal(t, [2]any{slow.Index, slow.Hash}, [2]any{fast.Index, fast.Hash})
		}
		if err != nil {
			return
		}
		require.Equal(t, hashOf(string(got.Data)), got.Hash)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(line, &fields))
		require.Equal(t, got.Hash.String(), fields["leaf_hash"])
		if digits, ok := fields["leaf_data_hex"]; ok {
			require.Equal(t, hex.EncodeToString(got.Data), digits)
		} else {
			require.Equal(t, string(got.Data), fields["leaf_data"])
		}
	})
}

// FuzzBeacon compares a leaf with the row that encoding/json makes of it.
func FuzzBeacon(f *testing.F) {
	var leaf tlog.Leaf
	for _, line := range sampleLines(f)[20:60:60] {
		require.NoError(f, tlog.ParseLine(line, &leaf))
		f.Add([]byte(string(leaf.Data)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got tlog.Beacon
		isBeacon, err := tlog.ParseBeacon(string(data), &got)
		if !isBeacon {
			require.Equal(t, tlog.Beacon{}, got)
			return
		}
		require.NoError(t, err)
		agrees(t, data, &got)
	})
}

// agrees makes sure that a leaf agrees with its own row, as far as it is one.
func agrees(t *testing.T, data []byte, b *tlog.Beacon) {
	var fields map[string]any
	require.NoError(t, json.Unmarshal(data, &fields))
	text := func(key string) string {
		value, _ := fields[key].(string)
		return value
	}
	extra, err := json.Marshal(map[string]string{"qtype": text("qtype")})
	require.NoError(t, err)
	normal, _ := translator.NormalizeExtra(string(extra))
	row := translator.Event{
		Kind: text("kind"), TokenID: text("token_id"), FileID: text("file_id"), RecipientID: text("recipient_id"),
		SourceIP: text("source_ip"), UserAgent: text("user_agent"), QuestionName: text("qname"), Extra: normal,
		QualifiedTimestamp: text("timestamp"),
	}
	want := 0
	for _, key := range []string{"kind", "token_id", "file_id", "recipient_id", "source_ip", "user_agent", "qname", "qtype", "timestamp"} {
		if _, isText := fields[key].(string); !isText && fields[key] != nil {
			want++
		}
	}
	require.Equal(t, want == 0, b.Mismatch(&row) == "", "%s", data)
}

// FuzzHead makes sure that a head that is accepted says what its text says.
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
		// A map, as the fields of a struct take keys in upper case too.
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

// FuzzLog gives a Log any file, and makes sure that a restart finds the same
// and nothing new.
func FuzzLog(f *testing.F) {
	f.Add([]byte(linesOf(0, 5)))
	f.Add([]byte(linesOf(0, 3) + linesOf(5, 7) + linesOf(4, 5) + "x\n\n" + linesOf(9, 10)))
	f.Fuzz(func(t *testing.T, text []byte) {
		log := quiet(t, newLog(t, string(text)), tlog.State{})
		log.advance()
		for _, found := range log.Findings() {
			require.Equal(t, translator.IntegrityLeafCorrupt, found.Kind)
		}
		assert.Equal(t, indexes(0, int(log.Size())), log.leaves)
		again := quiet(t, log.path, log.State())
		again.advance()
		require.Empty(t, again.Findings())
		require.Empty(t, again.leaves)
		requireSame(t, log, again)
		// The file's times change, and so it is read again.
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
		entryA, errA := a.Lookup(i)
		require.NoError(t, errA)
		copied := entryA
		if entryA.IsBeacon {
			beacon := *entryA.Beacon
			copied.Beacon = &beacon
		}
		entryB, errB := b.Lookup(i)
		require.NoError(t, errB)
		require.Equal(t, copied, entryB)
		rootA, errA := a.RootAt(i)
		rootB, errB := b.RootAt(i)
		require.Equal(t, errA, errB)
		require.Equal(t, rootA, rootB)
	}
}
