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
		Short:         "Export a registry's events to a SIEM, once, and check them",
		Long:          long,
		Args:          noArguments,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	command.AddCommand(newExport(), newPreview(), newVerify(), newProve())
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

func newVerify() *cobra.Command {
	var o verifyOptions
	command := &cobra.Command{
		Use:     "verify --db FILE --tlog FILE|DIR",
		Short:   "Check every row and every leaf of the transparency log against each other",
		Long:    verifyLong,
		Example: verifyExample,
		RunE: func(command *cobra.Command, _ []string) error {
			v, err := o.plan()
			if err != nil {
				return err
			}
			return v.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	o.register(command.Flags())
	return checking(command)
}

func newProve() *cobra.Command {
	var o proveOptions
	command := &cobra.Command{
		Use:     "prove --tlog FILE|DIR --index N",
		Short:   "Write a proof that a leaf is in the transparency log",
		Long:    proveLong,
		Example: proveExample,
		RunE: func(command *cobra.Command, _ []string) error {
			p, err := o.plan(command.Flags())
			if err != nil {
				return err
			}
			return p.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	o.register(command.Flags())
	return checking(command)
}

// checking gives all that keeps a command from checking its exit status.
func checking(command *cobra.Command) *cobra.Command {
	run := command.RunE
	command.RunE = func(command *cobra.Command, arguments []string) error {
		return unchecked(run(command, arguments))
	}
	command.Args = func(command *cobra.Command, arguments []string) error {
		return unchecked(noArguments(command, arguments))
	}
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return unchecked(err) })
	return command
}

func noArguments(command *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return nil
	}
	if command.HasSubCommands() {
		return fmt.Errorf("unknown command %q: give export, preview, verify or prove", arguments[0])
	}
	return fmt.Errorf("unexpected argument %q: everything is given with flags, see %s --help", arguments[0], command.CommandPath())
}
