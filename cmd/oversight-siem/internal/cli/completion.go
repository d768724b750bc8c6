// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Complete makes shells complete the flags of a command: those in values with their
// values, those whose usage names a FILE with files or a DIR with directories, and others with
// nothing.
func Complete(command *cobra.Command, values map[string][]string) {
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		name, _ := pflag.UnquoteUsage(flag)
		choices, chosen := values[flag.Name]
		directive := cobra.ShellCompDirectiveNoFileComp
		switch {
		case chosen:
		case name == "DIR":
			directive = cobra.ShellCompDirectiveFilterDirs
		case strings.Contains(name, "FILE"), strings.Contains(name, "DIR"):
			return
		}
		if err := command.RegisterFlagCompletionFunc(flag.Name, cobra.FixedCompletions(choices, directive)); err != nil {
			panic(err) // the flag exists, and this is the only place that registers one
		}
	})
}
