// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

const long = `oversightgen writes a database and a transparency log like those of an
Oversight registry: the same tables and settings, the same leaves, and realistic
events, a tenth of them with unknown tokens. A new database begins with some
registered documents.

It appends to existing files: never name those of a real registry. Only one
process at a time may write to a log. Without --count it continues until it is
interrupted (Ctrl-C or SIGTERM); then it ends between two events, with exit
status 0. It prints what it wrote as one line on standard error.

With --seed the content is the same every time, byte for byte, whatever the
style and the rate, and however often it was interrupted and started again. The
first event is then at 2026-01-01T00:00:00Z, and the others up to three seconds
apart. Without --seed the content is random and events have the current time.

A new registry with a log gets a key pair, registry-identity.json beside the
database, and signs its log: the tree head is in signed-head.json, the public
key in well-known.json. Both files are written every second and at the end. The
key depends on the seed; it protects nothing.

--tamper damages the registry in one way at the end: after --count events or,
without --count, an existing registry without adding events. It prints what it
did and how the damage is found as one line on standard error. It is for
demonstrations and tests. It cannot be undone, so it refuses a directory without
the key pair of a generated registry. With --serve, the head is served after the
damage until the command is interrupted. The kinds:

  row-edited         one character of a row differs from its leaf
  row-deleted        a row is deleted, its leaf is not
  row-inserted       a row without a leaf (tlog_index is NULL)
  row-forged-index   a row with a leaf beyond the log
  row-duplicated     a row that claims the leaf of another
  leaf-edited        one byte of a leaf is changed, its hash is the old one
  leaf-rehashed      the same with a hash and a row that match: only the root
                     differs
  leaf-dropped       a leaf's line is removed
  leaf-reordered     two neighbouring lines are swapped
  leaf-unreadable    a leaf's line is zero bytes
  log-truncated      the last lines are removed
  log-rewritten      as leaf-rehashed, with a new signed head: only a reader that
                     kept the old root finds it
  head-forged        the head is signed by another key
  head-split         the signed head is of another log
  database-replaced  the database is an old copy, with other events after it`

const example = `  # A live registry, five events a second, until Ctrl-C
  oversightgen --db ./data/registry.sqlite --rate 5/s

  # The same thousand events every time, with connections kept open
  oversightgen --db ./registry.sqlite --style rust --seed 42 --count 1000

  # A million events for a benchmark, without a transparency log
  oversightgen --db ./big.sqlite --tlog '' --bulk --count 1000000

  # A live registry that serves its signed tree head
  oversightgen --db ./data/registry.sqlite --rate 5/s --serve 127.0.0.1:8765

  # A thousand events and an edited row; then other damage
  oversightgen --db ./registry.sqlite --count 1000 --tamper row-edited
  oversightgen --db ./registry.sqlite --tamper leaf-dropped --tamper-at 700

  # An operator who keeps only the newest 500 rows
  oversightgen --db ./data/registry.sqlite --rate 100/m --prune 500`

// options are the flags as given.
type options struct {
	database string
	tlog     string
	style    string
	rate     string
	count    int64
	bulk     bool
	seed     uint64
	start    string
	prune    int64
	serve    string

	tamper       string
	tamperAt     int64
	tamperColumn string
}

func newCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:     "oversightgen --db FILE",
		Short:   "Write a registry's database and transparency log",
		Long:    long,
		Example: example,
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			plan, err := o.plan(command.Flags())
			if err != nil {
				return err
			}
			return plan.run(command.Context(), command.ErrOrStderr())
		},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	o.register(command.Flags())
	return command
}

func (o *options) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&o.database, "db", "", "the database `FILE` to create or append to (required)")
	flags.StringVar(&o.tlog, "tlog", "", "the `DIR` of the transparency log; '' writes none (default: tlog, beside the database)")
	flags.StringVar(&o.style, "style", string(registrygen.Python),
		"the registry to imitate: python (a connection for each event)\nor rust (connections kept open)")
	flags.StringVar(&o.rate, "rate", "", "events per unit of time, as `N/UNIT`: 5/s, 0.5/s, 100/m, 1000/h;\na plain number is per second (default: as fast as possible)")
	flags.Int64Var(&o.count, "count", 0, "how many events to write (default: until interrupted;\nnone with --tamper)")
	flags.BoolVar(&o.bulk, "bulk", false, "write thousands of events in one transaction; requires --count")
	flags.Uint64Var(&o.seed, "seed", 0, "the seed of the content: the same seed writes the same content (default: random)")
	flags.StringVar(&o.start, "start", "", "the `TIME` of the first event, such as 2026-01-01T00:00:00Z\n(default: 2026-01-01T00:00:00Z with --seed, otherwise the current time)")
	flags.Int64Var(&o.prune, "prune", 0, "keep only the newest `N` rows: delete older ones regularly\nand at the end (default: keep all)")
	flags.StringVar(&o.serve, "serve", "", "the `ADDRESS` for GET /tlog/head and GET /.well-known/oversight-registry,\nsuch as 127.0.0.1:8765; port 0 is any free port (default: none)")
	flags.StringVar(&o.tamper, "tamper", "", "the `KIND` of damage at the end, see above (default: none)")
	flags.Int64Var(&o.tamperAt, "tamper-at", 0, "the id of the row or the index `N` of the leaf to damage\n(default: one in the middle, chosen by the seed)")
	flags.StringVar(&o.tamperColumn, "tamper-column", "", "the `COLUMN` that row-edited, leaf-edited, leaf-rehashed and log-rewritten\nchange (default: source_ip)")
}

