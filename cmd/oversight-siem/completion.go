// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/configuration"
)

// flagValues are the flags of each command that have a fixed set of values.
var flagValues = map[string]map[string][]string{
	"export": {"format": formats},
	"prove":  {"format": {formatJSON, formatTLogProof}},
	"config": {"for": configuration.Destinations()},
}

// completeFlags makes shells complete the flags of all commands.
func completeFlags(root *cobra.Command) {
	for _, command := range root.Commands() {
		cli.Complete(command, flagValues[command.Name()])
	}
}
