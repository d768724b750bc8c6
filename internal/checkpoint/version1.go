// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"bytes"
	"encoding/json"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// Keys of version 1 that version 2 does not use.
const (
	// LogKeyV1 held what is known of the transparency log.
	LogKeyV1 = "witness"
	// LogPrefixV1 is for the pages of its leaves.
	LogPrefixV1 = "witness/"
)

// IsVersion1 reports whether the value of [RootKey] is of version 1.
func IsVersion1(data []byte) bool {
	version, err := versionOf(data)
	return err == nil && version == 1
}

// DecodeRootV1 reads a root of version 1, which had no checksum: it accepts only
// what version 1 wrote, byte for byte.
func DecodeRootV1(data []byte) (Root, error) {
	var v1 struct {
		Version    int    `json:"version"`
		ID         int64  `json:"id"`
		EventUID   string `json:"event_uid"`
		RegistryID string `json:"registry_id"`
	}
	if err := json.Unmarshal(data, &v1); err != nil {
		return Root{}, damaged("%s", err)
	}
	if written, err := json.Marshal(v1); err != nil || !bytes.Equal(data, written) || v1.Version != 1 {
		return Root{}, damaged("not in the form that version 1 was written in")
	}
	return Root{Cursor: Cursor{v1.ID, v1.EventUID, v1.RegistryID}}, nil
}

// DecodeLogV1 reads the value of [LogKeyV1].
func DecodeLogV1(data []byte) (Log, error) {
	var v1 struct {
		Version    int        `json:"version"`
		LastID     int64      `json:"last_id"`
		Log        tlog.State `json:"log"`
		Pages      int64      `json:"pages"`
		Begun      bool       `json:"begun"`
		Settled    int64      `json:"settled"`
		PassedOver int64      `json:"passed_over"`
		Head       *Head      `json:"head"`
		Reported   []string   `json:"reported"`
	}
	if err := json.Unmarshal(data, &v1); err != nil {
		return Log{}, damaged("%s", err)
	}
	if v1.Version != 1 {
		return Log{}, damaged("version %d, but the checkpoint has version 1", v1.Version)
	}
	l := Log{
		LastID: v1.LastID, Tree: v1.Log, Pages: v1.Pages,
		Baselined: v1.Begun, ResolvedUpTo: v1.Settled, SkippedLeaves: v1.PassedOver, Reported: v1.Reported,
	}
	if v1.Head != nil {
		l.Heads = []Head{*v1.Head}
	}
	return l, nil
}

// DecodeLogPageV1 reads the value of a page under [LogPrefixV1].
func DecodeLogPageV1(data []byte) (*LogPage, error) {
	if len(data) != bitsSize {
		return nil, damaged("%d bytes, a page of version 1 has %d", len(data), bitsSize)
	}
	p := new(LogPage)
	p.decodeBits(data)
	return p, nil
}
