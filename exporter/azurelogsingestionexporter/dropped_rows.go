// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// dropReason is the attribute `reason` of the metric that counts dropped rows.
type dropReason string

const (
	reasonTooLarge      dropReason = "too_large"
	reasonRefused       dropReason = "refused"
	reasonInvalidTarget dropReason = "invalid_target"
)

// eventUID is the column whose value identifies a row in log messages, if the
// row has that column.
const eventUID = "EventUid"

// maxLoggedUIDs limits how many dropped rows one log message identifies.
const maxLoggedUIDs = 100

func logDropped(logger *zap.Logger, reason dropReason, err error, rows []row) {
	if len(rows) == 0 {
		return
	}
	fields := []zap.Field{zap.String("reason", string(reason)), zap.Int("rows", len(rows)), zap.Int("index", rows[0].index), zap.Error(err)}
	var uids []string
	for _, r := range rows[:min(len(rows), maxLoggedUIDs)] {
		if uid := uidOf(r.record); uid != "" {
			uids = append(uids, uid)
		}
	}
	if len(uids) > 0 {
		fields = append(fields, zap.Strings(eventUID, uids))
	}
	logger.Error("Dropped rows", fields...)
}

func uidOf(record plog.LogRecord) string {
	if record.Body().Type() != pcommon.ValueTypeMap {
		return ""
	}
	uid, ok := record.Body().Map().Get(eventUID)
	if !ok {
		return ""
	}
	return truncateText(uid.AsString(), maxMessageBytes)
}
