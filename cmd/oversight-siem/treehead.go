// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

const (
	// headPath is where a registry serves its signed tree head.
	headPath = "/tlog/head"
	// headTimeout bounds how long that may take.
	headTimeout = 30 * time.Second
	// maxHead is how long a tree head may be, in bytes. They have some 350.
	maxHead = 64 << 10
)

// treeHead is the flags about the signed tree head.
type treeHead struct {
	source    string
	publicKey string
}

func (h *treeHead) register(flags *pflag.FlagSet, keyDefault string) {
	flags.StringVar(&h.source, "head", "", "the signed tree head: a `FILE|URL`. /tlog/head is added to a URL that does not\nend with it (default: none is compared)")
	flags.StringVar(&h.publicKey, "public-key", "", "the registry's Ed25519 public key, 64 `HEX` digits, from somebody other than\nwhom the head is from"+keyDefault)
}

// key returns the key to check with; nil for none.
func (h *treeHead) key() (ed25519.PublicKey, error) {
	if h.publicKey == "" {
		return nil, nil
	}
	key, err := tlog.ParsePublicKey(h.publicKey)
	if err != nil {
		return nil, fmt.Errorf("--public-key: %w", err)
	}
	return key, nil
}

// shownHead is where the head is from, without the secrets of a URL.
func (h *treeHead) shownHead() string {
	u, err := url.Parse(h.source)
	if !isWeb(h.source) || err != nil {
		return h.source
	}
	u.RawQuery = ""
	return u.Redacted()
}

// body returns the tree head as it was published; nil if none is to be compared.
func (h *treeHead) body(ctx context.Context) ([]byte, error) {
	if h.source == "" {
		return nil, nil
	}
	read := readHeadFile
	if isWeb(h.source) {
		read = fetchHead
	} else if scheme, _, found := strings.Cut(h.source, "://"); found {
		return nil, fmt.Errorf("--head %s://…: give an http or https URL, or a file", scheme)
	}
	body, err := read(ctx, h.source)
	if err != nil {
		return nil, err
	}
	// Whether it is signed is to be found, not a reason to end here.
	if _, err := tlog.ParseHead(body); err != nil && !errors.Is(err, tlog.ErrSignature) {
		return nil, fmt.Errorf("--head: what is there is no signed tree head, the answer to GET %s: %w", headPath, err)
	}
	return body, nil
}

func readHeadFile(_ context.Context, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--head %s: give a file that can be read, or a URL: %w", path, err)
	}
	defer f.Close()
	body, err := readHead(f)
	if err != nil {
		return nil, fmt.Errorf("--head %s: %w", path, err)
	}
	return body, nil
}

func readHead(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxHead+1))
	if err == nil && len(body) > maxHead {
		err = fmt.Errorf("a tree head has no more than %d bytes", maxHead)
	}
	return body, err
}

// fetchHead asks the registry. Its errors show none of the URL's secrets.
func fetchHead(ctx context.Context, text string) (body []byte, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, errors.New("--head is no URL that can be used: give one like https://registry.example.org")
	}
	var hidden secrets
	hidden.addURL(u)
	defer func() {
		if err != nil {
			err = fmt.Errorf("--head %s: %s", hidden.hide(u.Redacted()), hidden.hide(err.Error()))
		}
	}()
	if !strings.HasSuffix(u.Path, headPath) {
		u = u.JoinPath(headPath)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "oversight-siem")
	response, err := (&http.Client{Timeout: headTimeout}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the registry answers %s: give the address at which it serves %s", response.Status, headPath)
	}
	return readHead(response.Body)
}
