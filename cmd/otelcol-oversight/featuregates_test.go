// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/featuregate"
)

func TestComponentStatusIsOn(t *testing.T) {
	enabled := map[string]bool{}
	featuregate.GlobalRegistry().VisitAll(func(gate *featuregate.Gate) { enabled[gate.ID()] = gate.IsEnabled() })
	require.True(t, enabled[componentStatus])
}
