// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/inclusion"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

//go:embed help/prove.txt
var proveHelp string

const proveExample = `  # Prove that the leaf of row 42, whose tlog_index is 67, is in the log that the registry signed
  oversight-siem prove --tlog ./tlog --index 67 --head signed-head.json --public-key 056872fe… --output leaf-67.json

  # In the tree that the registry publishes now
  oversight-siem prove --tlog ./tlog --index 67 --head https://registry.example.org`

func newProveCommand() *cobra.Command {
	var p prove
	command := &cobra.Command{
		Use:     "prove --tlog FILE|DIR --index N",
		Short:   "Write a proof that a leaf is included in the transparency log",
		Long:    proveHelp,
		Example: proveExample,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := p.check(command.Flags()); err != nil {
				return err
			}
			return p.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	p.register(command.Flags())
	return cli.Checking(command)
}

// prove writes an inclusion proof. Its fields are the flags.
type prove struct {
	log    cli.TransparencyLog
	index  int64
	output string
}

func (p *prove) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.Int64Var(&p.index, "index", 0, "the index `N` of the leaf, which is tlog_index of its row (required)")
	p.log.Register(flags, "(default: its signature is not checked)")
	flags.StringVar(&p.output, "output", "-", "the output: - for standard output, or a new `FILE`")
}

func (p *prove) check(flags *pflag.FlagSet) error {
	switch {
	case !flags.Changed("index"):
		return errors.New("--index is required: pass the index of the leaf, which is tlog_index of its row")
	case p.index < 0:
		return fmt.Errorf("--index is %d: must not be negative", p.index)
	case p.output == "":
		return errors.New("--output is empty: must be a new file, or - for standard output")
	}
	return nil
}

func (p *prove) run(ctx context.Context, stdout, stderr io.Writer) error {
	leaves, key, err := p.log.Find()
	if err != nil {
		return err
	}
	head, err := p.readHead(ctx, key)
	if err != nil {
		return cli.Interrupted(ctx, err)
	}
	proof, err := inclusion.Prove(ctx, inclusion.Settings{Log: p.log, Leaves: leaves, Index: p.index, Head: head})
	if err != nil {
		return cli.Interrupted(ctx, err)
	}
	if err := p.write(proof, stdout); err != nil {
		return err
	}
	fmt.Fprintln(stderr, proofResult(proof, key))
	return nil
}

// readHead returns the tree head of --head, whose signature is valid if there is a
// key; nil without the flag.
func (p *prove) readHead(ctx context.Context, key ed25519.PublicKey) (*tlog.Head, error) {
	body, err := p.log.ReadHead(ctx)
	if body == nil || err != nil {
		return nil, err
	}
	head, err := tlog.ParseHead(body)
	if err == nil && key != nil {
		err = head.Verify(key)
	}
	if err != nil { // ReadHead has checked the syntax
		return nil, fmt.Errorf("%w: --head %s: tree head with %d leaves: %w", cli.ErrFindings, p.log.HeadSource(), head.Size, err)
	}
	return &head, nil
}

func (p *prove) write(proof *inclusion.Document, stdout io.Writer) error {
	text, err := proof.Encode()
	if err != nil {
		return err
	}
	if p.output == "-" {
		_, err := stdout.Write(text)
		return output.WriteError(output.StandardOutput, err)
	}
	f, err := os.OpenFile(p.output, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("--output is %s: must be a new, writable file, or -: %w", p.output, err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, output.CloseFile(f)); err != nil {
		return fmt.Errorf("--output %s: %w", p.output, errors.Join(err, os.Remove(p.output)))
	}
	return nil
}

// proofResult says in a line what was proved.
func proofResult(proof *inclusion.Document, key ed25519.PublicKey) string {
	result := fmt.Sprintf("[ok] proved leaf %d to the root of %d leaves", proof.LeafIndex, proof.TreeSize)
	switch {
	case proof.SignedHead == nil:
		return result + ", the log as it is now; nobody has signed it: see --head"
	case key == nil:
		return result + " of the tree head, whose signature was not checked: see --public-key"
	default:
		return result + " that the registry's key has signed"
	}
}
