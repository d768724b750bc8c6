// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command oversight-siem exports a registry's events once, in the format of a
// SIEM: to standard output, to a file, or over HTTP. It also verifies them against
// the registry's transparency log.
package main

import (
	"context"
	_ "embed"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// gcPercent lets the heap, which is a few megabytes for an export of any size,
// grow to a few tens before it is collected. That saves a sixth of the time.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	// Writing to a closed pipe then returns an error, which has its exit status.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the command between two lines, a second one ends the
	// process.
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Report(newRootCommand().ExecuteContext(ctx), os.Stderr))
}

//go:embed help/root.txt
var rootHelp string

func newRootCommand() *cobra.Command {
	command := &cobra.Command{
		Use:           "oversight-siem",
		Short:         "Export a registry's events to a SIEM, once, and verify them",
		Long:          rootHelp,
		Args:          cli.NoArguments,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	command.AddCommand(
		newExportCommand(), newPreviewCommand(), newVerifyCommand(), newVerifyEvidenceCommand(), newProveCommand(),
		newConfigCommand(), newDoctorCommand(), newHealthCommand(), newManCommand(),
	)
	completeFlags(command)
	return command
}
