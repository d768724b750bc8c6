// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"os"
	"strings"

	"go.opentelemetry.io/collector/component"

	"github.com/oversight-protocol/oversight-otelcol/internal/environment"
)

// checks are those of the configuration itself.
func (c *config) checks() []check {
	checks := []check{{id: "config.references", run: func(context.Context) []finding { return c.checkReferences() }}}
	checks = append(checks, check{id: "config.delivery", run: func(context.Context) []finding { return c.checkDelivery() }})
	return checks
}

// checkReferences names variables and files that are missing.
func (c *config) checkReferences() (found []finding) {
	for _, r := range c.references {
		switch {
		case r.err == nil:
		case r.scheme == "env":
			found = append(found, failed("set it in the environment of the collector, such as in /etc/otelcol-oversight/otelcol-oversight.conf, or pass --env-file; or write a default, ${env:"+r.name+":-value}",
				"%s needs the environment variable %s, which is not set or empty", environment.Place(r.name, c.files), r.name)...)
		default:
			found = append(found, failed("create the file, readable for the collector's user: root:otelcol-oversight, mode 0640",
				"%s takes a value from %s: %v", c.fileOf("file:"+r.name), r.name, plain(r.err))...)
		}
	}
	if len(found) == 0 {
		return passed("%s: all of %d variable(s) and file(s) have a value", c.place(), len(c.references))
	}
	return found
}

// fileOf is the configuration file that has a text.
func (c *config) fileOf(text string) string {
	for _, file := range c.files {
		if content, err := os.ReadFile(file); err == nil && strings.Contains(string(content), text) {
			return file
		}
	}
	return c.place()
}

type pipeline struct {
	Receivers  []component.ID `mapstructure:"receivers"`
	Processors []component.ID `mapstructure:"processors"`
	Exporters  []component.ID `mapstructure:"exporters"`
}

type service struct {
	Extensions []component.ID             `mapstructure:"extensions"`
	Pipelines  map[component.ID]*pipeline `mapstructure:"pipelines"`
}

func (c *config) service() (s service, err error) {
	sub, err := c.conf.Sub("service")
	if err == nil {
		err = sub.Unmarshal(&s, confmapIgnoreUnused)
	}
	return s, err
}
