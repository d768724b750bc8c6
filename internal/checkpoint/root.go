// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxRoot bounds a [Root], in bytes. A usual one has some 300.
const MaxRoot = 16 << 10

// Root is the value that every save rewrites.
type Root struct {
	// Version is [Version]. It is set by Encode.
	Version int `json:"version"`
	// Requires names what a collector has to know to continue from this checkpoint.
	// A later collector of the same version adds a name for what must not be
	// ignored; one that does not know a name stops with a [VersionError].
	Requires []string `json:"requires,omitempty"`
	// Cursor is the position behind the last row that was delivered.
	Cursor Cursor `json:"cursor"`
	// Database is where the cursor's rows were read.
	Database Source `json:"database"`
	// Recent is how many rows were added to [Recent].
	Recent int64 `json:"recent"`
	// RegistryID is the id that the uids of rows were made with, of those that were
	// delivered ahead of the cursor or were refused.
	RegistryID string `json:"registry_id,omitempty"`
	// FirstStart is when a receiver started first that is to begin at the end of the
	// table, as long as it could not read where that was. nil: that is known.
	FirstStart *time.Time `json:"first_start,omitempty"`
	// Extra is the members that this version does not know.
	Extra Extra `json:"-"`
}

// Cursor is a position between two rows. The zero value is before the first row.
type Cursor struct {
	// ID is the highest id that was delivered; 0 for none.
	ID int64 `json:"id"`
	// UID is the log.record.uid of the row with that id, under RegistryID; empty if
	// there was no such row any more. It identifies the database that the
	// cursor is from.
	UID string `json:"uid"`
	// RegistryID is the id that UID was made with.
	RegistryID string `json:"registry_id"`
}

// Source is where something was read. It is for people and records: rows and
// leaves identify a database and a log.
type Source struct {
	// Path is the file, as the configuration had it.
	Path string `json:"path"`
}

// VersionError says that another collector wrote the checkpoint, and that this one
// does not know what it holds.
type VersionError struct {
	// Version is the version found.
	Version int
	// Requires is what is required and not known, for a version that is.
	Requires []string
}

func (e *VersionError) Error() string {
	if len(e.Requires) > 0 {
		return fmt.Sprintf("key %q has version %d and requires %s, which this collector does not support", RootKey, e.Version, strings.Join(e.Requires, ", "))
	}
	return fmt.Sprintf("key %q has version %d, this collector supports versions 1 to %d", RootKey, e.Version, Version)
}

// Encode returns the value of [RootKey].
func (r *Root) Encode() ([]byte, error) {
	r.Version = Version
	return encodeObject(r, r.Extra, MaxRoot)
}

// known are the names that [Root.Requires] may have. None is needed so far.
var known = []string{}

// DecodeRoot reads the value of [RootKey]. The error is a *[VersionError] if a
// later collector wrote it, or matches [ErrDamaged].
func DecodeRoot(data []byte) (Root, error) {
	version, err := versionOf(data)
	if err != nil {
		return Root{}, err
	}
	if version > Version { // the checksum may be another one there
		return Root{}, &VersionError{Version: version}
	}
	var r Root
	if r.Extra, err = decodeObject(data, &r, MaxRoot); err != nil {
		return Root{}, err
	}
	missing := slices.DeleteFunc(slices.Clone(r.Requires), func(name string) bool { return slices.Contains(known, name) })
	switch {
	case r.Version != Version:
		return Root{}, damaged("invalid version %d", r.Version)
	case len(missing) > 0:
		return Root{}, &VersionError{r.Version, missing}
	case r.Cursor.ID < 0 || r.Recent < 0:
		return Root{}, damaged("a negative number")
	}
	return r, nil
}

// versionOf is the version of a root of any version.
func versionOf(data []byte) (int, error) {
	var v struct {
		Version int `json:"version"`
	}
	if len(data) > MaxRoot {
		return 0, damaged("%d bytes, at most %d are allowed", len(data), MaxRoot)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return 0, damaged("%s", err)
	}
	return v.Version, nil
}
