// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Complete makes shells complete the flags of a command: those in values with their
// values, those whose usage names a FILE or DIR with files, and others with nothing.
func Complete(command *cobra.Command, values map[string][]string) {
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		name, _ := pflag.UnquoteUsage(flag)
		choices, chosen := values[flag.Name]
		if !chosen && (strings.Contains(name, "FILE") || strings.Contains(name, "DIR")) {
			return
		}
		complete := cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp)
		if err := command.RegisterFlagCompletionFunc(flag.Name, complete); err != nil {
			panic(err) // the flag exists, and this is the only place that registers one
		}
	})
}
