// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/bulkapi"
)

const apiKey = "aWQ6a2V5"

// bulk is a fake of Elasticsearch's bulk API
// (https://www.elastic.co/guide/en/elasticsearch/reference/8.11/docs-bulk.html), see
// package bulkapi.
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
	// mapping is what dynamic mapping has made; nil: none is made.
	mapping bulkapi.Mapping
	// rights is what the key may do beside sending documents, see [bulk.ask].
	rights elasticRights
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
	b.mu.Lock()
	key, limit := b.apiKey, b.maxContentLength
	b.mu.Unlock()
	text, err := body(r)
	switch {
	case err != nil:
		bulkapi.Refuse(w, http.StatusBadRequest, "parse_exception", err.Error())
	case limit > 0 && len(text) > limit:
		w.WriteHeader(http.StatusRequestEntityTooLarge) // without a body, like Netty's aggregator
	case !strings.EqualFold(r.Header.Get("Authorization"), "ApiKey "+key):
		bulkapi.Refuse(w, http.StatusUnauthorized, "security_exception", "unable to authenticate with provided credentials")
	case b.ask(w, r, text):
	default:
		bulkapi.Answer(w, r, text, b.create)
	}
}

func (b *bulk) create(document bulkapi.Document) *bulkapi.ItemError {
	b.mu.Lock()
	defer b.mu.Unlock()
	if isCheckpointRecord(document.Fields) {
		return nil
	}
	b.items++
	if b.refuseItem != nil {
		if status := b.refuseItem(b.items); status != 0 {
			return &bulkapi.ItemError{Status: status, Type: "es_rejected_execution_exception", Reason: "rejected execution of coordinating operation"}
		}
	}
	if b.refuseDocument != nil {
		if refused := b.refuseDocument(document.Fields); refused != nil {
			return &bulkapi.ItemError{Status: refused.status, Type: refused.kind, Reason: refused.reason}
		}
	}
	if b.mapping != nil {
		if refused := b.mapping.Add(document); refused != nil {
			return refused
		}
	}
	if _, exists := b.documents[document.ID]; exists {
		b.conflicts++
		return bulkapi.Conflict(document.ID)
	}
	b.created++
	b.documents[document.ID], b.index[document.ID] = document.Fields, document.Index
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
