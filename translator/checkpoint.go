// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// CheckpointEventName is the EventName of checkpoint records.
const CheckpointEventName = "oversight.checkpoint"

// CheckpointAction is the name of what a checkpoint record reports, as [Action] is for
// events.
const CheckpointAction = "checkpoint"

// Names of log record attributes that only checkpoint records have. They share
// [AttributeRecordUID], [AttributeEventID] and [AttributeEventUID] (of the last row
// that was delivered), [AttributeTlogSize] and [AttributeTlogRoot] with events and
// findings. Counts are ints, of events unless their comment says otherwise.
const (
	// AttributeCollectorName is the name of the collector that made the record.
	AttributeCollectorName = "oversight.collector.name"
	// AttributeReceiverID is the id of its receiver, such as oversight/splunk.
	AttributeReceiverID = "oversight.receiver.id"
	// AttributeCheckpointReason is why it was made: one of the CheckpointReason
	// constants.
	AttributeCheckpointReason = "oversight.checkpoint.reason"
	// AttributeCheckpointSince is the time, in RFC 3339, from which on delivered and
	// verified events are counted: that of the last checkpoint record that was
	// delivered, or the receiver's start.
	AttributeCheckpointSince = "oversight.checkpoint.since"
	// AttributeCheckpointDelivered is how many were delivered since then.
	AttributeCheckpointDelivered = "oversight.checkpoint.delivered"
	// AttributeCheckpointVerified and the following are how many of them have each
	// [AttributeTlogStatus]. Absent where events are not checked.
	AttributeCheckpointVerified    = "oversight.checkpoint.verified"
	AttributeCheckpointMismatch    = "oversight.checkpoint.mismatch"
	AttributeCheckpointMissing     = "oversight.checkpoint.missing"
	AttributeCheckpointDuplicate   = "oversight.checkpoint.duplicate"
	AttributeCheckpointUnavailable = "oversight.checkpoint.unavailable"
	// AttributeCheckpointUnresolved is how many delivered events wait to be checked
	// again, because their leaves were not there. Absent where events are not checked.
	AttributeCheckpointUnresolved = "oversight.checkpoint.unresolved"
	// AttributeCheckpointUndelivered is how many rows of the table are not delivered
	// yet. Absent where that is not known.
	AttributeCheckpointUndelivered = "oversight.checkpoint.undelivered"
	// AttributeCheckpointHoldingSince is the time, in RFC 3339, since which the
	// receiver holds because the destination accepts nothing. Absent: it does not.
	AttributeCheckpointHoldingSince = "oversight.checkpoint.holding_since"
	// AttributeCheckpointQuarantined is how many the destination refuses.
	AttributeCheckpointQuarantined = "oversight.checkpoint.quarantined"
	// AttributeCheckpointReduced is how many the destination has in their reduced form
	// only.
	AttributeCheckpointReduced = "oversight.checkpoint.reduced"
	// AttributeCheckpointFindings is how many findings are not delivered yet.
	AttributeCheckpointFindings = "oversight.checkpoint.undelivered_findings"

	// AttributeHeadSize, AttributeHeadRoot and AttributeHeadSignature are the size (an
	// int), the root and the signature (in hex) of the registry's newest signed tree
	// head whose root was that of the log at its size. Absent where there was none.
	AttributeHeadSize      = "oversight.head.size"
	AttributeHeadRoot      = "oversight.head.root"
	AttributeHeadSignature = "oversight.head.signature"
	// AttributeHeadCheckpoint is that head as the text of a C2SP checkpoint, see
	// [Checkpoint.HeadText].
	AttributeHeadCheckpoint = "oversight.head.checkpoint"
)

// Values of [AttributeCheckpointReason].
const (
	// CheckpointReasonInterval: the interval was over.
	CheckpointReasonInterval = "interval"
	// CheckpointReasonShutdown: the receiver is being shut down.
	CheckpointReasonShutdown = "shutdown"
)

// Checkpoint is what a receiver reports of itself now and then: up to where events were
// delivered, what was verified, what waits, and the registry's signed tree head. It is
// a heartbeat, and a copy of the head that nobody can take back. Text is valid UTF-8.
type Checkpoint struct {
	// RegistryID names the registry whose events are delivered.
	RegistryID string
	// UID identifies the record: 32 hex digits, see [Checkpoint.SetUID].
	UID string
	// Message is one sentence for a person.
	Message string
	// Observed is when the record was made.
	Observed time.Time
	// Collector and Receiver are the collector's name and the receiver's id in it.
	Collector, Receiver string
	// Reason is one of the CheckpointReason constants.
	Reason string
	// LastEventID and LastRowUID are the id and the uid of the last row that was
	// delivered; 0 and "": none was.
	LastEventID int64
	LastRowUID  string
	// Since is from when on Delivered and the counts per status are.
	Since     time.Time
	Delivered int64
	// Checked says that events are checked against the transparency log. Without it,
	// the counts per status, Unresolved, TlogSize and TlogRoot do not count.
	Checked                                             bool
	Verified, Mismatch, Missing, Duplicate, Unavailable int64
	Unresolved                                          int64
	// Undelivered is how many rows are not delivered yet. It counts only if
	// HasUndelivered is set.
	Undelivered    int64
	HasUndelivered bool
	// HoldingSince is since when the destination accepts nothing; zero: it does.
	HoldingSince time.Time
	// Quarantined, Reduced and Findings are how many events the destination refuses, has
	// in their reduced form only, and how many findings are not delivered yet.
	Quarantined, Reduced, Findings int64
	// TlogSize and TlogRoot are the number of the log's leaves and their root in hex,
	// which is empty if it is not known.
	TlogSize int64
	TlogRoot string
	// HeadSize, HeadRoot and HeadSignature are those of the newest signed tree head that
	// agreed with the log, in hex. They count only if HeadRoot is not empty.
	HeadSize      int64
	HeadRoot      string
	HeadSignature string
}

