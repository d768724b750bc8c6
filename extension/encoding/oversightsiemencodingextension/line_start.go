// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

import (
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const (
	// recentBatches is how many batches are remembered by their first event. After a
	// failure, the receiver sends the first event again before it tries others.
	recentBatches = 64
	// cautiousBatches is how many batches after a repeat begin with a line end, too.
	// While a destination is down, the receiver tries single events in turn, and what
	// follows a repeat need not be one.
	cautiousBatches = 64
	// maxStreams is how many streams are told apart; batches of further ones always
	// begin with a line end.
	maxStreams = 1000
)

// lineStart decides whether the text of a batch begins with a line end.
//
// An exporter that could write only a part of a text, because the disk was full or the
// collector was killed, leaves a line without its end, and says nothing to an encoding.
// What it writes next would continue that line, and one more event would be lost. So
// a batch begins with a line end when it is the first of its registry and kind after a
// start, as a pipeline may write each to a file of its own; when its first event was
// the first of a batch before, as in a repeat; and for a while after that. Readers of
// lines of JSON skip the empty line that stands there when the line before was complete.
//
// It is safe for concurrent use. The zero value is ready for use.
type lineStart struct {
	mu       sync.Mutex
	streams  map[stream]bool // that have begun
	recent   []string        // the first events of batches, the newest last; "" for none
	cautious int             // how many batches are still to begin with a line end
}

// stream is what a pipeline may write to a file of its own.
type stream struct{ registryID, kind string }

// lineEnd reports whether the batch that begins with a record begins with a line end.
func (s *lineStart) lineEnd(resource pcommon.Resource, first plog.LogRecord) bool {
	uid := uidOf(first)
	s.mu.Lock()
	defer s.mu.Unlock()
	begins := s.begins(streamOf(resource, first))
	if uid == "" || slices.Contains(s.recent, uid) {
		s.cautious = cautiousBatches
	}
	if len(s.recent) == recentBatches {
		s.recent = slices.Delete(s.recent, 0, 1)
	}
	s.recent = append(s.recent, uid)
	if s.cautious > 0 {
		s.cautious--
		return true
	}
	return begins
}

// begins reports whether a stream begins. The caller holds the lock.
func (s *lineStart) begins(of stream) bool {
	if s.streams[of] {
		return false
	}
	if s.streams == nil {
		s.streams = map[stream]bool{}
	}
	if len(s.streams) < maxStreams {
		s.streams[of] = true
	}
	return true
}

func streamOf(resource pcommon.Resource, record plog.LogRecord) stream {
	registryID := ""
	if id, ok := resource.Attributes().Get(translator.AttributeRegistryID); ok {
		registryID = id.AsString()
	}
	return stream{strings.Clone(registryID), strings.Clone(record.EventName())}
}

// uidOf identifies the event or the finding of a record; its reduced form is the same
// event. It is "" for other records, which may all be repeats.
func uidOf(record plog.LogRecord) string {
	uid, ok := record.Attributes().Get(translator.AttributeRecordUID)
	if !ok {
		return ""
	}
	return strings.Clone(strings.TrimSuffix(uid.AsString(), translator.ReducedUIDSuffix))
}
