// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"bytes"
	"io"
	"net/http"
	"sync/atomic"
)

// upload is the body of a request in memory that the exporter reuses. The
// transport may continue to read it after RoundTrip has returned, for example
// after an early response, and closes the body when it has finished.
type upload struct {
	data       []byte
	openBodies atomic.Int32 // readers that are not closed yet
}

// attach makes u the body of a request. The transport opens it a second time if
// an idle connection turns out to be closed.
func (u *upload) attach(request *http.Request) {
	request.GetBody = func() (io.ReadCloser, error) {
		u.openBodies.Add(1)
		return &uploadBody{Reader: bytes.NewReader(u.data), upload: u}, nil
	}
	request.Body, _ = request.GetBody()
	request.ContentLength = int64(len(u.data))
}

// released reports whether the transport has closed every reader, so that the
// memory can be reused.
func (u *upload) released() bool { return u.openBodies.Load() == 0 }

type uploadBody struct {
	*bytes.Reader
	upload *upload
	closed atomic.Bool
}

func (b *uploadBody) Close() error {
	if !b.closed.Swap(true) {
		b.upload.openBodies.Add(-1)
	}
	return nil
}
