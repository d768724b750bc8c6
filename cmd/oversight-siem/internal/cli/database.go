// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// Database is the flags --db and --registry-id.
type Database struct {
	// Path is the path of the registry's database.
	Path string
	// RegistryID names the registry in events and findings.
	RegistryID string
}

// RegisterPath adds --db.
func (d *Database) RegisterPath(flags *pflag.FlagSet) {
	flags.StringVar(&d.Path, "db", "", "the registry's database `FILE` (required)")
}

// RegisterID adds --registry-id.
func (d *Database) RegisterID(flags *pflag.FlagSet, usage string) {
	flags.StringVar(&d.RegistryID, "registry-id", "", usage)
}

// CheckPath returns an error if --db is missing.
func (d *Database) CheckPath() error {
	if d.Path == "" {
		return errors.New("--db is required: pass the registry's database, for example --db ./registry.sqlite")
	}
	return nil
}

// CheckID returns an error if --registry-id cannot be the id of a registry. It may be
// missing.
func (d *Database) CheckID() error { return registry.CheckID("--registry-id", d.RegistryID) }

// requireID returns an error if --registry-id is missing, or cannot be an id.
func (d *Database) requireID() error {
	if d.RegistryID == "" {
		return errors.New("--registry-id is required: pass ed25519_pub of the registry's /.well-known/oversight-registry, or a short id of your own")
	}
	return d.CheckID()
}

// CheckOutput returns an error if writing to path would write to one of the
// database's files.
func (d *Database) CheckOutput(path string) error {
	output, err := os.Stat(path)
	if err != nil {
		return nil //nolint:nilerr // it does not exist yet, or opening it will fail
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if file, err := os.Stat(d.Path + suffix); err == nil && os.SameFile(file, output) {
			return fmt.Errorf("--output is %s: must not be a file of the registry's database", path)
		}
	}
	return nil
}

// Open returns a reader of the database. Its events have no observed time: a
// shape would use that where an event has no time of its own.
func (d *Database) Open() *registry.Reader {
	return registry.Open(registry.Settings{
		Path:       d.Path,
		RegistryID: d.RegistryID,
		Now:        func() time.Time { return time.Time{} },
	})
}

// ReadError adds to an error of reading the database which flag it is about and
// what to do.
func (d *Database) ReadError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--db %s: no such file: pass the path of the registry's database", d.Path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("--db %s: allow this user to read the file and its directory: %w", d.Path, err)
	default:
		return fmt.Errorf("--db %s: %w", d.Path, err)
	}
}
