// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const apiKey = "aWQ6a2V5"

// bulk is a fake of Elasticsearch's bulk API
// (https://www.elastic.co/guide/en/elasticsearch/reference/8.11/docs-bulk.html). Its
// answers have the form of those that a real OpenSearch node gives, see
// TestFakeBulkAnswers.
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
	b.mu.Lock()
	key, limit := b.apiKey, b.maxContentLength
	b.mu.Unlock()
	text, err := body(r)
	if err == nil && limit > 0 && len(text) > limit {
		w.WriteHeader(http.StatusRequestEntityTooLarge) // without a body, like Netty's aggregator
		return
	}
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	switch kind := r.Header.Get("Content-Type"); {
	case !strings.EqualFold(r.Header.Get("Authorization"), "ApiKey "+key):
		refuseBulk(w, http.StatusUnauthorized, "security_exception", "unable to authenticate with provided credentials")
		return
	case !bulkPaths.MatchString(r.URL.Path):
		answerBulk(w, http.StatusBadRequest, map[string]any{"error": fmt.Sprintf("no handler found for uri [%s] and method [%s]", r.URL.Path, r.Method)})
		return
	case !bulkTypes.MatchString(kind):
		answerBulk(w, http.StatusNotAcceptable, map[string]any{"error": "Content-Type header [" + kind + "] is not supported", "status": http.StatusNotAcceptable})
		return
	case err != nil:
		refuseBulk(w, http.StatusBadRequest, "parse_exception", err.Error())
		return
	case len(text) == 0:
		refuseBulk(w, http.StatusBadRequest, "parse_exception", "request body is required")
		return
	case text[len(text)-1] != '\n':
		refuseBulk(w, http.StatusBadRequest, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]")
		return
	}
	operations, refused := parseBulk(bytes.Split(text[:len(text)-1], []byte("\n")))
	if refused != nil {
		refuseBulk(w, refused.status, refused.kind, refused.reason)
		return
	}
	items, failed := b.process(operations, r.URL.Query().Get("filter_path") != "")
	answer := map[string]any{"items": items}
	if r.URL.Query().Get("filter_path") == "" {
		answer["took"], answer["errors"] = 1, failed
	}
	answerBulk(w, http.StatusOK, answer)
}

var (
	// What stands before _bulk is the index for operations that name none, also
	// where somebody means a prefix of a proxy's.
	bulkPaths = regexp.MustCompile(`^/([^/]+/)?_bulk$`)
	bulkTypes = regexp.MustCompile(`^application/(x-ndjson|json)($|;)`)
	// Indices with these names are data streams: Elasticsearch has a template for
	// them.
	dataStreams = regexp.MustCompile("^logs-.*-.*")
)

// refuseBulk refuses a whole request.
func refuseBulk(w http.ResponseWriter, status int, kind, reason string) {
	cause := map[string]any{"type": kind, "reason": reason}
	answerBulk(w, status, map[string]any{
		"error": map[string]any{"root_cause": []any{cause}, "type": kind, "reason": reason}, "status": status,
	})
}

func answerBulk(w http.ResponseWriter, status int, answer map[string]any) {
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(answer)
}

// bulkOperation is an action and its document.
type bulkOperation struct {
	action, index, id string
	document          []byte
}

// parseBulk splits a request. An action at its end without a document is skipped
// silently.
func parseBulk(lines [][]byte) ([]bulkOperation, *itemError) {
	var operations []bulkOperation
	for i := 0; i < len(lines); i += 2 {
		var line map[string]struct {
			Index string `json:"_index"`
			ID    string `json:"_id"`
		}
		if err := json.Unmarshal(lines[i], &line); err != nil {
			return nil, &itemError{http.StatusBadRequest, "json_e_o_f_exception", err.Error()}
		}
		for action, target := range line {
			switch {
			case action != "create" && action != "index": // this fake knows no more
				return nil, &itemError{http.StatusBadRequest, "illegal_argument_exception", fmt.Sprintf(
					"Malformed action/metadata line [%d], expected one of [create, delete, index, update] but found [%s]", i+1, action)}
			case len(target.ID) > 512:
				return nil, &itemError{http.StatusBadRequest, "action_request_validation_exception", fmt.Sprintf(
					"Validation Failed: 1: id [%s] is too long, must be no longer than 512 bytes but was: %d;", target.ID, len(target.ID))}
			case i+1 < len(lines):
				operations = append(operations, bulkOperation{action, target.Index, target.ID, lines[i+1]})
			}
		}
	}
	return operations, nil
}

