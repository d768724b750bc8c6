// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"

	"github.com/oversight-protocol/oversight-otelcol/internal/configfile"
	"github.com/oversight-protocol/oversight-otelcol/internal/environment"
)

// config is the collector's configuration with the values of its variables.
type config struct {
	conf       *confmap.Conf
	references []reference
	// values are what references put in place of themselves, see [config.secrets].
	values []value
	// sources are the values of --config, and files those of them that are files.
	sources, files []string
}

// loadConfig reads the configuration as the collector does, with the same providers and
// the same merge. What a variable or a file for a value lacks does not end it: the
// checks say so.
func loadConfig(ctx context.Context, sources []string) (*config, error) {
	files, err := configFiles(sources)
	if err != nil {
		return nil, err
	}
	seen := &references{files: files}
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:          sources,
		DefaultScheme: "env",
		ProviderFactories: []confmap.ProviderFactory{
			seen.watch(environment.NewFactory()), seen.watch(configfile.NewFactory()), yamlprovider.NewFactory(),
			remoteFactory("http"), remoteFactory("https"),
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
		return nil, fmt.Errorf("%s: %w", strings.TrimSpace("--config "+strings.Join(files, ", ")), err)
	}
	return &config{conf: conf, references: seen.list, values: seen.values, sources: sources, files: files}, nil
}

// schemePattern is the scheme of a configuration that is no file, such as yaml:. One
// letter is a drive of Windows.
var schemePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:`)

// configFiles returns the paths of the configurations that are files. Reading one that
// is not regular may never end.
func configFiles(sources []string) (files []string, err error) {
	for _, source := range sources {
		path, isFile := strings.CutPrefix(source, "file:")
		if !isFile && schemePattern.MatchString(source) {
			continue
		}
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("--config %s: it is %s; pass the path of a regular file", path, kindOf(info.Mode()))
		}
		files = append(files, path)
	}
	return files, nil
}

// place says which part of the configuration something is about, if nothing says more.
func (c *config) place() string {
	if len(c.files) == 0 {
		return "the configuration"
	}
	return strings.Join(c.files, ", ")
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
