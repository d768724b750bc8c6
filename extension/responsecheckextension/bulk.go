// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// headerEventCount is the number of documents in a bulk request, as the exporter
	// `elasticsearch` sends it.
	headerEventCount = "X-Elastic-Event-Count"
	// headerProduct is a header that Elasticsearch sends since 7.14, and that the
	// exporter requires.
	headerProduct = "X-Elastic-Product"
	// maxNamedDocuments is how many refused documents an error or a log line names.
	maxNamedDocuments = 5
)

// bulkItem is the result for one document
// (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk).
type bulkItem struct {
	action       string
	Status       int       `json:"status"`
	FailureStore string    `json:"failure_store"`
	Error        bulkError `json:"error"`
}

// bulkError is why a document, or a whole request, was refused.
type bulkError struct {
	Type     string `json:"type"`
	Reason   string `json:"reason"`
	CausedBy struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
	} `json:"caused_by"`
}

// UnmarshalJSON accepts a text in place of an object, as Elasticsearch answers to
// some wrong requests.
func (e *bulkError) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return unmarshal(text, &e.Reason)
	}
	type plain bulkError
	return unmarshal(text, (*plain)(e))
}

func (e *bulkError) words(a *answer) string {
	text := e.Type
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if e.CausedBy.Reason != "" && !strings.Contains(e.Reason, e.CausedBy.Reason) {
		text += ": " + e.CausedBy.Reason
	}
	return a.words(text)
}

// class returns what an error blames. status is that of the document or the request.
func (e *bulkError) class(status int) string {
	switch e.Type {
	// What no document causes: a block, such as that of a full disk; rights; limits
	// of the cluster; an index that does not exist and may not be created.
	case "cluster_block_exception", "index_block_exception", "index_closed_exception", "index_not_found_exception",
		"invalid_index_name_exception", "resource_not_found_exception", "security_exception", "validation_exception":
		return classDestination
	// What only a document causes.
	case "document_parsing_exception", "mapper_parsing_exception", "strict_dynamic_mapping_exception", "parsing_exception":
		return classContent
	case "illegal_argument_exception":
		return classifyIllegalArgument(e.Reason)
	}
	class, _ := classifyStatus(status)
	return class
}

// classifyIllegalArgument distinguishes by the reason what has one type. The
// destination's reasons are compared from their beginning: text of a document may be
// in the middle of one.
func classifyIllegalArgument(reason string) string {
	switch {
	case strings.HasPrefix(reason, "pipeline with id ["),
		strings.HasPrefix(reason, "no write index is defined for alias ["),
		strings.HasPrefix(reason, "only write ops with an op_type of create are allowed in data streams"):
		return classDestination
	case strings.HasPrefix(reason, "Document contains at least one immense term"):
		return classContent
	}
	return classUnknown
}

// refused returns whether the document was not accepted. A conflict of the action
// `create` says that it is there already: it was accepted before.
func (i *bulkItem) refused() bool {
	if i.Status == http.StatusConflict {
		return i.action != "create" || i.Error.Type != "version_conflict_engine_exception"
	}
	return i.Status < 200 || i.Status > 299 || i.Error.Type != "" || i.Error.Reason != ""
}

// bulkResult is what a bulk answer says about the documents of a request.
type bulkResult struct {
	items int
	// refused are the refused documents, by position.
	refused map[int]bulkItem
	// failureStore are the positions of the documents in a failure store.
	failureStore []int
}

// checkBulk checks the answer to a bulk request.
func checkBulk(rc *responseCheck, a *answer) *refusal {
	if !a.ok() {
		return refusedBulkRequest(a)
	}
	result, err := parseBulk(a.body)
	if err != nil {
		return a.refused()
	}
	if want := expectedItems(a.request); result.items == 0 || (want > 0 && result.items != want) {
		return a.refusal(classUnknown, false,
			fmt.Sprintf("the answer is about %d documents, the request has %d", result.items, want))
	}
	if len(result.refused) > 0 {
		return refusedDocuments(a, result)
	}
	switch {
	case rc.config.OpenSearch:
		a.header.Set(headerProduct, "Elasticsearch")
	case a.header.Get(headerProduct) != "Elasticsearch":
		return a.refusal(classDestination, false,
			"the header X-Elastic-Product is missing, without which the exporter refuses answers; for OpenSearch set `opensearch: true` in the extension responsecheck")
	}
	if len(result.failureStore) > 0 {
		rc.reportFailureStore(a.request, result.failureStore)
	}
	return nil
}

// refusedBulkRequest returns the refusal of a whole request.
func refusedBulkRequest(a *answer) *refusal {
	var body struct {
		Error bulkError `json:"error"`
	}
	if err := unmarshal(a.body, &body); err != nil || body.Error.Type == "" {
		return a.refused()
	}
	class := body.Error.class(a.status)
	statusClass, permanent := a.classify()
	if class == classRetryable {
		class = statusClass
	}
	if class == classDestination {
		permanent = false
	}
	return a.refusal(class, permanent, body.Error.words(a))
}

// expectedItems returns how many documents a request has, 0 if that cannot be found.
func expectedItems(req *http.Request) int {
	if n, err := strconv.Atoi(req.Header.Get(headerEventCount)); err == nil && n > 0 {
		return n
	}
	ids, err := documentIDs(req)
	if err != nil {
		return 0
	}
	return len(ids)
}

var (
	errNoItems  = errors.New("no items")
	errTwoLists = errors.New("items twice")
)

// parseBulk reads the items of a bulk answer. Most are alike, so an item that has the
// text of the one before is not parsed again. Repeated names matter in items, which
// [unmarshal] refuses, and for the list of them.
func parseBulk(body []byte) (*bulkResult, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), lenientText, jsontext.AllowDuplicateNames(true))
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return nil, errors.Join(err, errNoItems)
	}
	var result *bulkResult
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		if name.String() != "items" {
			if err := dec.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		if result != nil {
			return nil, errTwoLists
		}
		if result, err = parseItems(dec); err != nil {
			return nil, err
		}
	}
	if _, err := dec.ReadToken(); err != nil { // the closing brace
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) || result == nil {
		return nil, errors.Join(err, errNoItems)
	}
	return result, nil
}

func parseItems(dec *jsontext.Decoder) (*bulkResult, error) {
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '[' {
		return nil, errors.Join(err, errNoItems)
	}
	result := &bulkResult{refused: map[int]bulkItem{}}
	var item bulkItem
	var previous []byte
	for dec.PeekKind() != ']' {
		text, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(text, previous) {
			if item, err = parseItem(text); err != nil {
				return nil, err
			}
			previous = append(previous[:0], text...)
		}
		switch {
		case item.refused():
			result.refused[result.items] = item
		case item.FailureStore == "used":
			result.failureStore = append(result.failureStore, result.items)
		}
		result.items++
	}
	_, err := dec.ReadToken()
	return result, err
}

// parseItem reads an item: an object with the name of the action.
func parseItem(text []byte) (bulkItem, error) {
	var actions map[string]bulkItem
	if err := unmarshal(text, &actions); err != nil {
		return bulkItem{}, err
	}
	if len(actions) != 1 {
		return bulkItem{}, errNoItems
	}
	for action, item := range actions {
		item.action = action
		return item, nil
	}
	return bulkItem{}, errNoItems
}
