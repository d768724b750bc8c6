// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// The create action of an event, around its uid.
const (
	createOpening = `{"create":{"_id":"`
	createEnding  = "\"}}\n"
)

// appendCreateAction needs no escapes: a uid is hex digits.
func appendCreateAction(body []byte, uid string) []byte {
	return append(append(append(body, createOpening...), uid...), createEnding...)
}

// bulkResponse is the response of Elasticsearch's bulk API.
type bulkResponse struct {
	Items []struct {
		Create bulkItem `json:"create"`
	} `json:"items"`
}

type bulkItem struct {
	Status int `json:"status"`
	// FailureStore is "used" if the document went to the failure store of a data
	// stream, whose searches do not find it.
	// https://www.elastic.co/docs/manage-data/data-store/data-streams/failure-store
	FailureStore string `json:"failure_store"`
	Error        struct {
		bulkError
		// CausedBy has what is wrong where OpenSearch's reason is "failed to parse".
		CausedBy bulkError `json:"caused_by"`
	} `json:"error"`
}

type bulkError struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

// checkBulkResponse reads the items of a response, which are in the order of the
// actions. A permanent error of any item, unless it is about that document, takes
// precedence over temporary ones.
func checkBulkResponse(_ int, body []byte, sent []document) (v verdict, err error) {
	var response bulkResponse
	if err := json.Unmarshal(body, &response); err != nil || len(response.Items) != len(sent) {
		return v, &rejection{reason: fmt.Sprintf("the response is not that of a bulk API to %d actions: check --output", len(sent)), body: string(body)}
	}
	var permanent, temporary error
	for i := range response.Items {
		item := &response.Items[i].Create
		switch {
		case item.isRefused():
			v.refused = append(v.refused, &rejection{event: sent[i].id, uid: sent[i].uid, reason: item.String()})
			continue
		case isSuccess(item.Status) || item.Status == http.StatusConflict: // it exists already
			continue
		}
		v.retry = append(v.retry, sent[i])
		switch {
		case !isTemporary(item.Status) && permanent == nil:
			permanent = &rejection{event: sent[i].id, uid: sent[i].uid, reason: item.String()}
		case isTemporary(item.Status) && temporary == nil:
			temporary = fmt.Errorf("event %d: %s", sent[i].id, item)
		}
	}
	if permanent != nil {
		return v, permanent
	}
	return v, temporary
}

// isRefused reports whether the document is refused for what it is.
func (i *bulkItem) isRefused() bool {
	return i.Status == http.StatusBadRequest || i.FailureStore == "used"
}

func (i *bulkItem) String() string {
	if i.FailureStore == "used" {
		return "the document went to the failure store of the data stream"
	}
	reason := i.Error.Reason
	if cause := i.Error.CausedBy.Reason; !strings.Contains(reason, cause) {
		reason += ": " + cause
	}
	return fmt.Sprintf("status %d, %s: %s", i.Status, i.Error.Type, excerpt(reason))
}
