// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package bulkapi answers bulk requests as Elasticsearch does
// (https://www.elastic.co/guide/en/elasticsearch/reference/8.11/docs-bulk.html), for
// fakes of it. The form of its answers is that of a real OpenSearch node's, which
// testdata/opensearch has and make test-engines compares with a node, with the few
// texts in which Elasticsearch differs.
package bulkapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Document is a document to create.
type Document struct {
	// Index is the index or data stream, as the request names it.
	Index string
	ID    string
	// Fields are the document.
	Fields map[string]any
}

// ItemError is why a document is not created.
type ItemError struct {
	Status       int
	Type, Reason string
}

var (
	// What stands before _bulk is the index for operations that name none, also
	// where somebody means a prefix of a proxy's.
	paths        = regexp.MustCompile(`^/([^/]+/)?_bulk$`)
	contentTypes = regexp.MustCompile(`^application/(x-ndjson|json)($|;)`)
	// Indices with these names are data streams: Elasticsearch has a template for
	// them.
	dataStreams = regexp.MustCompile("^logs-.*-.*")
)

// Answer answers a request with a body, which is decompressed. It calls create for each
// document that can be parsed, in their order: nil creates it.
func Answer(w http.ResponseWriter, r *http.Request, body []byte, create func(Document) *ItemError) {
	switch kind := r.Header.Get("Content-Type"); {
	case !paths.MatchString(r.URL.Path):
		write(w, http.StatusBadRequest, map[string]any{"error": fmt.Sprintf("no handler found for uri [%s] and method [%s]", r.URL.Path, r.Method)})
		return
	case !contentTypes.MatchString(kind):
		write(w, http.StatusNotAcceptable, map[string]any{"error": "Content-Type header [" + kind + "] is not supported", "status": http.StatusNotAcceptable})
		return
	case len(body) == 0:
		Refuse(w, http.StatusBadRequest, "parse_exception", "request body is required")
		return
	case body[len(body)-1] != '\n':
		Refuse(w, http.StatusBadRequest, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]")
		return
	}
	operations, refused := parse(bytes.Split(body[:len(body)-1], []byte("\n")))
	if refused != nil {
		Refuse(w, refused.Status, refused.Type, refused.Reason)
		return
	}
	filtered := r.URL.Query().Get("filter_path") != ""
	items, failed := process(operations, filtered, create)
	answer := map[string]any{"items": items}
	if !filtered {
		answer["took"], answer["errors"] = 1, failed
	}
	write(w, http.StatusOK, answer)
}

// Refuse refuses a whole request, with a type of Elasticsearch's errors.
func Refuse(w http.ResponseWriter, status int, kind, reason string) {
	cause := map[string]any{"type": kind, "reason": reason}
	write(w, status, map[string]any{
		"error": map[string]any{"root_cause": []any{cause}, "type": kind, "reason": reason}, "status": status,
	})
}

func write(w http.ResponseWriter, status int, answer map[string]any) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(answer)
}

// operation is an action and its document.
type operation struct {
	action, index, id string
	document          []byte
}

// parse splits a request. An action at its end without a document is skipped
// silently.
func parse(lines [][]byte) ([]operation, *ItemError) {
	var operations []operation
	for i := 0; i < len(lines); i += 2 {
		var line map[string]struct {
			Index string `json:"_index"`
			ID    string `json:"_id"`
		}
		if err := json.Unmarshal(lines[i], &line); err != nil {
			return nil, &ItemError{http.StatusBadRequest, "json_e_o_f_exception", err.Error()}
		}
		for action, target := range line {
			switch {
			case action != "create" && action != "index": // this fake knows no more
				return nil, &ItemError{http.StatusBadRequest, "illegal_argument_exception", fmt.Sprintf(
					"Malformed action/metadata line [%d], expected one of [create, delete, index, update] but found [%s]", i+1, action)}
			case len(target.ID) > 512:
				return nil, &ItemError{http.StatusBadRequest, "action_request_validation_exception", fmt.Sprintf(
					"Validation Failed: 1: id [%s] is too long, must be no longer than 512 bytes but was: %d;", target.ID, len(target.ID))}
			case i+1 < len(lines):
				operations = append(operations, operation{action, target.Index, target.ID, lines[i+1]})
			}
		}
	}
	return operations, nil
}

// process returns the result of each operation, and whether one failed. filtered
// leaves what the exporter's filter_path leaves.
func process(operations []operation, filtered bool, create func(Document) *ItemError) (items []any, failed bool) {
	for _, o := range operations {
		index := o.index
		if o.action == "create" && dataStreams.MatchString(index) {
			index = ".ds-" + index + "-2026.11.26-000001"
		}
		refused := o.run(create)
		item := map[string]any{"_index": index}
		if !filtered {
			item["_id"] = o.id
		}
		switch {
		case refused != nil:
			failed = true
			reason := map[string]any{"type": refused.Type, "reason": refused.Reason}
			if refused.Status == http.StatusConflict && !filtered {
				reason["index"], reason["shard"], reason["index_uuid"] = index, "0", "AAAAAAAAAAAAAAAAAAAAAA"
			}
			item["status"], item["error"] = refused.Status, reason
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

// DocumentError is how Elasticsearch refuses a document that it cannot parse or map.
// OpenSearch calls it mapper_parsing_exception and names no position.
func DocumentError(reason string) *ItemError {
	return &ItemError{http.StatusBadRequest, "document_parsing_exception", "[1:20] " + reason}
}

// Conflict is how a document is refused that is there already.
func Conflict(id string) *ItemError {
	return &ItemError{http.StatusConflict, "version_conflict_engine_exception", "[" + id + "]: version conflict, document already exists (current version [1])"}
}

// run creates the operation's document, if it is one.
func (o operation) run(create func(Document) *ItemError) *ItemError {
	if o.action == "index" {
		return &ItemError{http.StatusBadRequest, "illegal_argument_exception", "only write ops with an op_type of create are allowed in data streams"}
	}
	if o.index != strings.ToLower(o.index) {
		return &ItemError{http.StatusBadRequest, "invalid_index_name_exception", "Invalid index name [" + o.index + "], must be lowercase"}
	}
	document := Document{Index: o.index, ID: o.id}
	if json.Unmarshal(o.document, &document.Fields) != nil || document.Fields == nil {
		return DocumentError("failed to parse")
	}
	if refused := document.checkTime(); refused != nil {
		return refused
	}
	return create(document)
}

// checkTime refuses a document without a time in a data stream, and one with a time
// that is none.
func (d Document) checkTime() *ItemError {
	value, exists := d.Fields["@timestamp"]
	if !exists {
		if dataStreams.MatchString(d.Index) {
			return DocumentError("failed to parse")
		}
		return nil
	}
	text, _ := value.(string)
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return DocumentError(fmt.Sprintf("failed to parse field [@timestamp] of type [date] in document with id '%s'. Preview of field's value: '%v'", d.ID, value))
	}
	return nil
}
