// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"errors"
	"io"
	"net/http"
)

// The exporter `elasticsearch` (v0.152.0, esclient.go) reports any error of its
// client as its own status, and keeps it until another request succeeds. On a registry
// without new events, the one event that is refused for a stranger's user agent would
// so let the health check fail for hours. A receiver `oversight` knows more: it
// reports a destination that accepts nothing, and counts the events that are refused.
// Where such receivers feed the exporter, its client therefore gets an answer with
// status 200, and the error when it reads the body.

// hidesFromStatus says whether the exporter's status must not change with an error.
// It does change with one that blames the destination, and with one of the network.
func (rc *responseCheck) hidesFromStatus(protocol *protocol, req *http.Request, err error) bool {
	if protocol != bulk || !rc.receiverReports.Load() || req.Header.Get(headerEventCount) == "" {
		return false
	}
	var refused *refusal
	return errors.As(err, &refused) && refused.class != classDestination && refused.class != classBusy
}

// refusedInBody returns a response that the exporter takes for one of Elasticsearch,
// and whose body ends with the error.
func refusedInBody(req *http.Request, res *http.Response, err error) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: res.Proto, ProtoMajor: res.ProtoMajor, ProtoMinor: res.ProtoMinor,
		Header:  http.Header{"Content-Type": {typeJSON}, headerProduct: {"Elasticsearch"}},
		Body:    &refusedBody{err: err, text: "{"},
		Request: req, ContentLength: -1,
	}
}

// refusedBody is a body that breaks off with an error. The text before it makes the
// exporter's decoder return the error, which it takes for the end of the answer where
// there is no text (jsoniter.Decoder.Decode). It is no complete answer, so that a
// reader that forgets the error does not take it for a success either.
type refusedBody struct {
	err  error
	text string
}

// Read implements io.Reader.
func (b *refusedBody) Read(p []byte) (int, error) {
	if b.text == "" {
		return 0, b.err
	}
	n := copy(p, b.text)
	b.text = b.text[n:]
	return n, nil
}

// Close implements io.Closer.
func (*refusedBody) Close() error { return nil }

var _ io.ReadCloser = (*refusedBody)(nil)
