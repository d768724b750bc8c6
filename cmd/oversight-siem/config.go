// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/configuration"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/newfile"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
)

//go:embed help/config.txt
var configHelp string

const configExample = `  # Splunk, complete
  oversight-siem config --for splunk --db /var/lib/oversight/registry.sqlite --registry-id $ID \
      --endpoint https://splunk.example.org:8088/services/collector \
      --secret-file /etc/otelcol-oversight/secrets/splunk-hec-token --set SPLUNK_INDEX=leaks \
      --output /etc/otelcol-oversight/config.yaml --force

  # Elasticsearch behind a proxy, with a certificate authority of one's own
  oversight-siem config --for elastic --endpoint https://elastic.example.org:9200 \
      --ca-file /etc/otelcol-oversight/ca.pem --proxy http://proxy.example.org:3128`

func newConfigCommand() *cobra.Command {
	var c configCommand
	command := &cobra.Command{
		Use:     "config --for " + strings.Join(configuration.Destinations(), "|"),
		Short:   "Print a configuration of the collector for a destination",
		Long:    configHelp,
		Example: configExample,
		Args:    cli.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return c.run(command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	registerAnswers(command.Flags(), &c.answers)
	command.Flags().StringVar(&c.output, "output", toStdout, "write to a new `FILE`, or to standard output with -")
	command.Flags().BoolVar(&c.force, "force", false, "with --output, replace a file that exists")
	return command
}

func registerAnswers(flags *pflag.FlagSet, a *configuration.Answers) {
	flags.SortFlags = false
	flags.StringVar(&a.For, "for", "", "the `DESTINATION`: "+strings.Join(configuration.Destinations(), ", ")+" (required)")
	flags.StringVar(&a.Database, "db", "", "the registry's SQLite `FILE`")
	flags.StringVar(&a.RegistryID, "registry-id", "", "the registry's public key in hex, or a short `ID`")
	flags.StringVar(&a.Endpoint, "endpoint", "", "the destination's `URL` or address")
	flags.StringVar(&a.SecretFile, "secret-file", "", "the `FILE` with the destination's secret; the configuration names it only")
	flags.StringVar(&a.StateDir, "state-dir", "", "the `DIR` for checkpoints")
	flags.StringVar(&a.OutputDir, "output-dir", "", "the `DIR` for files with events")
	flags.StringVar(&a.CAFile, "ca-file", "", "PEM `FILE` with a certificate authority that the system does not know")
	flags.StringVar(&a.CertFile, "client-cert-file", "", "PEM `FILE` with the collector's certificate, for mutual TLS")
	flags.StringVar(&a.KeyFile, "client-key-file", "", "PEM `FILE` with the key of that certificate")
	flags.StringVar(&a.Proxy, "proxy", "", "`URL` of a proxy")
	flags.BoolVar(&a.Verified, "verified", false, "check events against the registry's transparency log")
	flags.StringVar(&a.Log, "tlog", "", "with --verified: the transparency log's leaves.jsonl `FILE`")
	flags.StringVar(&a.RegistryURL, "registry-url", "", "with --verified: the registry's `URL`, which serves signed tree heads")
	flags.StringArrayVar(&a.Set, "set", nil, "the value of another variable, as `NAME=VALUE`. Can be repeated")
}

// configCommand is the flags of config.
type configCommand struct {
	answers configuration.Answers
	output  string
	force   bool
}

// toStdout is the path that stands for standard output.
const toStdout = "-"

// configMode is the permissions of a new configuration, for a group such as the service's.
const configMode = 0o640

func (c *configCommand) run(stdout, stderr io.Writer) error {
	written, err := configuration.New(&c.answers)
	if err != nil {
		return err
	}
	if err := c.write(written.Text, stdout); err != nil {
		return err
	}
	if len(written.Required) > 0 {
		fmt.Fprintf(stderr, "oversight-siem: set these variables before the collector starts: %s\n", strings.Join(written.Required, ", "))
	}
	return nil
}

func (c *configCommand) write(text string, stdout io.Writer) error {
	if c.output == toStdout {
		if c.force {
			return errors.New("--force is for --output only: pass a file, or remove it")
		}
		if _, err := io.WriteString(stdout, text); err != nil {
			return output.WriteError(output.StandardOutput, err)
		}
		return nil
	}
	err := newfile.Write(newfile.Settings{Path: c.output, Mode: configMode, Replace: c.force}, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if errors.Is(err, newfile.ErrExists) {
		return fmt.Errorf("--output %s: %w: pass --force to replace it", c.output, err)
	}
	if err != nil {
		return newfile.Advice("--output", c.output, err)
	}
	return nil
}
