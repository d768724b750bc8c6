// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

type oversightReceiver struct{}

func newReceiver(_ receiver.Settings, _ *Config, _ consumer.Logs) (*oversightReceiver, error) {
	return &oversightReceiver{}, nil
}

func (*oversightReceiver) Start(context.Context, component.Host) error { return nil }

func (*oversightReceiver) Shutdown(context.Context) error { return nil }
