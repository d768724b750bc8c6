// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/confmap"

	"github.com/oversight-protocol/oversight-otelcol/internal/environment"
)

// reference is a variable or a file that the configuration takes a value from.
type reference struct {
	scheme, name string
	err          error
}

// value is what a reference is replaced with: a file's or a variable's text, and what
// YAML makes of it.
type value struct {
	scheme, text string
	parsed       any
}

var errUnset = errors.New("it is not set, or empty")

// references notes what the configuration refers to.
type references struct {
	files []string // the configuration's own

	mu     sync.Mutex
	list   []reference
	values []value
}

// add notes a reference once. One with a default does not hide the same one without.
func (r *references) add(scheme, name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := slices.IndexFunc(r.list, func(known reference) bool { return known.scheme == scheme && known.name == name })
	switch {
	case known < 0:
		r.list = append(r.list, reference{scheme, name, err})
	case r.list[known].err == nil:
		r.list[known].err = err
	}
}

func (r *references) addValue(scheme string, retrieved *confmap.Retrieved) {
	text, err := retrieved.AsString()
	if err != nil {
		return
	}
	parsed, err := retrieved.AsRaw()
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values = append(r.values, value{scheme, text, parsed})
}

// watch returns a provider that notes what is missing and returns an empty value for
// it. The configuration's own files must be there.
func (r *references) watch(factory confmap.ProviderFactory) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(set confmap.ProviderSettings) confmap.Provider {
		return &watchedProvider{factory.Create(set), r}
	})
}

type watchedProvider struct {
	confmap.Provider
	seen *references
}

// Retrieve implements [confmap.Provider].
func (p *watchedProvider) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	scheme, name, _ := strings.Cut(uri, ":")
	if scheme == "file" && slices.Contains(p.seen.files, name) {
		return p.Provider.Retrieve(ctx, uri, watcher)
	}
	name, err := missing(scheme, name)
	retrieved := (*confmap.Retrieved)(nil)
	if err == nil {
		retrieved, err = p.Provider.Retrieve(ctx, uri, watcher)
	}
	p.seen.add(scheme, name, err)
	if err != nil {
		return confmap.NewRetrievedFromYAML(nil) // empty, also within a longer text
	}
	p.seen.addValue(scheme, retrieved)
	return retrieved, nil
}

// missing returns an error for a variable that has no value, and for a file that is
// not regular: reading from a pipe may never end.
func missing(scheme, reference string) (name string, err error) {
	if scheme == "env" {
		name, unset := environment.Missing(reference)
		if unset {
			return name, errUnset
		}
		return name, nil
	}
	info, err := os.Stat(reference)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: reference, Err: errNotRegular}
	}
	return reference, err
}

// remoteFactory returns a provider of configurations elsewhere, which are not fetched.
func remoteFactory(scheme string) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return remoteProvider(scheme) })
}

// remoteProvider is the provider of a scheme.
type remoteProvider string

// Scheme implements [confmap.Provider].
func (p remoteProvider) Scheme() string { return string(p) }

// Shutdown implements [confmap.Provider].
func (remoteProvider) Shutdown(context.Context) error { return nil }

// Retrieve implements [confmap.Provider].
func (p remoteProvider) Retrieve(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
	return nil, fmt.Errorf("doctor fetches no configuration over %s: download it, and pass the file", string(p))
}
