// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package configfile is the provider of ${file:PATH} in a configuration, and of the
// configuration's own files. It is that of the stock collectors, without the line end
// that editors and shells put at a file's end: in a token, it makes a header that no
// request can have.
package configfile

import (
	"context"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
)

// NewFactory returns the factory of the provider.
func NewFactory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(settings confmap.ProviderSettings) confmap.Provider {
		return &provider{fileprovider.NewFactory().Create(settings)}
	})
}

// provider is the stock provider, with a change to the value.
type provider struct{ confmap.Provider }

// Retrieve returns the value in a file.
func (p *provider) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	retrieved, err := p.Provider.Retrieve(ctx, uri, watcher)
	if err != nil {
		return nil, err
	}
	text, err := retrieved.AsString()
	if err != nil {
		return nil, err
	}
	return confmap.NewRetrievedFromYAML([]byte(strings.TrimRight(text, "\r\n")))
}
