// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	// apiKey is the one that is valid.
	apiKey string
	// maxContentLength is the limit of a request after decompression, as
	// Elasticsearch counts http.max_content_length (100 MB by default); 0: none. A
	// proxy in front has a limit of its own, nginx 1 MB.
	maxContentLength int
	// refuseDocument returns why a document is refused, or nil to accept it. May be
	// nil.
	refuseDocument func(document map[string]any) *itemError
	// mapping has the type of each field that dynamic mapping has made; nil: none
	// is made.
	mapping map[string]string
}

// itemError is how a bulk request answers for a document that it does not store.
type itemError struct {
	status       int
	kind, reason string
}

func newBulk(t testing.TB) *bulk {
	t.Helper()
	b := &bulk{apiKey: apiKey, documents: map[string]map[string]any{}, index: map[string]string{}}
	b.destination = newDestination(t, http.HandlerFunc(b.serve))
	return b
}

func (b *bulk) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	b.mu.Lock()
	key, limit := b.apiKey, b.maxContentLength
	b.mu.Unlock()
	if !strings.EqualFold(r.Header.Get("Authorization"), "ApiKey "+key) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":{"root_cause":[{"type":"security_exception","reason":"unable to authenticate with provided credentials"}],`+
			`"type":"security_exception","reason":"unable to authenticate with provided credentials"},"status":401}`)
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
	if limit > 0 && len(text) > limit {
		w.WriteHeader(http.StatusRequestEntityTooLarge) // without a body, like Netty's aggregator
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
		refused := b.create(action.Create.Index, action.Create.ID, document)
		item := map[string]any{"_index": action.Create.Index, "status": http.StatusCreated}
		if refused != nil {
			item["status"] = refused.status
			item["error"] = map[string]any{"type": refused.kind, "reason": refused.reason}
		}
		items = append(items, map[string]any{"create": item})
	}
	return items, nil
}

func (b *bulk) create(index, id string, document map[string]any) *itemError {
	b.items++
	if b.refuseItem != nil {
		if status := b.refuseItem(b.items); status != 0 {
			return &itemError{status, "es_rejected_execution_exception", "rejected execution of coordinating operation"}
		}
	}
	if b.refuseDocument != nil {
		if refused := b.refuseDocument(document); refused != nil {
			return refused
		}
	}
	text, _ := document["@timestamp"].(string)
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return &itemError{http.StatusBadRequest, "document_parsing_exception", "failed to parse field [@timestamp] of type [date]"}
	}
	if _, exists := b.documents[id]; exists {
		b.conflicts++
		return &itemError{http.StatusConflict, "version_conflict_engine_exception", "[" + id + "]: version conflict, document already exists"}
	}
	if b.mapping != nil {
		if err := mapFields(b.mapping, "", document); err != nil {
			return err
		}
	}
	b.created++
	b.documents[id], b.index[id] = document, index
	return nil
}

// mapFields maps fields dynamically: the first document decides whether a field is
// an object
// (https://www.elastic.co/guide/en/elasticsearch/reference/8.11/dynamic-field-mapping.html).
func mapFields(mapping map[string]string, prefix string, object map[string]any) *itemError {
	for key, value := range object {
		path := prefix + key
		inner, isObject := value.(map[string]any)
		kind := "text"
		if isObject {
			kind = "object"
		}
		if known := mapping[path]; known != "" && known != kind {
			return &itemError{
				http.StatusBadRequest, "document_parsing_exception",
				"object mapping for [" + path + "] tried to parse field [" + key + "] as object, but found a concrete value",
			}
		}
		mapping[path] = kind
		if err := mapFields(mapping, path+".", inner); err != nil {
			return err
		}
	}
	return nil
}

// set changes what it accepts while it runs.
func (b *bulk) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// byID returns the documents by their event.id, and how many there are. The reduced
// form of an event, which a receiver sends when a destination that fails now and then
// has failed for it twice, is a document beside it and does not count.
func (b *bulk) byID() (map[string]map[string]any, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	byID := map[string]map[string]any{}
	created := b.created
	for uid, document := range b.documents {
		if strings.HasSuffix(uid, "-reduced") {
			created--
			continue
		}
		id, _ := document["event"].(map[string]any)["id"].(string)
		byID[id] = document
	}
	return byID, created
}
