// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// NoArguments is the [cobra.PositionalArgs] of a command that has flags only.
func NoArguments(command *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return nil
	}
	if command.HasSubCommands() {
		return fmt.Errorf("unknown command %q: must be one of export, preview, verify, verify-evidence, prove, config, doctor, health", arguments[0])
	}
	return fmt.Errorf("unexpected argument %q: the command accepts flags only, see %s --help", arguments[0], command.CommandPath())
}

// OneArgument returns the [cobra.PositionalArgs] of a command with one argument, which
// what names.
func OneArgument(what string) cobra.PositionalArgs {
	return func(command *cobra.Command, arguments []string) error {
		switch len(arguments) {
		case 0:
			return fmt.Errorf("pass %s, see %s --help", what, command.CommandPath())
		case 1:
			return nil
		}
		return fmt.Errorf("unexpected argument %q: the command accepts one argument, see %s --help", arguments[1], command.CommandPath())
	}
}

// Checking makes a command return [StatusNotChecked] for every error that is not
// a finding. Without Args, the command has flags only.
func Checking(command *cobra.Command) *cobra.Command {
	run := command.RunE
	command.RunE = func(command *cobra.Command, arguments []string) error {
		return notChecked(run(command, arguments))
	}
	check := command.Args
	if check == nil {
		check = NoArguments
	}
	command.Args = func(command *cobra.Command, arguments []string) error {
		return notChecked(check(command, arguments))
	}
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return notChecked(err) })
	return command
}

// IsURL reports whether the value of a flag is an http or https URL rather than
// a file.
func IsURL(value string) bool {
	lower := strings.ToLower(value)
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}
