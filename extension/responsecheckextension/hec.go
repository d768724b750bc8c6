// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import "fmt"

// hecAnswer is the body of an answer of Splunk's HTTP Event Collector.
type hecAnswer struct {
	Text string `json:"text"`
	Code *int   `json:"code"`
	// InvalidEvent is the position, from 0, of the event that is to blame.
	InvalidEvent *int `json:"invalid-event-number"`
}

// hecAccepted are the codes of answers to events that were accepted. 24 and 25 come
// with status 200 and warn that a queue is nearly full.
var hecAccepted = map[int]bool{0: true, 24: true, 25: true}

// hecClasses are the classes of the codes of refusals
// (https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/troubleshoot-http-event-collector,
// "Possible error codes").
var hecClasses = map[int]string{
	1:  classDestination, // Token disabled
	2:  classDestination, // Token is required
	3:  classDestination, // Invalid authorization
	4:  classDestination, // Invalid token
	5:  classUnknown,     // No data
	6:  classContent,     // Invalid data format
	7:  classDestination, // Incorrect index
	8:  classRetryable,   // Internal server error
	9:  classBusy,        // Server is busy
	10: classDestination, // Data channel is missing
	11: classDestination, // Invalid data channel
	12: classContent,     // Event field is required
	13: classContent,     // Event field cannot be blank
	14: classDestination, // ACK is disabled
	15: classContent,     // Error in handling indexed fields
	16: classDestination, // Query string authorization is not enabled
	17: classUnknown,     // HEC is healthy: the answer to a health check
	18: classBusy,        // HEC is unhealthy, queues are full
	19: classBusy,        // HEC is unhealthy, ack service unavailable
	20: classBusy,        // HEC is unhealthy, queues are full, ack service unavailable
	21: classDestination, // Invalid token
	22: classDestination, // Token disabled
	23: classBusy,        // Server is shutting down
	26: classBusy,        // HEC queue is at capacity
	27: classBusy,        // HEC ACK channel is at capacity
}

// checkHEC checks the answer to events for Splunk's HTTP Event Collector.
func checkHEC(_ *responseCheck, a *answer) *refusal {
	var body hecAnswer
	if err := unmarshal(a.body, &body); err != nil || body.Code == nil {
		return a.refused()
	}
	code := *body.Code
	if a.ok() && hecAccepted[code] {
		return nil
	}
	class, known := hecClasses[code]
	statusClass, permanent := a.classify()
	if !known || statusClass == classSize {
		class = statusClass
	} else {
		permanent = class == classContent
	}
	text := fmt.Sprintf("%s (code %d)", a.words(body.Text), code)
	refused := a.refusal(class, permanent, "")
	if body.InvalidEvent != nil {
		text += fmt.Sprintf(", invalid-event-number %d", *body.InvalidEvent)
		refused.documents = 1
	}
	refused.message += ": " + text
	return refused
}
