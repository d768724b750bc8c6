// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

const instrumentationKey = "00000000-0000-0000-0000-00000000ffff"

// track is a fake of Application Insights' ingestion endpoint, which accepts
// concatenated envelopes, or a list of them.
type track struct {
	*destination

	mu        sync.Mutex
	envelopes []map[string]any
}

func newTrack(t testing.TB) *track {
	t.Helper()
	s := &track{}
	s.destination = newDestination(t, http.HandlerFunc(s.serve))
	return s
}

func (s *track) serve(w http.ResponseWriter, r *http.Request) {
	text, err := body(r)
	if err != nil || r.URL.Path != "/v2.1/track" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	envelopes, err := parseEnvelopes(text)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// An item above 65,536 bytes is refused, the others are not, which is status 206
	// (https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits).
	accepted := slices.DeleteFunc(slices.Clone(envelopes), func(envelope map[string]any) bool {
		item, err := json.Marshal(envelope)
		return err != nil || len(item) > 65_536
	})
	s.mu.Lock()
	s.envelopes = append(s.envelopes, slices.DeleteFunc(slices.Clone(accepted), func(envelope map[string]any) bool {
		data, _ := envelope["data"].(map[string]any)
		base, _ := data["baseData"].(map[string]any)
		properties, _ := base["properties"].(map[string]any)
		return isCheckpointRecord(properties)
	})...)
	s.mu.Unlock()
	if len(accepted) < len(envelopes) {
		w.WriteHeader(http.StatusPartialContent)
	}
	fmt.Fprintf(w, `{"itemsReceived":%d,"itemsAccepted":%d,"errors":[]}`, len(envelopes), len(accepted))
}

func parseEnvelopes(text []byte) ([]map[string]any, error) {
	var all []map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var value any
		if err := decoder.Decode(&value); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}
		for _, v := range list {
			envelope, _ := v.(map[string]any)
			if err := checkEnvelope(envelope); err != nil {
				return nil, err
			}
			all = append(all, envelope)
		}
	}
}

func checkEnvelope(envelope map[string]any) error {
	text, _ := envelope["time"].(string)
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return err
	}
	if envelope["iKey"] != instrumentationKey {
		return fmt.Errorf("the instrumentation key is %v", envelope["iKey"])
	}
	if data, _ := envelope["data"].(map[string]any); data["baseType"] == nil || data["baseData"] == nil {
		return errors.New("baseType or baseData is missing")
	}
	return nil
}

// byID returns the envelopes by their EventId, and the number of all that have
// arrived.
func (s *track) byID() (map[string]map[string]any, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byID := map[string]map[string]any{}
	for _, envelope := range s.envelopes {
		data := envelope["data"].(map[string]any)
		properties, _ := data["baseData"].(map[string]any)["properties"].(map[string]any)
		id, _ := properties["EventId"].(string)
		byID[id] = envelope
	}
	return byID, len(s.envelopes)
}
