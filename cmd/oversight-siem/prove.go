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
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/evidence"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/inclusion"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

//go:embed help/prove.txt
var proveHelp string

const proveExample = `  # Prove that the leaf of row 42, whose tlog_index is 67, is in the log that the registry signed
  oversight-siem prove --tlog ./tlog --index 67 --head signed-head.json --public-key 056872fe… --output leaf-67.json

  # In the tree that the registry publishes now
  oversight-siem prove --tlog ./tlog --index 67 --head https://registry.example.org

  # From a log with damaged lines, with the audit path that the registry serves
  curl -s https://registry.example.org/tlog/proof/67 > proof-67.json
  oversight-siem prove --tlog ./tlog --index 67 --proof proof-67.json --head signed-head.json --public-key 056872fe…`

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
	proof  string
	format string
	output string
}

// Formats of proofs.
const (
	formatJSON      = "json"
	formatTLogProof = "tlog-proof"
)

// maxServedProof is the size, in bytes, of the largest proof of a registry.
const maxServedProof = 64 << 10

func (p *prove) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.Int64Var(&p.index, "index", 0, "the index `N` of the leaf, which is tlog_index of its row (required)")
	p.log.Register(flags, "(default: its signature is not checked)")
	flags.StringVar(&p.proof, "proof", "", "the registry's proof of this leaf, as a `FILE`: the response to GET\n/tlog/proof/{index}. Other lines of the log may be damaged then")
	flags.StringVar(&p.format, "format", formatJSON, "the `FORMAT` of the proof: json, or tlog-proof (https://c2sp.org/tlog-proof)")
	flags.StringVar(&p.output, "output", "-", "the output: - for standard output, or a new `FILE`")
}

func (p *prove) check(flags *pflag.FlagSet) error {
	switch {
	case !flags.Changed("index"):
		return errors.New("--index is required: pass the index of the leaf, which is tlog_index of its row")
	case p.index < 0:
		return fmt.Errorf("--index is %d: must not be negative", p.index)
	case p.format != formatJSON && p.format != formatTLogProof:
		return fmt.Errorf("--format is %.40q: must be json or tlog-proof", p.format)
	case p.format == formatTLogProof && (!flags.Changed("head") || !flags.Changed("public-key")):
		return errors.New("--format is tlog-proof: pass --head and --public-key, since it has a checkpoint with the registry's signature")
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
	served, err := p.readProof()
	if err != nil {
		return err
	}
	proof, err := inclusion.Prove(ctx, inclusion.Settings{Log: p.log, Leaves: leaves, Index: p.index, Head: head, Served: served})
	if err != nil {
		return cli.Interrupted(ctx, err)
	}
	text, err := p.encode(proof, key)
	if err != nil {
		return err
	}
	if err := p.write(text, stdout); err != nil {
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

// readProof returns the proof of --proof; nil without the flag.
func (p *prove) readProof() (*tlog.Proof, error) {
	if p.proof == "" {
		return nil, nil
	}
	text, err := cli.ReadRegular(p.proof, maxServedProof)
	if err != nil {
		return nil, fmt.Errorf("--proof is %s: must be a readable file: %w", p.proof, err)
	}
	proof, err := evidence.ParseProof(text)
	if err != nil {
		return nil, fmt.Errorf("--proof is %s: must be the response to GET /tlog/proof/%d: %w", p.proof, p.index, err)
	}
	return &proof, nil
}

func (p *prove) encode(proof *inclusion.Document, key ed25519.PublicKey) ([]byte, error) {
	if p.format == formatTLogProof {
		return proof.TLogProof(key)
	}
	return proof.Encode()
}

func (p *prove) write(text []byte, stdout io.Writer) error {
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
	result := includedIn(proof, key)
	if proof.PathFrom == inclusion.PathFromRegistry {
		result += "; the audit path is from the registry's proof"
	}
	return result
}

func includedIn(proof *inclusion.Document, key ed25519.PublicKey) string {
	switch {
	case proof.SignedHead == nil && proof.PathFrom == inclusion.PathFromRegistry:
		return fmt.Sprintf("[ok] leaf %d is included in a tree of %d leaves, which nobody has signed: see --head", proof.LeafIndex, proof.TreeSize)
	case proof.SignedHead == nil:
		return fmt.Sprintf("[ok] leaf %d is included in the log as it is now, with %d leaves, which nobody has signed: see --head", proof.LeafIndex, proof.TreeSize)
	case key == nil:
		return fmt.Sprintf("[ok] leaf %d is included in the tree head with %d leaves, whose signature was not checked: see --public-key", proof.LeafIndex, proof.TreeSize)
	default:
		return fmt.Sprintf("[ok] leaf %d is included in the tree head with %d leaves, signed by the registry's key", proof.LeafIndex, proof.TreeSize)
	}
}
