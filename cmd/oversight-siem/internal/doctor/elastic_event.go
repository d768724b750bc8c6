// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// checkElasticEvent sends a test event, if that is wanted.
func (e *exporter) checkElasticEvent(ctx context.Context) []finding {
	if !e.settings.SendTest {
		return notChecked("pass --send-test to send one marked event", "whether a document is accepted is known only when one arrives")
	}
	s, found := e.elastic()
	if found != nil {
		return found
	}
	defer s.http.CloseIdleConnections()
	stream := e.dataStreams()[0]
	body, err := json.Marshal(map[string]any{
		"@timestamp": time.Now().UTC().Format(time.RFC3339), "message": testMark,
		"event": map[string]any{"kind": "event", "action": "doctor-test"},
	})
	if err != nil {
		return notChecked("", "%v", err)
	}
	a, found := s.ask(ctx, http.MethodPost, "/"+stream+"/_doc", "op_type=create", string(body), &struct{}{})
	switch {
	case found != nil:
		return found
	case a.status == http.StatusCreated:
		return passed("%s accepted a test event; search in %s for: message : \"%s\"", a.url, stream, testMark)
	default:
		return failed("see the other checks of this exporter", "%s refuses a test event (%d): %s", a.url, a.status, elasticReason(a.body))
	}
}

// elasticReason is the reason of an error of Elasticsearch; empty for none.
func elasticReason(body []byte) string {
	var answer struct {
		Error struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	return answer.Error.Type + ": " + answer.Error.Reason
}
