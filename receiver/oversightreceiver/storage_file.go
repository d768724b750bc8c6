// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"fmt"
	"path/filepath"
	"reflect"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// fileStorageType is the type of the storage extension whose files are known.
var fileStorageType = component.MustNewType("file_storage")

// storageFile names the file in which a storage extension keeps what a receiver saves,
// for errors.
type storageFile struct {
	storage component.ID
	path    string // absolute, or only the name of the file; empty: not known
}

// findStorageFile names the file of a receiver. The errors of the extension
// file_storage do not, and it has no method for it either.
func findStorageFile(extension storage.Extension, id, receiverID component.ID) storageFile {
	if id.Type() != fileStorageType {
		return storageFile{storage: id}
	}
	// Source: filestorage v0.152.0, GetClient and kindString in extension.go. A name
	// with characters that are not safe in a path is changed there.
	name := fmt.Sprintf("receiver_%s_%s", receiverID.Type(), receiverID.Name())
	return storageFile{storage: id, path: filepath.Join(storageDirectory(extension), name)}
}

// storageDirectory returns the value of the key `directory`; empty if it is not where
// filestorage v0.152.0 has it.
func storageDirectory(extension storage.Extension) string {
	value := reflect.ValueOf(extension)
	for _, name := range []string{"cfg", "Directory"} {
		if value = reflect.Indirect(value); value.Kind() != reflect.Struct {
			return ""
		}
		value = value.FieldByName(name)
	}
	if value.Kind() != reflect.String {
		return ""
	}
	return value.String()
}

// String is the storage and its file, for errors.
func (f storageFile) String() string {
	if f.path == "" {
		return fmt.Sprintf("`storage` is %q", f.storage)
	}
	return fmt.Sprintf("`storage` is %q, with the file %s", f.storage, f.path)
}

// damaged says what to do about a file that cannot be used.
func (f storageFile) damaged(err error) error {
	return &storageDamagedError{fmt.Sprintf("%s: it is damaged (%v). Stop the collector, move that file away and start again: events are then read from `start_at`, and those that were delivered before are delivered again with the same log.record.uid. `recreate: true` of file_storage does that by itself for some kinds of damage", f, err)}
}

// locked says what to do about a file that is in use.
func (f storageFile) locked(err error) error {
	return fmt.Errorf("%s: another process uses it (%w): a second collector runs with the same storage. Stop one of the two, or give each a `directory` of its own", f, err)
}

// storageDamagedError says that what is saved cannot be used until a person has
// looked at it.
type storageDamagedError struct{ text string }

func (e *storageDamagedError) Error() string { return e.text }
