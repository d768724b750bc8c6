// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
)

// deadLetter is the connector. It is safe for concurrent use.
type deadLetter struct {
	component.StartFunc
	component.ShutdownFunc

	targets []consumer.Logs
}

func newConnector(_ connector.Settings, config *Config, next consumer.Logs) (*deadLetter, error) {
	router, ok := next.(connector.LogsRouterAndConsumer)
	if !ok {
		return nil, errors.New("the collector gives the connector no pipelines to choose from")
	}
	if err := checkPipelines(config, router.PipelineIDs()); err != nil {
		return nil, err
	}
	c := &deadLetter{}
	for _, id := range config.Pipelines {
		target, err := router.Consumer(id)
		if err != nil {
			return nil, fmt.Errorf("`pipelines` contains %q: %w", id, err)
		}
		c.targets = append(c.targets, target)
	}
	return c, nil
}

// checkPipelines checks that the pipelines that have this connector as a receiver are
// those of its configuration.
func checkPipelines(config *Config, ids []pipeline.ID) error {
	var errs []error
	named := slices.Concat(config.Pipelines, config.Refused)
	for _, id := range named {
		if !slices.Contains(ids, id) {
			errs = append(errs, fmt.Errorf("%q is in `pipelines` or `refused`: this connector must be one of its receivers", id))
		}
	}
	for _, id := range ids {
		if !slices.Contains(named, id) {
			errs = append(errs, fmt.Errorf("this connector is a receiver of %q: that must be in `pipelines` or `refused`", id))
		}
	}
	return errors.Join(errs...)
}

func (*deadLetter) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

func (c *deadLetter) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	for _, target := range c.targets {
		attempt := plog.NewLogs()
		logs.CopyTo(attempt)
		if err := target.ConsumeLogs(ctx, attempt); err != nil {
			return errors.New(err.Error())
		}
	}
	return nil
}
