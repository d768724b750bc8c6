// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
)

// framing is how documents make a body.
type framing struct {
	contentType              string
	opening, between, ending string
	create                   bool // a line before each document that creates it
}

var (
	// Splunk's HEC takes events one after another, not an array.
	frameConcatenated = framing{contentType: "application/json", between: "\n"}
	frameArray        = framing{contentType: "application/json", opening: "[", between: ",", ending: "]"}
	frameBulk         = framing{contentType: "application/x-ndjson", between: "\n", ending: "\n", create: true}
)

const (
	createBefore = `{"create":{"_id":"`
	createAfter  = "\"}}\n"
)

// size is how much larger than its document an event makes a body, at most.
func (f *framing) size(uid string) int {
	if f.create {
		return len(createBefore) + len(uid) + len(createAfter) + len(f.between)
	}
	return len(f.between)
}

// appendBody makes a body of documents.
func (f *framing) appendBody(body []byte, documents []document) []byte {
	body = append(body, f.opening...)
	for i := range documents {
		if i > 0 {
			body = append(body, f.between...)
		}
		if f.create { // the uid is hex digits
			body = append(append(append(body, createBefore...), documents[i].uid...), createAfter...)
		}
		body = append(body, documents[i].text...)
	}
	return append(body, f.ending...)
}

// judge reads the reply to documents that came with a 2xx status. It returns
// those that were not accepted and may be sent again. A permanent error is a
// *rejection.
type judge func(body []byte, sent []document) (again []document, err error)

// protocol is what a format speaks with a URL.
func protocol(format string, u *url.URL) (framing, judge) {
	switch {
	case format == formatSplunk:
		return frameConcatenated, judgeHEC
	case format == formatECS && strings.HasSuffix(strings.TrimRight(u.Path, "/"), "_bulk"):
		return frameBulk, judgeBulk
	default:
		return frameArray, func([]byte, []document) ([]document, error) { return nil, nil }
	}
}

// signer adds to a request what proves who sends it.
type signer func(request *http.Request, now time.Time) error

// sharedKeySigner signs as the Log Analytics Data Collector API asks for.
func sharedKeySigner(workspaceID, key string) signer {
	return func(request *http.Request, now time.Time) error {
		date := now.UTC().Format(http.TimeFormat)
		authorization, err := sentinel.SharedKeyAuthorization(workspaceID, key, date, int(request.ContentLength))
		if err != nil {
			return err
		}
		request.Header.Set("X-Ms-Date", date)
		request.Header.Set("Authorization", authorization)
		return nil
	}
}
