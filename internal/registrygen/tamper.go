// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// TamperOptions select where the damage is done. With the zero value,
// [Settings.Seed] determines it.
type TamperOptions struct {
	// At is the id of the row that is damaged, copied or deleted, or the index of
	// the leaf: for LogTruncated of the first one that is removed, for HeadSplit of
	// the one that differs. For DatabaseReplaced it is the id of the last event
	// that is kept. HeadForged has none. Default: somewhere in the middle.
	At *int64
	// Column is what RowEdited, LeafEdited, LeafRehashed and LogRewritten
	// change: kind, token_id, file_id, recipient_id, source_ip, user_agent,
	// extra (qname or, without it, qtype) or qualified_timestamp. Default:
	// source_ip or, in a leaf that has none, its timestamp.
	Column string
	// Replace writes a damaged log to a new file, which is renamed to the path of
	// the old one. Default: the file is changed in place.
	Replace bool
}

// damages are the kinds, and which options each has.
var damages = []struct {
	kind       Kind
	do         func(context.Context, *tampering) (Damage, error)
	at, column bool
}{
	{RowEdited, editRow, true, true},
	{RowDeleted, deleteRow, true, false},
	{RowInserted, insertRow, true, false},
	{RowForgedIndex, forgeIndex, true, false},
	{RowDuplicated, duplicateRow, true, false},
	{LeafEdited, editLeaf, true, true},
	{LeafRehashed, rehashLeaf, true, true},
	{LeafDropped, dropLeaf, true, false},
	{LeafReordered, reorderLeaves, true, false},
	{LeafUnreadable, eraseLeaf, true, false},
	{LogTruncated, truncateLog, true, false},
	{LogRewritten, rewriteLog, true, true},
	{HeadForged, forgeHead, false, false},
	{HeadSplit, splitHead, true, false},
	{DatabaseReplaced, replaceDatabase, true, false},
}

// CheckTamper validates a kind and its options, without reading a registry.
func CheckTamper(kind Kind, options TamperOptions) error {
	i := slices.Index(Kinds(), kind)
	if i < 0 {
		return fmt.Errorf("unknown damage %q: must be one of %s", kind, join(Kinds()))
	}
	switch d := damages[i]; {
	case options.At != nil && !d.at:
		return fmt.Errorf("%s has no row or leaf to choose: remove --tamper-at", kind)
	case options.At != nil && *options.At < 0:
		return fmt.Errorf("there is no row or leaf %d for %s: pass the id of a row or the index of a leaf", *options.At, kind)
	case options.Column != "" && !d.column:
		return fmt.Errorf("%s changes no column: remove --tamper-column", kind)
	case options.Column != "" && !slices.Contains(leafColumns, options.Column):
		return fmt.Errorf("leaves have no column %q: must be one of %s", options.Column, join(leafColumns))
	}
	return nil
}

func join[T ~string](names []T) string {
	var text []string
	for _, name := range names {
		text = append(text, string(name))
	}
	return strings.Join(text, ", ")
}

// tampering is the state of one call of Tamper.
type tampering struct {
	settings Settings
	options  TamperOptions
	database *database
	log      string // path of its file
	key      ed25519.PrivateKey
	random   *rand.Rand
}

// Damage uses a stream of random numbers of its own.
const tamperStream = 1 << 62

// Tamper damages a registry that this package has written, in one way. Only
// [DatabaseReplaced] adds events. It refuses a directory whose [IdentityFile] is not
// that of a generated registry. It uses the settings Database, TlogDir, Seed and
// Start.
//
// A [Registry] that has the files open, in this or another process, can continue when
// rows are damaged, and after LeafEdited, LeafRehashed, LeafReordered and
// LeafUnreadable, which leave the size of the log. It then signs the head of the log
// as it was. Close it before any other damage.
//
// After an error, the damage may be half done, unless the error is about the options.
func Tamper(ctx context.Context, settings Settings, kind Kind, options TamperOptions) (Damage, error) {
	if err := CheckTamper(kind, options); err != nil {
		return Damage{}, err
	}
	t, err := newTampering(settings, options)
	if err != nil {
		return Damage{}, fmt.Errorf("damage the registry (%s): %w", kind, err)
	}
	damage, err := damages[slices.Index(Kinds(), kind)].do(ctx, t)
	if err != nil {
		return Damage{}, fmt.Errorf("damage the registry (%s): %w", kind, err)
	}
	damage.Kind = kind
	return damage, nil
}

func newTampering(settings Settings, options TamperOptions) (*tampering, error) {
	settings.Style = Python
	if err := settings.normalize(); err != nil {
		return nil, err
	}
	if settings.TlogDir == "" {
		return nil, errors.New("a registry without a transparency log cannot be damaged, as nothing would reveal it: pass the log's directory")
	}
	t := &tampering{
		settings: settings,
		options:  options,
		log:      filepath.Join(settings.TlogDir, LeavesFile),
		random:   rand.New(rand.NewPCG(settings.Seed, tamperStream)), //nolint:gosec // the damage must be reproducible
	}
	var err error
	if t.key, err = loadIdentity(identityPath(settings.Database)); err != nil {
		return nil, err
	}
	if t.key == nil {
		return nil, fmt.Errorf("%s does not exist, so this is not a generated registry, and others are not damaged: pass the database of a generated one", identityPath(settings.Database))
	}
	for _, path := range []string{settings.Database, t.log} {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is nothing to damage; write some events first: %w", err)
		}
	}
	t.database, err = openDatabase(settings.Database, settings.Style)
	return t, err
}

// middle returns a random number in the middle third of first to last.
func (t *tampering) middle(first, last int64) int64 {
	third := (last - first + 1) / 3
	return first + third + t.random.Int64N(max(1, last-first+1-2*third))
}
