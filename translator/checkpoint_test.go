// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// fullCheckpoint has a value in every field.
func fullCheckpoint() translator.Checkpoint {
	return translator.Checkpoint{
		RegistryID: "deadbeef", UID: "00112233445566778899aabbccddeeff", Message: "Events up to id 42 are delivered.",
		Observed: time.Unix(1735003600, 5).UTC(), Collector: "collector-1", Receiver: "oversight/splunk",
		Reason: translator.CheckpointReasonInterval, LastEventID: 42, LastRowUID: "ffeeddccbbaa99887766554433221100",
		Since: time.Unix(1735000000, 0).UTC(), Delivered: 20, Checked: true, Verified: 11, Mismatch: 1, Missing: 2, Duplicate: 3,
		Unavailable: 4, Unresolved: 6, Undelivered: 7, HasUndelivered: true, HoldingSince: time.Unix(1735003500, 0).UTC(),
		Quarantined: 8, Reduced: 9, Findings: 10, TlogSize: 20852200, TlogRoot: strings.Repeat("a1b2c3d4", 8), HeadSize: 20852163,
		// The root in the example of https://c2sp.org/tlog-checkpoint, in hex.
		HeadRoot: "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62", HeadSignature: strings.Repeat("5a", 64),
	}
}

func checkpointToRecord(c translator.Checkpoint) (pcommon.Resource, plog.LogRecord) {
	resource, record := pcommon.NewResource(), plog.NewLogRecord()
	translator.SetResource(resource, c.RegistryID)
	c.ToLogRecord(record)
	return resource, record
}

func checkpointFromRecord(resource pcommon.Resource, record plog.LogRecord) translator.Checkpoint {
	c, _ := translator.CheckpointFromLogRecord(resource, record)
	return c
}

