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
Oversight registry: the same tables and settings, the same leaves, and events
that look like real ones, a tenth of them of unknown tokens. A new database
begins with some registered documents.

Files that are there already are appended to: never name those of a real
registry. Only one process at a time may write to a log. Without --count it goes
on until it is interrupted (Ctrl-C, or SIGTERM); then it ends between two
events, with exit status 0. A line on standard error says what was written.

With --seed the content is the same every time, byte for byte, whatever the
style and the rate, and however often it was interrupted and started again; the
events' clock then starts at 2026-01-01T00:00:00Z and takes steps of up to three
seconds. Without --seed the content is random and the times are the present.

A new registry with a log gets a key pair, registry-identity.json beside the
database, and signs its log: the tree head is in signed-head.json, the public
key in well-known.json, both renewed every second and at the end. The key
depends on the seed; it protects nothing.

--tamper does one kind of damage in the end, after --count events, or without
--count to a registry that is there, adding no events. A line on standard error
says what was done and how it is found. It is for demonstrations and tests: never
name a real registry, which would be damaged for good; a directory without the
key pair of a generated one is refused. With --serve, the head as it is then is
served until the command is interrupted. The kinds:

  row-edited         one character of a row differs from its leaf
  row-deleted        a row is gone, its leaf is there
  row-inserted       a row without a leaf (tlog_index is NULL)
  row-forged-index   a row with a leaf beyond the log
  row-duplicated     a row that claims the leaf of another
  leaf-edited        one byte of a leaf is another, its hash is the old one
  leaf-rehashed      the same with a hash and a row that fit: only the root tells
  leaf-dropped       a leaf's line is gone
  leaf-reordered     two neighbouring lines have changed places
  leaf-unreadable    a leaf's line is zero bytes
  log-truncated      the last lines are gone
  log-rewritten      as leaf-rehashed, and the head is signed anew: only who
                     remembers the root can tell
  head-forged        the head is signed by another key
  head-split         the head is signed, and of another log
  database-replaced  the database is an old copy, with other events since`

const example = `  # A live registry, five events a second, until Ctrl-C
  oversightgen --db ./data/registry.sqlite --rate 5/s

  # The same thousand events every time, with connections kept open
  oversightgen --db ./registry.sqlite --style rust --seed 42 --count 1000

  # A million events for a benchmark, without a transparency log
  oversightgen --db ./big.sqlite --tlog '' --bulk --count 1000000

  # A live registry whose signed tree head can be asked for
  oversightgen --db ./data/registry.sqlite --rate 5/s --serve 127.0.0.1:8765

  # A thousand events and a row that somebody edited; then another damage
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
		"which registry to write like: python (a connection for each event)\nor rust (connections kept open)")
	flags.StringVar(&o.rate, "rate", "", "events in a time, as `N/UNIT`: 5/s, 0.5/s, 100/m, 1000/h;\na plain number is for a second (default as fast as it goes)")
	flags.Int64Var(&o.count, "count", 0, "how many events to write (default: until interrupted;\nnone with --tamper)")
	flags.BoolVar(&o.bulk, "bulk", false, "write thousands of events in one transaction; needs --count")
	flags.Uint64Var(&o.seed, "seed", 0, "decides the content; the same seed writes the same (default: random)")
	flags.StringVar(&o.start, "start", "", "the `TIME` at which the events' clock starts, like 2026-01-01T00:00:00Z\n(default: that with --seed, the present time without)")
	flags.Int64Var(&o.prune, "prune", 0, "keep only the newest `N` rows: delete older ones now and then,\nand at the end (default: keep all)")
	flags.StringVar(&o.serve, "serve", "", "the `ADDRESS`, like 127.0.0.1:8765, at which to answer GET /tlog/head and\nGET /.well-known/oversight-registry meanwhile; port 0 is any (default: none)")
	flags.StringVar(&o.tamper, "tamper", "", "the `KIND` of damage to do in the end, see above (default: none)")
	flags.Int64Var(&o.tamperAt, "tamper-at", 0, "the row's id or the leaf's index `N` at which to do it\n(default: somewhere in the middle, which depends on the seed)")
	flags.StringVar(&o.tamperColumn, "tamper-column", "", "the `COLUMN` that row-edited, leaf-edited, leaf-rehashed and log-rewritten\nchange (default: source_ip)")
}

func noArguments(_ *cobra.Command, arguments []string) error {
	if len(arguments) > 0 {
		return fmt.Errorf("unexpected argument %q: everything is given with flags, see oversightgen --help", arguments[0])
	}
	return nil
}

// plan makes of the flags what to do.
func (o *options) plan(flags *pflag.FlagSet) (*plan, error) {
	if o.database == "" {
		return nil, errors.New("--db is missing: give the database file to write, for example --db ./registry.sqlite")
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
		return nil, fmt.Errorf("--serve %s needs a transparency log: leave out --tlog '', or --serve", o.serve)
	}
	return p, o.planDamage(p, flags)
}

func (o *options) planDamage(p *plan, flags *pflag.FlagSet) error {
	if !flags.Changed("tamper") {
		for _, name := range []string{"tamper-at", "tamper-column"} {
			if flags.Changed(name) {
				return fmt.Errorf("--%s needs --tamper: say what damage to do", name)
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
		return fmt.Errorf("--tamper %s needs a transparency log: leave out --tlog '', or --tamper", o.tamper)
	case o.count == 0 && (o.prune > 0 || o.rate != ""):
		return fmt.Errorf("--tamper %s writes no events without --count: give that, or leave out --rate and --prune", o.tamper)
	}
	return nil
}

func (o *options) checkNumbers() error {
	switch {
	case o.count < 0:
		return fmt.Errorf("--count %d: give a positive number, or leave it out to write until interrupted", o.count)
	case o.prune < 0:
		return fmt.Errorf("--prune %d: give the number of rows to keep, or leave it out to keep all", o.prune)
	case o.bulk && o.count == 0:
		return errors.New("--bulk needs --count: say how many events to write")
	case o.bulk && o.rate != "":
		return fmt.Errorf("--bulk and --rate %s exclude each other: leave one of them out", o.rate)
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
		return s, fmt.Errorf("--style %q: give python or rust", o.style)
	}
	if flags.Changed("seed") {
		s.Start = registrygen.DefaultStart
	} else {
		s.Seed = randomSeed()
	}
	if o.start != "" {
		start, err := time.Parse(time.RFC3339, o.start)
		if err != nil {
			return s, fmt.Errorf("--start %q: give a time like 2026-01-01T00:00:00Z", o.start)
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
