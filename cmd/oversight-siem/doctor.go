// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

//go:embed help/doctor.txt
var doctorHelp string

const doctorExample = `  # As the service's user, with the service's environment
  runuser -u otelcol-oversight -- oversight-siem doctor \
      --config /etc/otelcol-oversight/config.yaml --env-file /etc/otelcol-oversight/otelcol-oversight.conf

  # What failed, for a program
  oversight-siem doctor --config config.yaml --json | jq 'select(.status == "failed")'

  # What somebody else needs to find out what is wrong
  oversight-siem doctor --config /etc/otelcol-oversight/config.yaml \
      --env-file /etc/otelcol-oversight/otelcol-oversight.conf --bundle bundle.tar.gz`

func newDoctorCommand() *cobra.Command {
	var d doctorCommand
	command := &cobra.Command{
		Use:     "doctor --config FILE",
		Short:   "Check what a collector's configuration names: files, registry, storage, destinations",
		Long:    doctorHelp,
		Example: doctorExample,
		RunE: func(command *cobra.Command, _ []string) error {
			return d.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	d.register(command.Flags())
	return cli.Checking(command)
}

// doctorCommand is the flags of doctor.
type doctorCommand struct {
	settings doctor.Settings
	json     bool
	// bundle is the path of a support bundle, and logFile what it takes the log from.
	bundle, logFile string
}

func (d *doctorCommand) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringArrayVar(&d.settings.Config, "config", nil, "the collector's configuration `FILE`; repeat it where the collector gets several (required)")
	flags.StringVar(&d.settings.EnvFile, "env-file", "", "a `FILE` with environment variables, such as the service's; those that are set\ntake precedence")
	flags.StringVar(&d.settings.Collector, "collector", "", "the collector's program `FILE` (default: otelcol-oversight in the PATH)")
	flags.DurationVar(&d.settings.Timeout, "timeout", doctor.DefaultTimeout, "how long each check may take")
	flags.BoolVar(&d.settings.SendTest, "send-test", false, "send one marked event to each destination that says no other way whether it\naccepts events")
	flags.BoolVar(&d.json, "json", false, "write one JSON object per line for each check")
	flags.StringVar(&d.bundle, "bundle", "", "write a support bundle, without secrets, to a new `FILE` such as bundle.tar.gz,\nor to standard output with -")
	flags.StringVar(&d.logFile, "log-file", "", "the collector's log `FILE` for the bundle (default: the journal of the service\notelcol-oversight)")
}

func (d *doctorCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	if d.settings.Timeout <= 0 {
		return fmt.Errorf("--timeout is %s: must be a positive duration such as 10s", d.settings.Timeout)
	}
	d.settings.Version = version
	if d.bundle != "" {
		return d.writeBundle(ctx, stdout, stderr)
	}
	if d.logFile != "" {
		return errors.New("--log-file is for --bundle only: pass both, or remove it")
	}
	report, err := doctor.Run(ctx, d.settings)
	if err != nil {
		return cli.Interrupted(ctx, err)
	}
	write := report.WriteText
	if d.json {
		write = report.WriteJSON
	}
	if err := write(stdout); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return cli.ErrInterrupted
	}
	n := report.Count(doctor.StatusFailed)
	if n > 0 {
		return fmt.Errorf("%w: %d", cli.ErrChecksFailed, n)
	}
	fmt.Fprintf(stderr, "oversight-siem: no check failed; %d warning(s), %d not checked\n", report.Count(doctor.StatusWarning), report.Count(doctor.StatusNotChecked))
	return nil
}
