// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command tool has what only commands have.
package main

import (
	_ "embed"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed help.txt
var long string

func main() {
	command := &cobra.Command{Use: "tool FILE", Short: "Check things", Long: long, Example: "  tool x"}
	command.Flags().String("output", "", "the `FILE` to write")
	var b strings.Builder
	fmt.Fprintf(&b, "[ok] checked %d things\n", 1)
	fmt.Fprint(os.Stdout, b.String())
}
