// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"net/url"
	"strings"
)

// Protocol is how documents become the body of a request, and what the response
// to it means.
type Protocol struct {
	// ContentType is the media type of the body.
	ContentType string

	opening, separator, ending string
	// action returns what comes before a document with that uid; nil for nothing.
	action func(body []byte, uid string) []byte
	// checkResponse says what a response with a 2xx status means. A permanent error is
	// a *rejection.
	checkResponse func(status int, body []byte, sent []document) (verdict, error)
}

// verdict is what became of the documents of a request. All others were accepted.
type verdict struct {
	// retry may be sent again.
	retry []document
	// refused are refused for good, because of what they are.
	refused []*rejection
}

// HEC is Splunk's HTTP Event Collector, which accepts events one after another
// and no array.
func HEC() Protocol {
	return Protocol{ContentType: "application/json", separator: "\n", checkResponse: checkHECResponse}
}

// JSONArray is any endpoint that accepts a JSON array of documents and confirms
// it with a 2xx status, and neither a web page nor a JSON object with an error.
func JSONArray() Protocol {
	return Protocol{ContentType: "application/json", opening: "[", separator: ",", ending: "]", checkResponse: checkArrayResponse}
}

// LogsIngestion is Azure's Logs Ingestion API, which confirms a JSON array with 204
// No Content.
func LogsIngestion() Protocol {
	protocol := JSONArray()
	protocol.checkResponse = checkLogsIngestionResponse
	return protocol
}

// Bulk is Elasticsearch's bulk API, with actions that create a document whose
// _id is the event's uid: an event that exists already is not created again.
func Bulk() Protocol {
	return Protocol{
		ContentType: "application/x-ndjson", separator: "\n", ending: "\n",
		action: appendCreateAction, checkResponse: checkBulkResponse,
	}
}

// IsBulkURL reports whether a URL is that of Elasticsearch's bulk API.
func IsBulkURL(u *url.URL) bool { return strings.HasSuffix(strings.TrimRight(u.Path, "/"), "_bulk") }

// overhead is how many bytes an event adds to a body besides its document, at
// most.
func (p *Protocol) overhead(uid string) int {
	if p.action == nil {
		return len(p.separator)
	}
	return len(createOpening) + len(uid) + len(createEnding) + len(p.separator)
}

func (p *Protocol) appendBody(body []byte, documents []document) []byte {
	body = append(body, p.opening...)
	for i := range documents {
		if i > 0 {
			body = append(body, p.separator...)
		}
		if p.action != nil {
			body = p.action(body, documents[i].uid)
		}
		body = append(body, documents[i].text...)
	}
	return append(body, p.ending...)
}

// IsLogsIngestionURL reports whether a URL is that of Azure's Logs Ingestion API.
func IsLogsIngestionURL(u *url.URL) bool {
	return strings.Contains(strings.ToLower(u.Path), "/datacollectionrules/")
}
