// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"bytes"
	"io"
	"net/http"
	"sync/atomic"
)

// upload lends memory to the HTTP transport as the body of a request. The
// transport may go on reading after it has returned, such as when the answer
// came early, and closes the body when it has finished.
type upload struct {
	data []byte
	open atomic.Int32 // bodies that are not closed yet
}

// attach makes u the body of a request. The transport opens it again when a
// connection that it kept turns out to be closed.
func (u *upload) attach(request *http.Request) {
	request.GetBody = func() (io.ReadCloser, error) {
		u.open.Add(1)
		return &uploadBody{Reader: bytes.NewReader(u.data), upload: u}, nil
	}
	request.Body, _ = request.GetBody()
	request.ContentLength = int64(len(u.data))
}

// returned tells whether the memory can be used again.
func (u *upload) returned() bool { return u.open.Load() == 0 }

type uploadBody struct {
	*bytes.Reader
	upload *upload
	closed atomic.Bool
}

func (b *uploadBody) Close() error {
	if !b.closed.Swap(true) {
		b.upload.open.Add(-1)
	}
	return nil
}
