// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// verifyOptions are the flags of verify as given.
type verifyOptions struct {
	selection
	leavesFile
	treeHead
	json   bool
	pruned bool
}

func (o *verifyOptions) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&o.database, "db", "", "the registry's database `FILE` (required)")
	o.leavesFile.register(flags)
	flags.StringVar(&o.registryID, "registry-id", "", "the registry's `ID`, which findings name, and which is part of uids:\ngive what the collector is given")
	o.treeHead.register(flags, "\n(default: the registry's id, if that is a key)")
	flags.BoolVar(&o.json, "json", false, "write JSON, an object a line: each finding, and at the end the summary")
	flags.BoolVar(&o.pruned, "pruned", false, "older rows were pruned on purpose: leaves older than the oldest row are no\nfindings")
}

// plan makes of the flags what to do.
func (o *verifyOptions) plan() (*verify, error) {
	if o.database == "" {
		return nil, errors.New("--db is missing: give the registry's database, for example --db ./registry.sqlite")
	}
	v := &verify{verifyOptions: *o}
	var err error
	if v.leaves, err = o.find(); err != nil {
		return nil, err
	}
	if v.key, err = o.key(); err != nil {
		return nil, err
	}
	if v.key == nil {
		v.key, _ = tlog.ParsePublicKey(o.registryID) // or it is a short name
	}
	return v, nil
}

// verify is what the flags ask for.
type verify struct {
	verifyOptions
	leaves string            // path of leaves.jsonl
	key    ed25519.PublicKey // nil for none
}

// run checks everything once and writes what it found.
func (v *verify) run(ctx context.Context, stdout, stderr io.Writer) error {
	head, err := v.body(ctx)
	if err != nil {
		return orInterrupted(ctx, err)
	}
	out := newVerifyOutput(v.json, stdout)
	a, err := v.open(out, newMeter(v.json, stdout, stderr))
	if err != nil {
		return err
	}
	defer a.close()
	err = a.run(ctx, head)
	a.meter.clear()
	if err != nil {
		return orInterrupted(ctx, err)
	}
	if err := out.finish(&a.summary); err != nil {
		return err
	}
	return v.conclude(&a.summary, stderr)
}

// conclude says in a line, and as the exit status, how it stands.
func (v *verify) conclude(s *summary, stderr io.Writer) error {
	switch {
	case s.Findings > 0:
		return fmt.Errorf("%w: %d finding(s)", errFindings, s.Findings)
	case s.Head != nil && s.Head.Signature == signatureNotChecked:
		return errors.New("the head's signature was not checked: give the registry's key with --public-key, or leave --head out. There are no findings")
	case s.Head != nil && s.Head.Log == headNotCompared:
		return errors.New("the head could not be compared with the log. There are no findings")
	}
	fmt.Fprintf(stderr, "[ok] verified %d row(s) against a log of %d leaves\n", s.Rows, s.Leaves)
	return nil
}
