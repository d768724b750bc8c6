// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/redact"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/internal/treehead"
)

// headTimeout bounds a request for the tree head.
const headTimeout = 30 * time.Second

// ReadHead reads the signed tree head from the file or URL of --head and returns
// it as it was published; nil without the flag. It accepts one that is unsigned or has
// an invalid signature, which is for the command to report.
func (l *TransparencyLog) ReadHead(ctx context.Context) ([]byte, error) {
	if !IsURL(l.head) {
		if err := l.connection.checkUnused("--head URL"); err != nil {
			return nil, err
		}
	}
	if l.head == "" {
		return nil, nil
	}
	body, err := l.readHead(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := tlog.ParseHead(body); err != nil && !isHead(err) {
		return nil, fmt.Errorf("--head is %s: must be the response to GET %s: %w", l.HeadSource(), treehead.Path, err)
	}
	return body, nil
}

// HeadSource is the value of --head without the secrets of a URL.
func (l *TransparencyLog) HeadSource() string {
	u, err := url.Parse(l.head)
	if !IsURL(l.head) || err != nil {
		return l.head
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func (l *TransparencyLog) readHead(ctx context.Context) ([]byte, error) {
	if IsURL(l.head) {
		return l.fetchHead(ctx)
	}
	if scheme, _, found := strings.Cut(l.head, "://"); found {
		return nil, fmt.Errorf("--head is %s://…: must be an http or https URL, or a file", scheme)
	}
	return l.readHeadFile()
}

func (l *TransparencyLog) readHeadFile() ([]byte, error) {
	f, err := OpenRegular(l.head)
	if err != nil {
		return nil, fmt.Errorf("--head is %s: must be a readable file or a URL: %w", l.head, err)
	}
	defer f.Close()
	body, err := treehead.Read(f)
	if err != nil {
		return nil, fmt.Errorf("--head %s: %w", l.head, err)
	}
	return body, nil
}

// fetchHead requests the tree head from the registry. Its errors do not show the
// URL's secrets, not even if the registry sends them back.
func (l *TransparencyLog) fetchHead(ctx context.Context) ([]byte, error) {
	transport, err := l.connection.Transport()
	if err != nil {
		return nil, err
	}
	treehead.LimitHeader(transport)
	fetcher, err := treehead.New(&http.Client{Timeout: headTimeout, Transport: transport}, l.head)
	if err != nil {
		return nil, fmt.Errorf("--head: %w", err)
	}
	defer fetcher.CloseIdleConnections()
	fetcher.UserAgent = UserAgent
	body, err := fetcher.Fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("--head: %s", l.headSecrets().Redact(err.Error()))
	}
	return body, nil
}

func (l *TransparencyLog) headSecrets() (secrets redact.Secrets) {
	if u, err := url.Parse(l.head); err == nil {
		secrets.AddURL(u)
	}
	l.connection.AddSecrets(&secrets)
	return secrets
}
