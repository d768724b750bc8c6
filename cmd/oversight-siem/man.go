// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/manpage"
)

// newManCommand writes the man pages of all commands. Users get them with a release.
func newManCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIRECTORY",
		Short:  "Write man pages of all commands into a directory",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return manpage.WriteAll(command.Root(), arguments[0])
		},
	}
}
