// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// maxResponse is how much of a response is read, in bytes. Elasticsearch's bulk
// API returns some 200 bytes for each event.
const maxResponse = 64 << 20

// maxErrorBody is how much of a response an error may use, in bytes. Secrets are
// removed before it is cut to what is shown.
const maxErrorBody = 64 << 10

// post sends one request. It returns the documents that were not accepted, and
// an error that is a [backoff.PermanentError] if a retry cannot help.
func (s *Sender) post(ctx context.Context, documents []document) (remaining []document, err error) {
	request, err := s.newRequest(ctx, documents)
	if err != nil {
		return documents, backoff.Permanent(err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return documents, connectionError(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	if err != nil {
		return documents, fmt.Errorf("%s, but the response body ended early: %w", response.Status, err)
	}
	if !isSuccess(response.StatusCode) {
		return documents, statusError(response, s.settings.Secrets.Redact(string(body[:min(len(body), maxErrorBody)])))
	}
	verdict, err := s.settings.Protocol.checkResponse(response.StatusCode, body, documents)
	if rejected := (*rejection)(nil); errors.As(err, &rejected) {
		rejected.body = s.settings.Secrets.Redact(rejected.body)
		if rejected.event == 0 {
			return documents, backoff.Permanent(err)
		}
		return notAccepted(documents, verdict), backoff.Permanent(err)
	}
	if refusal := s.skip(verdict, len(documents)); refusal != nil {
		return notAccepted(documents, verdict), backoff.Permanent(refusal)
	}
	return verdict.retry, err
}

func (s *Sender) newRequest(ctx context.Context, documents []document) (*http.Request, error) {
	// A new body for each attempt: the transport may still read the previous one.
	body := s.settings.Protocol.appendBody(make([]byte, 0, s.bodySize), documents)
	if s.settings.Gzip {
		body = s.gzip.compress(body)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.settings.URL.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = s.settings.Header.Clone()
	request.Host = s.settings.Host
	if s.settings.Sign == nil {
		return request, nil
	}
	return request, s.settings.Sign(request, time.Now())
}

// compressor compresses with the same memory each time.
type compressor struct {
	buffer bytes.Buffer
	writer *gzip.Writer
}

func (c *compressor) compress(body []byte) []byte {
	c.buffer.Reset()
	if c.writer == nil {
		c.writer = gzip.NewWriter(&c.buffer)
	}
	c.writer.Reset(&c.buffer)
	_, _ = c.writer.Write(body) // writing to a buffer cannot fail
	_ = c.writer.Close()
	return bytes.Clone(c.buffer.Bytes())
}

// connectionError returns the error of a request without a response. It leaves
// out the URL, which may hold secrets. A retry does not make a certificate valid.
func connectionError(err error) error {
	secure := false
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		secure = strings.HasPrefix(wrapped.URL, "https:")
		err = wrapped.Err
	}
	if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
		return backoff.Permanent(err)
	}
	// With TLS 1.3, a server refuses a client without a certificate after the handshake,
	// and what it says about it can arrive too late.
	if secure && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed)) {
		return fmt.Errorf("%w: if the server requires a client certificate, set --client-cert-file and --client-key-file", err)
	}
	return err
}