// process returns the result of each operation, and whether one failed. filtered
// leaves what the exporter's filter_path leaves.
func (b *bulk) process(operations []bulkOperation, filtered bool) (items []any, failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range operations {
		index := o.index
		if o.action == "create" && dataStreams.MatchString(index) {
			index = ".ds-" + index + "-2026.11.26-000001"
		}
		refused := b.create(o)
		item := map[string]any{"_index": index}
		if !filtered {
			item["_id"] = o.id
		}
		switch {
		case refused != nil:
			failed = true
			reason := map[string]any{"type": refused.kind, "reason": refused.reason}
			if refused.status == http.StatusConflict && !filtered {
				reason["index"], reason["shard"], reason["index_uuid"] = index, "0", "AAAAAAAAAAAAAAAAAAAAAA"
			}
			item["status"], item["error"] = refused.status, reason
		case filtered:
			item["status"] = http.StatusCreated
		default:
			item["status"], item["result"], item["_version"], item["_seq_no"], item["_primary_term"] = http.StatusCreated, "created", 1, 1, 1
			item["_shards"] = map[string]any{"total": 2, "successful": 1, "failed": 0}
		}
		items = append(items, map[string]any{o.action: item})
	}
	return items, failed
}

// documentError is how Elasticsearch refuses a document that it cannot parse or map.
// OpenSearch calls it mapper_parsing_exception and names no position.
func documentError(reason string) *itemError {
	return &itemError{http.StatusBadRequest, "document_parsing_exception", "[1:20] " + reason}
}

func (b *bulk) create(o bulkOperation) *itemError {
	b.items++
	if b.refuseItem != nil {
		if status := b.refuseItem(b.items); status != 0 {
			return &itemError{status, "es_rejected_execution_exception", "rejected execution of coordinating operation"}
		}
	}
	if o.action == "index" {
		return &itemError{http.StatusBadRequest, "illegal_argument_exception", "only write ops with an op_type of create are allowed in data streams"}
	}
	if o.index != strings.ToLower(o.index) {
		return &itemError{http.StatusBadRequest, "invalid_index_name_exception", "Invalid index name [" + o.index + "], must be lowercase"}
	}
	var document map[string]any
	if json.Unmarshal(o.document, &document) != nil || document == nil {
		return documentError("failed to parse")
	}
	if b.refuseDocument != nil {
		if refused := b.refuseDocument(document); refused != nil {
			return refused
		}
	}
	if refused := checkTime(o, document); refused != nil {
		return refused
	}
	if b.mapping != nil {
		if err := mapFields(b.mapping, "", o.id, document); err != nil {
			return err
		}
	}
	if _, exists := b.documents[o.id]; exists {
		b.conflicts++
		return &itemError{http.StatusConflict, "version_conflict_engine_exception", "[" + o.id + "]: version conflict, document already exists (current version [1])"}
	}
	b.created++
	b.documents[o.id], b.index[o.id] = document, o.index
	return nil
}

// checkTime refuses a document without a time in a data stream, and one with a time
// that is none.
func checkTime(o bulkOperation, document map[string]any) *itemError {
	value, exists := document["@timestamp"]
	if !exists {
		if dataStreams.MatchString(o.index) {
			return documentError("failed to parse")
		}
		return nil
	}
	text, _ := value.(string)
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return documentError(fmt.Sprintf("failed to parse field [@timestamp] of type [date] in document with id '%s'. Preview of field's value: '%v'", o.id, value))
	}
	return nil
}

// mapFields maps fields dynamically: the first document decides whether a field is
// an object
// (https://www.elastic.co/guide/en/elasticsearch/reference/8.11/dynamic-field-mapping.html).
func mapFields(mapping map[string]string, prefix, id string, object map[string]any) *itemError {
	for key, value := range object {
		path := prefix + key
		inner, isObject := value.(map[string]any)
		switch known := mapping[path]; {
		case known == "object" && !isObject:
			return documentError("object mapping for [" + path + "] tried to parse field [" + key + "] as object, but found a concrete value")
		case known != "" && known != "object" && isObject:
			preview := strings.TrimPrefix(fmt.Sprint(inner), "map[")
			return documentError(fmt.Sprintf("failed to parse field [%s] of type [%s] in document with id '%s'. Preview of field's value: '{%s}'",
				path, known, id, strings.ReplaceAll(strings.TrimSuffix(preview, "]"), ":", "=")))
		case known == "" && isObject:
			mapping[path] = "object"
		case known == "":
			mapping[path] = "text"
		}
		if err := mapFields(mapping, path+".", id, inner); err != nil {
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
