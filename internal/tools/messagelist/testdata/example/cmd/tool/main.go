// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command tool has what only commands have.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

const long = `Checks things.

  one    the first thing`

func main() {
	command := &cobra.Command{Use: "tool FILE", Short: "Check things", Long: long, Example: "  tool x"}
	command.Flags().String("output", "", "the `FILE` to write")
	var b strings.Builder
	fmt.Fprintf(&b, "[ok] checked %d things\n", 1)
	fmt.Fprint(os.Stdout, b.String())
}
