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

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
)

// config is the collector's configuration with the values of its variables.
type config struct {
	conf       *confmap.Conf
	references []reference
	files      []string
}

// loadConfig reads the configuration as the collector does. What a variable or a file
// for a value lacks does not end it: the checks say so.
func loadConfig(ctx context.Context, files []string) (*config, error) {
	seen := &references{}
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:          files,
		DefaultScheme: "env",
		ProviderFactories: []confmap.ProviderFactory{
			seen.watch(envprovider.NewFactory(), files), seen.watch(fileprovider.NewFactory(), files), yamlprovider.NewFactory(),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	conf, err := resolver.Resolve(ctx)
	if err == nil {
		err = resolver.Shutdown(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("--config %s: %w", strings.Join(files, ", "), err)
	}
	return &config{conf: conf, references: seen.list, files: files}, nil
}

// reference is a variable or a file that the configuration takes a value from.
type reference struct {
	scheme, name string
	err          error
}

var errUnset = errors.New("it is not set")

// references notes what the configuration refers to.
type references struct {
	mu   sync.Mutex
	list []reference
}

func (r *references) add(scheme, name string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(r.list, func(known reference) bool { return known.scheme == scheme && known.name == name }) {
		r.list = append(r.list, reference{scheme, name, err})
	}
}

// watch returns a provider that notes what is missing and returns an empty value for
// it. The configuration's own files must be there.
func (r *references) watch(factory confmap.ProviderFactory, files []string) confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(set confmap.ProviderSettings) confmap.Provider {
		return &watchedProvider{Provider: factory.Create(set), seen: r, files: files}
	})
}

type watchedProvider struct {
	confmap.Provider
	seen  *references
	files []string
}

// Retrieve implements [confmap.Provider].
func (p *watchedProvider) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	scheme, name, _ := strings.Cut(uri, ":")
	if scheme == "file" && (slices.Contains(p.files, name) || slices.Contains(p.files, uri)) {
		return p.Provider.Retrieve(ctx, uri, watcher)
	}
	name, _, hasDefault := strings.Cut(name, ":-")
	err := missing(scheme, name, hasDefault)
	retrieved := (*confmap.Retrieved)(nil)
	if err == nil {
		retrieved, err = p.Provider.Retrieve(ctx, uri, watcher)
	}
	p.seen.add(scheme, name, err)
	if err != nil {
		return confmap.NewRetrieved(nil)
	}
	return retrieved, nil
}

// missing returns an error for a variable that is not set, and for a file that is
// none: reading from a pipe may never end.
func missing(scheme, name string, hasDefault bool) error {
	if scheme == "env" {
		if _, set := os.LookupEnv(name); !set && !hasDefault {
			return errUnset
		}
		return nil
	}
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return &fs.PathError{Op: "read", Path: name, Err: errNotRegular}
	}
	return err
}

// section is the components of a section, such as exporters, in the order of their ids.
func (c *config) section(name string) []component.ID {
	section, err := c.conf.Sub(name)
	if err != nil {
		return nil
	}
	var ids []component.ID
	for key := range section.ToStringMap() {
		var id component.ID
		if id.UnmarshalText([]byte(key)) == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b component.ID) int { return strings.Compare(a.String(), b.String()) })
	return ids
}

// read reads some settings of a component.
func (c *config) read(section string, id component.ID, into any) error {
	sub, err := c.conf.Sub(section + "::" + id.String())
	if err != nil {
		return err
	}
	return sub.Unmarshal(into, confmap.WithIgnoreUnused())
}