func noArguments(_ *cobra.Command, arguments []string) error {
	if len(arguments) > 0 {
		return fmt.Errorf("unexpected argument %q: the command accepts flags only, see oversightgen --help", arguments[0])
	}
	return nil
}

// plan validates the flags and returns what to do.
func (o *options) plan(flags *pflag.FlagSet) (*plan, error) {
	if o.database == "" {
		return nil, errors.New("--db is required: pass the database file to write, for example --db ./registry.sqlite")
	}
	p := &plan{count: o.count, bulk: o.bulk, prune: o.prune, serve: o.serve}
	var err error
	if p.rate, err = parseRate(o.rate); err != nil {
		return nil, err
	}
	if err := o.checkNumbers(); err != nil {
		return nil, err
	}
	if p.settings, err = o.settings(flags); err != nil {
		return nil, err
	}
	if o.serve != "" && p.settings.TlogDir == "" {
		return nil, fmt.Errorf("--serve %s requires a transparency log: remove --tlog '' or --serve", o.serve)
	}
	return p, o.planDamage(p, flags)
}

func (o *options) planDamage(p *plan, flags *pflag.FlagSet) error {
	if !flags.Changed("tamper") {
		for _, name := range []string{"tamper-at", "tamper-column"} {
			if flags.Changed(name) {
				return fmt.Errorf("--%s requires --tamper: pass a kind of damage", name)
			}
		}
		return nil
	}
	p.damage = registrygen.Kind(o.tamper)
	p.options.Column = o.tamperColumn
	if flags.Changed("tamper-at") {
		p.options.At = &o.tamperAt
	}
	if err := registrygen.CheckTamper(p.damage, p.options); err != nil {
		return fmt.Errorf("--tamper: %w", err)
	}
	switch {
	case p.settings.TlogDir == "":
		return fmt.Errorf("--tamper %s requires a transparency log: remove --tlog '' or --tamper", o.tamper)
	case o.count == 0 && (o.prune > 0 || o.rate != ""):
		return fmt.Errorf("--tamper %s writes no events without --count: pass --count, or remove --rate and --prune", o.tamper)
	}
	return nil
}

func (o *options) checkNumbers() error {
	switch {
	case o.count < 0:
		return fmt.Errorf("--count is %d: must not be negative; omit it to write until interrupted", o.count)
	case o.prune < 0:
		return fmt.Errorf("--prune is %d: must not be negative; omit it to keep all rows", o.prune)
	case o.bulk && o.count == 0:
		return errors.New("--bulk requires --count: pass the number of events to write")
	case o.bulk && o.rate != "":
		return fmt.Errorf("--bulk and --rate %s cannot be combined: remove one of them", o.rate)
	}
	return nil
}

func (o *options) settings(flags *pflag.FlagSet) (registrygen.Settings, error) {
	s := registrygen.Settings{
		Database: o.database,
		TlogDir:  o.tlog,
		Style:    registrygen.Style(o.style),
		Seed:     o.seed,
	}
	if !flags.Changed("tlog") {
		s.TlogDir = filepath.Join(filepath.Dir(o.database), "tlog")
	}
	if s.Style != registrygen.Python && s.Style != registrygen.Rust {
		return s, fmt.Errorf("--style is %q: must be python or rust", o.style)
	}
	if flags.Changed("seed") {
		s.Start = registrygen.DefaultStart
	} else {
		s.Seed = randomSeed()
	}
	if o.start != "" {
		start, err := time.Parse(time.RFC3339, o.start)
		if err != nil {
			return s, fmt.Errorf("--start is %q: must be an RFC 3339 time such as 2026-01-01T00:00:00Z", o.start)
		}
		s.Start = start
	}
	return s, nil
}

func randomSeed() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint64(b[:])
}
