// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"encoding/json"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// savedFinding is the form of a finding in the checkpoint, the member `data` of a
// record: docs/checkpoint.md describes it. Its uid is the record's.
type savedFinding struct {
	RegistryID       string    `json:"registry_id"`
	Kind             string    `json:"kind"`
	Message          string    `json:"message"`
	Observed         time.Time `json:"observed"`
	EventID          int64     `json:"event_id,omitempty"`
	LastEventID      int64     `json:"last_event_id,omitempty"`
	EventUID         string    `json:"event_uid,omitempty"`
	TlogIndex        *int64    `json:"tlog_index,omitempty"`
	TlogLastIndex    int64     `json:"tlog_last_index,omitempty"`
	TlogStatus       string    `json:"tlog_status,omitempty"`
	TlogMismatch     string    `json:"tlog_mismatch,omitempty"`
	TlogSize         int64     `json:"tlog_size,omitempty"`
	TlogRoot         string    `json:"tlog_root,omitempty"`
	TlogExpectedRoot string    `json:"tlog_expected_root,omitempty"`
	TlogSignature    string    `json:"tlog_signature,omitempty"`
	Severity         int32     `json:"severity,omitempty"`
	Count            int64     `json:"count,omitempty"`
	TokenID          string    `json:"token_id,omitempty"`
	FileID           string    `json:"file_id,omitempty"`
	// Merged is how many findings it stands for; 0: itself.
	Merged int `json:"merged,omitempty"`
}

func encodeOutboxRecord(r *outboxRecord) ([]byte, error) {
	f := &r.finding
	saved := savedFinding{
		RegistryID: f.RegistryID, Kind: f.Kind, Message: f.Message, Observed: f.Observed,
		EventID: f.EventID, LastEventID: f.LastEventID, EventUID: f.RowUID,
		TlogLastIndex: f.TlogLastIndex, TlogStatus: f.TlogStatus, TlogMismatch: f.TlogMismatch,
		TlogSize: f.TlogSize, TlogRoot: f.TlogRoot, TlogExpectedRoot: f.TlogExpectedRoot, TlogSignature: f.Signature,
		Severity: int32(f.Severity), Count: f.Count, TokenID: f.TokenID, FileID: f.FileID,
		Merged: r.merged,
	}
	if f.HasTlogIndex {
		saved.TlogIndex = &f.TlogIndex
	}
	data, err := json.Marshal(saved)
	if err != nil {
		return nil, err
	}
	record := checkpoint.Record{EventName: translator.IntegrityEventName, UID: f.UID, Data: data}
	return record.Encode()
}

func decodeOutboxRecord(data []byte) (*outboxRecord, error) {
	record, err := checkpoint.DecodeRecord(data)
	if err != nil {
		return nil, err
	}
	if record.EventName != translator.IntegrityEventName {
		return nil, fmt.Errorf("a record with the name %q, which this collector does not know", record.EventName)
	}
	var saved savedFinding
	if err := json.Unmarshal(record.Data, &saved); err != nil {
		return nil, err
	}
	r := &outboxRecord{merged: saved.Merged, saved: true, data: data, finding: finding{
		RegistryID: saved.RegistryID, Kind: saved.Kind, UID: record.UID, Message: saved.Message, Observed: saved.Observed,
		EventID: saved.EventID, LastEventID: saved.LastEventID, RowUID: saved.EventUID,
		TlogLastIndex: saved.TlogLastIndex, TlogStatus: saved.TlogStatus, TlogMismatch: saved.TlogMismatch,
		TlogSize: saved.TlogSize, TlogRoot: saved.TlogRoot, TlogExpectedRoot: saved.TlogExpectedRoot, Signature: saved.TlogSignature,
		Severity: plog.SeverityNumber(saved.Severity), Count: saved.Count, TokenID: saved.TokenID, FileID: saved.FileID,
	}}
	if saved.TlogIndex != nil {
		r.finding.TlogIndex, r.finding.HasTlogIndex = *saved.TlogIndex, true
	}
	return r, nil
}
