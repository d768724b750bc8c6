// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	_ "embed"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/evidence"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

//go:embed help/verify-evidence.txt
var verifyEvidenceHelp string

const verifyEvidenceExample = `  # A bundle that the registry served, with a key from another source
  curl -s https://registry.example.org/evidence/436bf335-ab3c-4013-bec4-efae5ea9bfe4 > bundle.json
  oversight-siem verify-evidence bundle.json --public-key 056872fe…

  # The rows of which something is wrong or not proven
  oversight-siem verify-evidence bundle.json --public-key 056872fe… --json | jq 'select(.event_id) | [.event_id, .result, .message]'`

func newVerifyEvidenceCommand() *cobra.Command {
	var v verifyEvidence
	command := &cobra.Command{
		Use:     "verify-evidence BUNDLE --public-key HEX",
		Short:   "Verify an evidence bundle, a registry's response to GET /evidence/{file_id}",
		Long:    verifyEvidenceHelp,
		Example: verifyEvidenceExample,
		Args:    cli.OneArgument("the FILE with the evidence bundle"),
		RunE: func(command *cobra.Command, arguments []string) error {
			return v.run(arguments[0], command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	v.register(command.Flags())
	return cli.Checking(command)
}

// verifyEvidence verifies a bundle. Its fields are the flags.
type verifyEvidence struct {
	publicKey string
	issuerKey string
	json      bool
}

func (v *verifyEvidence) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&v.publicKey, "public-key", "", "the registry's Ed25519 public key, 64 `HEX` digits, from another source than\nthe bundle (default: the registry's signatures are not checked)")
	flags.StringVar(&v.issuerKey, "issuer-key", "", "the issuer's Ed25519 public key, 64 `HEX` digits (default: the key that the\nmanifest states)")
	flags.BoolVar(&v.json, "json", false, "write one JSON object per line: each problem, and finally the summary")
}

func (v *verifyEvidence) run(path string, stdout, stderr io.Writer) error {
	keys, err := v.keys()
	if err != nil {
		return err
	}
	text, err := cli.ReadRegular(path, evidence.MaxSize)
	if err != nil {
		return fmt.Errorf("cannot read the evidence bundle %s: %w", path, err)
	}
	result, err := evidence.Check(text, keys)
	if err != nil {
		return fmt.Errorf("%s: %w: pass the response to GET /evidence/{file_id}", path, err)
	}
	if err := v.write(result, stdout); err != nil {
		return err
	}
	return concludeEvidence(&result.Summary, stderr)
}

func (v *verifyEvidence) keys() (keys evidence.Keys, err error) {
	if keys.Registry, err = parseKey("--public-key", v.publicKey); err != nil {
		return keys, err
	}
	keys.Issuer, err = parseKey("--issuer-key", v.issuerKey)
	return keys, err
}

// parseKey returns the key in a flag; nil for an empty one.
func parseKey(flag, text string) (ed25519.PublicKey, error) {
	if text == "" {
		return nil, nil
	}
	key, err := tlog.ParsePublicKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s is %.80q: %w", flag, text, err)
	}
	return key, nil
}

func (v *verifyEvidence) write(result *evidence.Result, stdout io.Writer) error {
	text, err := []byte(result.Text()), error(nil)
	if v.json {
		text, err = result.JSON()
	}
	if err != nil {
		return err
	}
	_, err = stdout.Write(text)
	return output.WriteError(output.StandardOutput, err)
}

// concludeEvidence writes the result as a line, or returns it as an error.
func concludeEvidence(s *evidence.Summary, stderr io.Writer) error {
	switch {
	case s.Findings > 0:
		return fmt.Errorf("%w: %d finding(s)", cli.ErrFindings, s.Findings)
	case s.Signature == evidence.SignatureNotChecked:
		return errors.New("no findings, but the registry's signature was not checked: pass the registry's key with --public-key")
	case s.NotProven > 0:
		return fmt.Errorf("no findings, but %d thing(s) are not proven", s.NotProven)
	}
	fmt.Fprintf(stderr, "[ok] verified the evidence bundle of file %s with %d event(s)\n", cli.Printable(s.FileID), s.Events)
	return nil
}
