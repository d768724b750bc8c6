// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newCommand() *cobra.Command {
	command := &cobra.Command{
		Use:           "oversight-siem",
		Short:         "Export a registry's events to a SIEM, once",
		Long:          long,
		Args:          noArguments,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	command.AddCommand(newExport(), newPreview())
	return command
}

func newExport() *cobra.Command {
	var o exportOptions
	command := &cobra.Command{
		Use:     "export --db FILE --registry-id ID --format splunk|ecs|sentinel",
		Short:   "Write events to a file or standard output, or send them over HTTP",
		Long:    exportLong,
		Example: exportExample,
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			e, err := o.plan(command.Flags())
			if err != nil {
				return err
			}
			return e.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	o.register(command.Flags())
	return command
}

func newPreview() *cobra.Command {
	var o previewOptions
	command := &cobra.Command{
		Use:     "preview --db FILE --registry-id ID",
		Short:   "Show the first events in all three shapes",
		Long:    previewLong,
		Example: previewExample,
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			p, err := o.plan(command.Flags())
			if err != nil {
				return err
			}
			return p.run(command.Context(), command.OutOrStdout())
		},
	}
	o.register(command.Flags())
	return command
}

func noArguments(command *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return nil
	}
	if command.HasSubCommands() {
		return fmt.Errorf("unknown command %q: give export or preview", arguments[0])
	}
	return fmt.Errorf("unexpected argument %q: everything is given with flags, see %s --help", arguments[0], command.CommandPath())
}
