// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/health"
)

//go:embed help/health.txt
var healthHelp string

const healthExample = `  # Is the collector running?
  oversight-siem health --alive

  # Do its pipelines deliver as well?
  oversight-siem health --url http://127.0.0.1:13133/health`

// defaultHealthEndpoint is that of the shipped configurations.
const defaultHealthEndpoint = "127.0.0.1:13133"

// defaultHealthTimeout is shorter than the usual limits of health checks.
const defaultHealthTimeout = 4 * time.Second

func newHealthCommand() *cobra.Command {
	var h healthCheck
	command := &cobra.Command{
		Use:     "health",
		Short:   "Ask the collector on this machine for its health",
		Long:    healthHelp,
		Example: healthExample,
		Args:    cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return h.run(command.Context(), command.OutOrStdout())
		},
	}
	h.register(command.Flags())
	return command
}

// healthCheck asks for the health of a collector. Its fields are the flags.
type healthCheck struct {
	url     string
	alive   bool
	timeout time.Duration
}

func (h *healthCheck) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&h.url, "url", "", "the `URL` of the extension health_check (default http://$HEALTH_ENDPOINT/health)")
	flags.BoolVar(&h.alive, "alive", false, "ask whether the collector runs, whatever its pipelines do")
	flags.DurationVar(&h.timeout, "timeout", defaultHealthTimeout, "the time limit of the request")
}

func (h *healthCheck) run(ctx context.Context, stdout io.Writer) error {
	address := h.url
	if address == "" {
		address = "http://" + cmp.Or(os.Getenv("HEALTH_ENDPOINT"), defaultHealthEndpoint) + "/health"
	}
	u, err := health.ParseURL(address)
	if err != nil {
		return err
	}
	if h.timeout <= 0 {
		return fmt.Errorf("--timeout is %s: must be a positive duration such as 4s", h.timeout)
	}
	limited, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	if err := health.Check(limited, u, h.alive); err != nil {
		return cli.Interrupted(ctx, err)
	}
	_, err = fmt.Fprintln(stdout, "[ok] the collector is healthy")
	return err
}