func TestCheckpointLogRecord(t *testing.T) {
	c := fullCheckpoint()
	for i, v := 0, reflect.ValueOf(c); i < v.NumField(); i++ {
		require.False(t, v.Field(i).IsZero(), v.Type().Field(i).Name)
	}
	_, record := checkpointToRecord(c)
	assert.Equal(t, map[string]any{
		"log.record.uid":                            "00112233445566778899aabbccddeeff",
		"oversight.collector.name":                  "collector-1",
		"oversight.receiver.id":                     "oversight/splunk",
		"oversight.checkpoint.reason":               "interval",
		"oversight.event.id":                        "42",
		"oversight.event.uid":                       "ffeeddccbbaa99887766554433221100",
		"oversight.checkpoint.since":                "2024-12-24T00:26:40Z",
		"oversight.checkpoint.delivered":            int64(20),
		"oversight.checkpoint.verified":             int64(11),
		"oversight.checkpoint.mismatch":             int64(1),
		"oversight.checkpoint.missing":              int64(2),
		"oversight.checkpoint.duplicate":            int64(3),
		"oversight.checkpoint.unavailable":          int64(4),
		"oversight.checkpoint.unresolved":           int64(6),
		"oversight.checkpoint.undelivered":          int64(7),
		"oversight.checkpoint.holding_since":        "2024-12-24T01:25:00Z",
		"oversight.checkpoint.quarantined":          int64(8),
		"oversight.checkpoint.reduced":              int64(9),
		"oversight.checkpoint.undelivered_findings": int64(10),
		"oversight.tlog.size":                       int64(20852200),
		"oversight.tlog.root":                       c.TlogRoot,
		"oversight.head.size":                       int64(20852163),
		"oversight.head.root":                       c.HeadRoot,
		"oversight.head.signature":                  c.HeadSignature,
		"oversight.head.checkpoint":                 "oversight-registry/deadbeef\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	}, record.Attributes().AsRaw())
	assert.Equal(t, "oversight.checkpoint", record.EventName())
	assert.Equal(t, c.Message, record.Body().Str())
	assert.Equal(t, plog.SeverityNumberInfo, record.SeverityNumber())
	assert.Equal(t, c.Observed, record.Timestamp().AsTime())
	assert.True(t, translator.IsCheckpoint(record))
	assert.True(t, translator.HasDocument(record))
	assert.False(t, translator.IsEvent(record) || translator.IsIntegrity(record))
}

func TestCheckpointRoundTripLosesNothing(t *testing.T) {
	for name, change := range map[string]func(*translator.Checkpoint){
		"full":        func(*translator.Checkpoint) {},
		"not holding": func(c *translator.Checkpoint) { c.HoldingSince = time.Time{} },
		"lag unknown": func(c *translator.Checkpoint) { c.Undelivered, c.HasUndelivered = 0, false },
		"zero counts": func(c *translator.Checkpoint) {
			c.Verified, c.Mismatch, c.Undelivered, c.Quarantined, c.TlogSize = 0, 0, 0, 0, 0
		},
		"root unknown":   func(c *translator.Checkpoint) { c.TlogRoot = "" },
		"no head":        func(c *translator.Checkpoint) { c.HeadSize, c.HeadRoot, c.HeadSignature = 0, "", "" },
		"nothing at all": func(c *translator.Checkpoint) { *c = translator.Checkpoint{UID: c.UID} },
		"no log": func(c *translator.Checkpoint) {
			c.Checked, c.Verified, c.Mismatch, c.Missing, c.Duplicate, c.Unavailable, c.Unresolved, c.TlogSize, c.TlogRoot = false, 0, 0, 0, 0, 0, 0, 0, ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := fullCheckpoint()
			change(&c)
			assert.Equal(t, c, checkpointFromRecord(checkpointToRecord(c)))
		})
	}
}

// What does not count is not sent.
func TestCheckpointWithoutALog(t *testing.T) {
	c := fullCheckpoint()
	c.Checked, c.HeadRoot = false, ""
	_, record := checkpointToRecord(c)
	for name := range record.Attributes().All() {
		assert.NotRegexp(t, `tlog|head|verified|mismatch|missing|duplicate|unavailable|unresolved`, name)
	}
}

// A record that is sent twice has one uid, and another record has another.
func TestCheckpointUID(t *testing.T) {
	uids := map[string]bool{}
	for _, change := range []func(*translator.Checkpoint){
		func(*translator.Checkpoint) {},
		func(c *translator.Checkpoint) { c.RegistryID += "x" },
		func(c *translator.Checkpoint) { c.Collector += "x" },
		func(c *translator.Checkpoint) { c.Receiver += "x" },
		func(c *translator.Checkpoint) { c.Collector, c.Receiver = "", c.Collector+c.Receiver },
		func(c *translator.Checkpoint) { c.Observed = c.Observed.Add(1) },
	} {
		c := fullCheckpoint()
		c.UID = ""
		change(&c)
		_, first := checkpointToRecord(c)
		_, second := checkpointToRecord(c)
		uid, _ := first.Attributes().Get("log.record.uid")
		again, _ := second.Attributes().Get("log.record.uid")
		require.Regexp(t, "^[0-9a-f]{32}$", uid.Str())
		assert.Equal(t, uid.Str(), again.Str())
		assert.False(t, uids[uid.Str()])
		uids[uid.Str()] = true
	}
}

func TestCheckpointHeadText(t *testing.T) {
	c := fullCheckpoint()
	c.HeadSize = 0
	assert.Equal(t, "oversight-registry/deadbeef\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", c.HeadText())
	for _, root := range []string{"", "aa", "xyz", c.HeadRoot + "00"} {
		c.HeadRoot = root
		assert.Empty(t, c.HeadText(), root)
	}
}

// Other components change the types of attributes.
func TestCheckpointFromChangedRecord(t *testing.T) {
	resource, record := checkpointToRecord(fullCheckpoint())
	attributes := record.Attributes()
	attributes.PutStr("oversight.checkpoint.delivered", "21")
	attributes.PutStr("oversight.checkpoint.since", "yesterday")
	attributes.PutInt("oversight.event.id", 43)
	attributes.PutStr("client.address", "not its own")
	attributes.PutStr("oversight.checkpoint.later", "reserved")
	record.SetObservedTimestamp(0)
	want := fullCheckpoint()
	want.Delivered, want.Since, want.LastEventID = 21, time.Time{}, 43
	got, added := translator.CheckpointFromLogRecord(resource, record)
	assert.Equal(t, want, got)
	var names []string
	for name := range added.All() {
		names = append(names, name)
	}
	assert.Equal(t, []string{"client.address"}, names)
}

// checkpoints are records with a log and a head, without either, and while nothing is
// accepted.
func checkpoints() []translator.Checkpoint {
	full := fullCheckpoint()
	plain := translator.Checkpoint{
		Message: "Events up to id 600 are delivered.", Observed: time.Unix(1735007200, 5e8).UTC(), Collector: "collector-1",
		Receiver: "oversight", Reason: translator.CheckpointReasonShutdown, LastEventID: 600,
		LastRowUID: "ffeeddccbbaa99887766554433221100", Since: time.Unix(1735003600, 0).UTC(), HasUndelivered: true,
	}
	fresh := translator.Checkpoint{
		Message: "No event is delivered yet.", Observed: time.Unix(1735010800, 0).UTC(), Collector: "collector-2",
		Receiver: "oversight", Reason: translator.CheckpointReasonInterval, Since: time.Unix(1735007200, 0).UTC(), Checked: true,
	}
	all := []translator.Checkpoint{full, plain, fresh}
	for i := range all {
		all[i].RegistryID = registries["registry"]
		all[i].SetUID()
	}
	return all
}

// A checkpoint record has all its fields, extended or not, from itself and from its
// record.
func TestCheckpointGoldenShapes(t *testing.T) {
	for _, extended := range []bool{true, false} {
		for shapeName, s := range shapes(extended) {
			var lines [][]byte
			for _, c := range checkpoints() {
				resource, record := checkpointToRecord(c)
				line := s.json.AppendJSON(nil, &translator.Document{Checkpoint: &c})
				assert.Equal(t, string(line), string(appendRecord(s.json, resource, record)), "from the record")
				assert.JSONEq(t, string(line), asJSON(t, s.translate(resource, record)), "as a record")
				lines = append(lines, line)
			}
			goldenIn(t, "checkpoint-records", shapeName, lines)
		}
	}
}

func TestCheckpointGoldenRecords(t *testing.T) {
	var lines [][]byte
	for _, c := range checkpoints() {
		logs := plog.NewLogs()
		resource := logs.ResourceLogs().AppendEmpty()
		translator.SetResource(resource.Resource(), c.RegistryID)
		c.ToLogRecord(resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
		line, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
		require.NoError(t, err)
		lines = append(lines, line)
	}
	goldenIn(t, "checkpoint-records", "otel", lines)
}

// A document that is read into several times holds the last record only.
func TestDocumentHoldsOneRecord(t *testing.T) {
	var d translator.Document
	for range 2 {
		d.SetLogRecord(checkpointToRecord(fullCheckpoint()))
		assert.True(t, d.Checkpoint != nil && d.Event == nil && d.Integrity == nil)
		assert.Equal(t, []string{"00112233445566778899aabbccddeeff", "deadbeef", "Events up to id 42 are delivered."}, []string{d.UID(), d.RegistryID(), d.Message()})
		d.SetLogRecord(integrityToRecord(fullIntegrity()))
		assert.True(t, d.Checkpoint == nil && d.Event == nil && d.Integrity != nil)
		d.SetLogRecord(pcommon.NewResource(), toLog(full()))
		assert.True(t, d.Checkpoint == nil && d.Event != nil && d.Integrity == nil)
	}
}