// checkpointAttributes are the attributes of a checkpoint record, except for times and
// [AttributeHeadCheckpoint], which [Checkpoint.ToLogRecord] adds.
var checkpointAttributes = func() *attributeSet {
	set := new(attributeSet)
	for _, a := range []attribute{
		{AttributeRecordUID, fieldUID, formText},
		{AttributeCollectorName, fieldCollector, formText},
		{AttributeReceiverID, fieldReceiver, formText},
		{AttributeCheckpointReason, fieldReason, formText},
		{AttributeEventID, fieldID, formDecimal},
		{AttributeEventUID, fieldRowUID, formText},
		{AttributeCheckpointSince, fieldSince, formText},
		{AttributeCheckpointDelivered, fieldDelivered, formInt},
		{AttributeCheckpointVerified, fieldVerified, formInt},
		{AttributeCheckpointMismatch, fieldMismatch, formInt},
		{AttributeCheckpointMissing, fieldMissing, formInt},
		{AttributeCheckpointDuplicate, fieldDuplicate, formInt},
		{AttributeCheckpointUnavailable, fieldUnavailable, formInt},
		{AttributeCheckpointUnresolved, fieldUnresolved, formInt},
		{AttributeCheckpointUndelivered, fieldUndelivered, formInt},
		{AttributeCheckpointHoldingSince, fieldHoldingSince, formText},
		{AttributeCheckpointQuarantined, fieldQuarantined, formInt},
		{AttributeCheckpointReduced, fieldReducedEvents, formInt},
		{AttributeCheckpointFindings, fieldFindings, formInt},
		{AttributeTlogSize, fieldTlogSize, formInt},
		{AttributeTlogRoot, fieldTlogRoot, formText},
		{AttributeHeadSize, fieldHeadSize, formInt},
		{AttributeHeadRoot, fieldHeadRoot, formText},
		{AttributeHeadSignature, fieldSignature, formText},
		{AttributeHeadCheckpoint, fieldHeadText, formText},
	} {
		set.add(a)
	}
	return set.index()
}()

// checkpointFields is a record's fields as attributes carry them: times as text, and
// whether the counts are there.
type checkpointFields struct {
	*Checkpoint
	since, holdingSince, headText string
	always, hasHead               bool
}

// slot points to a field.
func (c *checkpointFields) slot(field field) slot {
	if s := c.count(field); s.number != nil {
		return s
	}
	switch field {
	case fieldUID:
		return slot{text: &c.UID}
	case fieldCollector:
		return slot{text: &c.Collector}
	case fieldReceiver:
		return slot{text: &c.Receiver}
	case fieldReason:
		return slot{text: &c.Reason}
	case fieldID:
		return slot{number: &c.LastEventID}
	case fieldRowUID:
		return slot{text: &c.LastRowUID}
	case fieldSince:
		return slot{text: &c.since}
	case fieldHoldingSince:
		return slot{text: &c.holdingSince}
	case fieldTlogRoot:
		return slot{text: &c.TlogRoot}
	case fieldHeadRoot:
		return slot{text: &c.HeadRoot}
	case fieldSignature:
		return slot{text: &c.HeadSignature}
	case fieldHeadText:
		return slot{text: &c.headText}
	default:
		return slot{}
	}
}

// count points to a count, which is put even where it is 0: of a heartbeat, that is news.
func (c *checkpointFields) count(field field) slot {
	switch field {
	case fieldDelivered:
		return slot{number: &c.Delivered, present: &c.always}
	case fieldVerified:
		return slot{number: &c.Verified, present: &c.Checked}
	case fieldMismatch:
		return slot{number: &c.Mismatch, present: &c.Checked}
	case fieldMissing:
		return slot{number: &c.Missing, present: &c.Checked}
	case fieldDuplicate:
		return slot{number: &c.Duplicate, present: &c.Checked}
	case fieldUnavailable:
		return slot{number: &c.Unavailable, present: &c.Checked}
	case fieldUnresolved:
		return slot{number: &c.Unresolved, present: &c.Checked}
	case fieldUndelivered:
		return slot{number: &c.Undelivered, present: &c.HasUndelivered}
	case fieldQuarantined:
		return slot{number: &c.Quarantined, present: &c.always}
	case fieldReducedEvents:
		return slot{number: &c.Reduced, present: &c.always}
	case fieldFindings:
		return slot{number: &c.Findings, present: &c.always}
	case fieldTlogSize:
		return slot{number: &c.TlogSize, present: &c.Checked}
	case fieldHeadSize:
		return slot{number: &c.HeadSize, present: &c.hasHead}
	default:
		return slot{}
	}
}

