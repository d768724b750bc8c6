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
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/progress"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/verification"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

//go:embed help/verify.txt
var verifyHelp string

const verifyExample = `  # Against the tree head that the registry publishes, with a key from another source
  oversight-siem verify --db registry.sqlite --tlog ./tlog \
      --head https://registry.example.org --public-key 056872fe…

  # Copies of the files, on another machine; the registry's id is its key
  oversight-siem verify --db registry.sqlite --tlog leaves.jsonl --head signed-head.json --registry-id 056872fe…

  # The rows that differ from their leaves
  oversight-siem verify --db registry.sqlite --tlog ./tlog --json | jq 'select(.tlog_status == "mismatch") | .event_id'`

func newVerifyCommand() *cobra.Command {
	var v verify
	command := &cobra.Command{
		Use:     "verify --db FILE --tlog FILE|DIR",
		Short:   "Verify all rows and all leaves of the transparency log against each other",
		Long:    verifyHelp,
		Example: verifyExample,
		RunE: func(command *cobra.Command, _ []string) error {
			return v.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	v.register(command.Flags())
	return cli.Checking(command)
}

// verify verifies a database and a log. Its fields are the flags.
type verify struct {
	database cli.Database
	log      cli.TransparencyLog
	heads    cli.TreeHeads
	json     bool
	pruned   bool
}

func (v *verify) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	v.database.RegisterPath(flags)
	v.log.Register(flags, "(default: the registry's id, if that is a key)")
	v.heads.Register(flags)
	v.database.RegisterID(flags, "the registry's `ID`, which is part of findings and of uids: pass the collector's\nregistry_id")
	flags.BoolVar(&v.json, "json", false, "write one JSON object per line: each finding, and finally the summary")
	flags.BoolVar(&v.pruned, "pruned", false, "old rows were pruned on purpose: leaves that are older than the oldest row\nare not findings")
}

func (v *verify) run(ctx context.Context, stdout, stderr io.Writer) error {
	settings, err := v.settings(ctx)
	if err != nil {
		return cli.Interrupted(ctx, err)
	}
	report := verification.NewReport(v.json, stdout)
	barBeside := stdout
	if !v.json { // nothing is written before the bar is cleared
		barBeside = nil
	}
	summary, err := verification.Run(ctx, settings, report, progress.New("verifying", barBeside, stderr))
	if err != nil {
		return cli.Interrupted(ctx, err)
	}
	if err := report.Finish(summary); err != nil {
		return err
	}
	return conclude(summary, stderr)
}

// settings checks the flags and reads the tree heads.
func (v *verify) settings(ctx context.Context) (verification.Settings, error) {
	settings := verification.Settings{Database: v.database, Log: v.log, Pruned: v.pruned}
	if err := v.database.CheckPath(); err != nil {
		return settings, err
	}
	if err := v.database.CheckID(); err != nil {
		return settings, err
	}
	var err error
	if settings.Leaves, settings.Key, err = v.log.Find(); err != nil {
		return settings, err
	}
	if settings.Key == nil {
		settings.Key, _ = tlog.ParsePublicKey(v.database.RegistryID) // otherwise it is a short name
	}
	if settings.Heads, err = v.heads.Read(); err != nil {
		return settings, err
	}
	settings.Head, err = v.log.ReadHead(ctx)
	return settings, err
}

// conclude writes the result as a line, or returns it as an error.
func conclude(s *verification.Summary, stderr io.Writer) error {
	for _, n := range s.Notices {
		fmt.Fprintln(stderr, "oversight-siem:", cli.Printable(n.Text))
	}
	switch {
	case s.Findings > 0:
		return fmt.Errorf("%w: %d finding(s)", cli.ErrFindings, s.Findings)
	case s.NotProven() != "":
		return errors.New("no findings, but " + s.NotProven())
	case s.UnreadRows() != "":
		return errors.New("no findings, but there are rows that were not verified: " + s.UnreadRows())
	case s.UncheckedHeads() != "":
		return errors.New("no findings, but " + s.UncheckedHeads())
	}
	fmt.Fprintf(stderr, "[ok] verified %d row(s) against a log of %d leaves\n", s.Rows, s.Leaves)
	if s.OlderLeaves > 0 {
		fmt.Fprintf(stderr, "oversight-siem: not proven: that the rows of %d leaves, which are older than the oldest row, were pruned and not deleted\n", s.OlderLeaves)
	}
	return nil
}
