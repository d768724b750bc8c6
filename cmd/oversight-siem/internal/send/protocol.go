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
	// checkResponse returns the documents that a response with a 2xx status does
	// not accept and that may be sent again. A permanent error is a *rejection.
	checkResponse func(body []byte, sent []document) (retry []document, err error)
}

// HEC is Splunk's HTTP Event Collector, which accepts events one after another
// and no array.
func HEC() Protocol {
	return Protocol{ContentType: "application/json", separator: "\n", checkResponse: checkHECResponse}
}

// JSONArray is any endpoint that accepts a JSON array of documents and confirms
// it with a 2xx status.
func JSONArray() Protocol {
	return Protocol{ContentType: "application/json", opening: "[", separator: ",", ending: "]", checkResponse: acceptResponse}
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

func acceptResponse([]byte, []document) ([]document, error) { return nil, nil }
