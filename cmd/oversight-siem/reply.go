// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// judgeHEC reads the reply of Splunk's HTTP Event Collector, {"text", "code"}.
// Code 0 is success; receivers that are not Splunk may reply with nothing.
func judgeHEC(body []byte, _ []document) ([]document, error) {
	if len(body) == 0 {
		return nil, nil
	}
	var reply struct {
		Text string `json:"text"`
		Code int    `json:"code"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return nil, &rejection{reason: "the reply is not an event collector's: give the URL of one", reply: string(body)}
	}
	if reply.Code != 0 {
		return nil, &rejection{reason: fmt.Sprintf("the event collector replied with code %d", reply.Code), reply: string(body)}
	}
	return nil, nil
}

// bulkReply is the reply of Elasticsearch's bulk API.
type bulkReply struct {
	Items []struct {
		Create bulkItem `json:"create"`
	} `json:"items"`
}

type bulkItem struct {
	Status int `json:"status"`
	Error  struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
	} `json:"error"`
}

// judgeBulk reads the items of a bulk reply, which stand in the order of the
// actions.
func judgeBulk(body []byte, sent []document) (again []document, err error) {
	var reply bulkReply
	if err := json.Unmarshal(body, &reply); err != nil || len(reply.Items) != len(sent) {
		return nil, &rejection{reason: fmt.Sprintf("the reply is not a bulk API's to %d actions: give the URL of one", len(sent)), reply: string(body)}
	}
	var failed error
	for i := range reply.Items {
		item := &reply.Items[i].Create
		switch {
		case isSuccess(item.Status), item.Status == http.StatusConflict: // it is there already
			continue
		case !isTemporary(item.Status) && failed == nil:
			failed = &rejection{event: sent[i].id, uid: sent[i].uid, reason: item.String()}
		case failed == nil && err == nil:
			err = fmt.Errorf("event %d: %s", sent[i].id, item)
		}
		again = append(again, sent[i])
	}
	if failed != nil {
		err = failed
	}
	return again, err
}

func (i *bulkItem) String() string {
	return fmt.Sprintf("status %d, %s: %s", i.Status, i.Error.Type, excerpt(i.Error.Reason))
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// isTemporary reports whether trying again may help.
func isTemporary(status int) bool {
	return status == http.StatusTooManyRequests || status >= 500
}

// rejection is an answer after which trying again is of no use.
type rejection struct {
	event  int64 // the event that was rejected; 0 for the whole request
	uid    string
	reason string
	reply  string
}

func (r *rejection) Error() string {
	switch {
	case r.event != 0:
		return fmt.Sprintf("event %d (uid %s): %s", r.event, r.uid, r.reason)
	case len(r.reply) > 0:
		return fmt.Sprintf("%s: %s", r.reason, excerpt(r.reply))
	default:
		return r.reason
	}
}

// maxExcerpt is how much of a reply an error shows, in bytes.
const maxExcerpt = 500

// excerpt quotes the beginning of a reply, so that it cannot move a cursor.
func excerpt(reply string) string {
	if len(reply) > maxExcerpt {
		return fmt.Sprintf("%q…", reply[:maxExcerpt])
	}
	return fmt.Sprintf("%q", reply)
}
