// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const apiKey = "aWQ6a2V5"

// bulk is a fake of Elasticsearch's bulk API
// (https://www.elastic.co/guide/en/elasticsearch/reference/8.11/docs-bulk.html).
type bulk struct {
	*destination

	mu        sync.Mutex
	documents map[string]map[string]any // by _id
	index     map[string]string         // of the documents
	created   int
	conflicts int
	// refuseItem returns the status that an item is refused with, by its number
	// from 1, or 0 to accept it. May be nil.
	refuseItem func(item int) int
	items      int
}

func newBulk(t testing.TB) *bulk {
	t.Helper()
	b := &bulk{documents: map[string]map[string]any{}, index: map[string]string{}}
	b.destination = newDestination(t, http.HandlerFunc(b.serve))
	return b
}

func (b *bulk) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	if !strings.EqualFold(r.Header.Get("Authorization"), "ApiKey "+apiKey) {
		http.Error(w, `{"error":{"type":"security_exception"},"status":401}`, http.StatusUnauthorized)
		return
	}
	if r.URL.Path != "/_bulk" {
		http.NotFound(w, r)
		return
	}
	text, err := body(r)
	if err != nil {
		http.Error(w, `{"error":{"type":"parse_exception"},"status":400}`, http.StatusBadRequest)
		return
	}
	items, err := b.process(bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"took": 1, "errors": true, "items": items})
}

// process returns the result of each pair of lines.
func (b *bulk) process(lines [][]byte) ([]any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(lines)%2 != 0 {
		return nil, errors.New("a line is missing")
	}
	var items []any
	for i := 0; i < len(lines); i += 2 {
		var action struct {
			Create *struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			}
		}
		var document map[string]any
		if err := errors.Join(json.Unmarshal(lines[i], &action), json.Unmarshal(lines[i+1], &document)); err != nil {
			return nil, err
		}
		if action.Create == nil { // a data stream accepts nothing else
			return nil, errors.New("only write ops with an op_type of create are allowed in data streams")
		}
		status, kind := b.create(action.Create.Index, action.Create.ID, document)
		item := map[string]any{"_index": action.Create.Index, "status": status}
		if kind != "" {
			item["error"] = map[string]any{"type": kind, "reason": kind}
		}
		items = append(items, map[string]any{"create": item})
	}
	return items, nil
}

func (b *bulk) create(index, id string, document map[string]any) (status int, errorType string) {
	b.items++
	if b.refuseItem != nil {
		if status := b.refuseItem(b.items); status != 0 {
			return status, "es_rejected_execution_exception"
		}
	}
	text, _ := document["@timestamp"].(string)
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return http.StatusBadRequest, "document_parsing_exception"
	}
	if _, exists := b.documents[id]; exists {
		b.conflicts++
		return http.StatusConflict, "version_conflict_engine_exception"
	}
	b.created++
	b.documents[id], b.index[id] = document, index
	return http.StatusCreated, ""
}

// byID returns the documents by their event.id, and the number of documents that were created.
func (b *bulk) byID() (map[string]map[string]any, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	byID := map[string]map[string]any{}
	for _, document := range b.documents {
		id, _ := document["event"].(map[string]any)["id"].(string)
		byID[id] = document
	}
	return byID, b.created
}