// clearUnused clears what does not count.
func (c *Checkpoint) clearUnused() {
	if !c.Checked {
		c.Verified, c.Mismatch, c.Missing, c.Duplicate, c.Unavailable, c.Unresolved = 0, 0, 0, 0, 0, 0
		c.TlogSize, c.TlogRoot = 0, ""
	}
	if !c.HasUndelivered {
		c.Undelivered = 0
	}
	if c.HeadRoot == "" {
		c.HeadSize, c.HeadSignature = 0, ""
	}
}

// SetUID sets the UID: the first half of a SHA-256, in hex, over the registry's id, the
// names of the collector and the receiver, and the time at which the record was made. A
// record that is sent twice has the same, and no other has it.
func (c *Checkpoint) SetUID() {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		CheckpointEventName, c.RegistryID, c.Collector, c.Receiver, strconv.FormatInt(c.Observed.UnixNano(), 10),
	}, "\x00")))
	c.UID = hex.EncodeToString(sum[:sha256.Size/2])
}

// HeadText is the tree head as the text of a checkpoint (https://c2sp.org/tlog-checkpoint):
// the origin, which is oversight-registry/ and the registry's id, the size, and the root in
// base64, each followed by a line break. Tools that read checkpoints can compare it with
// others of the same log. It is no signed note, and cannot be made one: an Ed25519
// signature of a note covers that text (https://c2sp.org/signed-note), and the registry
// signs a JSON object, which [Checkpoint.HeadSignature] is over. It is empty if there is no
// head, or if its root is not 64 hex digits.
func (c *Checkpoint) HeadText() string {
	root, err := hex.DecodeString(c.HeadRoot)
	if err != nil || len(root) != sha256.Size {
		return ""
	}
	return fmt.Sprintf("oversight-registry/%s\n%d\n%s\n", c.RegistryID, c.HeadSize, base64.StdEncoding.EncodeToString(root))
}

// ToLogRecord fills a new, empty record. A record without a UID gets the one of
// [Checkpoint.SetUID] there. The registry id is not part of the record: see [SetResource].
func (c *Checkpoint) ToLogRecord(record plog.LogRecord) {
	record.SetTimestamp(toTimestamp(c.Observed))
	record.SetObservedTimestamp(toTimestamp(c.Observed))
	record.SetEventName(CheckpointEventName)
	record.SetSeverityNumber(plog.SeverityNumberInfo)
	record.SetSeverityText("INFO")
	record.Body().SetStr(c.Message)
	used := *c
	used.clearUnused()
	if used.UID == "" {
		used.SetUID()
	}
	fields := checkpointFields{
		Checkpoint: &used, since: timeText(used.Since), holdingSince: timeText(used.HoldingSince),
		headText: used.HeadText(), always: true, hasHead: used.HeadRoot != "",
	}
	m := record.Attributes()
	m.EnsureCapacity(len(checkpointAttributes.list))
	for i := range checkpointAttributes.list {
		a := &checkpointAttributes.list[i]
		fields.slot(a.field).put(a, m)
	}
}

// IsCheckpoint reports whether a record holds a checkpoint record.
func IsCheckpoint(record plog.LogRecord) bool { return record.EventName() == CheckpointEventName }

// CheckpointFromLogRecord is the inverse of [Checkpoint.ToLogRecord] and [SetResource].
// Changes that a pipeline made are read as in [FromLogRecord].
func CheckpointFromLogRecord(resource pcommon.Resource, record plog.LogRecord) (Checkpoint, ExtraAttributes) {
	var c Checkpoint
	extra := c.setLogRecord(resource, record)
	return c, extra
}

func (c *Checkpoint) setLogRecord(resource pcommon.Resource, record plog.LogRecord) ExtraAttributes {
	registryID, extra := readResource(resource, record, checkpointAttributes)
	*c = Checkpoint{RegistryID: registryID, Message: record.Body().AsString(), Observed: fromTimestamp(record.ObservedTimestamp())}
	if c.Observed.IsZero() {
		c.Observed = fromTimestamp(record.Timestamp())
	}
	fields := checkpointFields{Checkpoint: c}
	next := 0
	for name, value := range record.Attributes().All() {
		var a *attribute
		if a, next = checkpointAttributes.find(name, next); a != nil {
			fields.slot(a.field).set(a.form, value)
		} else {
			extra.found(name)
		}
	}
	c.Since, c.HoldingSince = timeOf(fields.since), timeOf(fields.holdingSince)
	c.clearUnused()
	return extra
}

// timeText is a time in RFC 3339, in UTC; "" for the zero time.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// timeOf is the inverse of timeText; the zero time for anything else.
func timeOf(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
