// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package environment is the provider of ${env:NAME} in a configuration. It is that of
// the stock collectors, except that a variable without a value is an error, which names
// the variable and where it is used: components only say that a key is empty. A variable
// that may be empty has a default: ${env:NAME:-}.
package environment

import (
	"context"
	"os"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
)

// NewFactory returns the factory of the provider.
func NewFactory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(settings confmap.ProviderSettings) confmap.Provider {
		return &provider{envprovider.NewFactory().Create(settings)}
	})
}

// provider is the stock provider, with a check before it.
type provider struct{ confmap.Provider }

// Retrieve returns the value of a variable, or its default.
func (p *provider) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if name, missing := Missing(uri); missing {
		return nil, missingError(name, configFiles(os.Args[1:]))
	}
	return p.Provider.Retrieve(ctx, uri, watcher)
}

// Missing returns the variable of a reference, env:NAME or env:NAME:-default, and
// whether it needs a value and has none. A line NAME= in a service's environment file
// sets an empty one.
func Missing(uri string) (name string, missing bool) {
	name, _, hasDefault := strings.Cut(strings.TrimPrefix(uri, "env:"), ":-")
	return name, !hasDefault && isMissing(name)
}

func isMissing(name string) bool { return os.Getenv(name) == "" }
