// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/boltcheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/storagefile"
)

// storageFile names the file in which a storage extension keeps what a receiver saves,
// for errors.
type storageFile struct {
	storage  component.ID
	path     string // or only the name of the file, if the directory is not known; empty: not known
	recreate bool   // the user wants a new file in place of a damaged one
}

// findStorageFile names the file of a receiver. The errors of the extension
// file_storage do not, and it has no method for it either.
func findStorageFile(extension storage.Extension, id, receiverID component.ID) storageFile {
	if id.Type() != storagefile.Type {
		return storageFile{storage: id}
	}
	file := storageFile{storage: id, path: storagefile.OfReceiver("", receiverID)}
	if directory := fileStorageSetting(extension, "Directory"); directory.Kind() == reflect.String {
		file.path = storagefile.OfReceiver(directory.String(), receiverID)
	}
	if recreate := fileStorageSetting(extension, "Recreate"); recreate.Kind() == reflect.Bool {
		file.recreate = recreate.Bool()
	}
	return file
}

// fileStorageSetting returns a setting; the zero value if it is not where filestorage
// v0.152.0 has it.
func fileStorageSetting(extension storage.Extension, name string) reflect.Value {
	value := reflect.ValueOf(extension)
	for _, field := range []string{"cfg", name} {
		if value = reflect.Indirect(value); value.Kind() != reflect.Struct {
			return reflect.Value{}
		}
		value = value.FieldByName(field)
	}
	return value
}

// prepare looks at the file before the extension opens it: bbolt ends the process for
// some kinds of damage, and the extension's `recreate` helps with some others only.
func (f storageFile) prepare(now time.Time, logger *zap.Logger) error {
	if !filepath.IsAbs(f.path) {
		return nil
	}
	err := boltcheck.Check(f.path)
	if !errors.Is(err, boltcheck.ErrDamaged) {
		return nil // what else is wrong, the extension says
	}
	if !f.recreate {
		return f.damaged(err)
	}
	backup := f.path + "." + now.Format("2006-01-02T15:04:05.000") + ".backup" // as the extension names it
	if renameErr := os.Rename(f.path, backup); renameErr != nil {
		return errors.Join(f.damaged(err), renameErr)
	}
	logger.Error("The file of the storage is damaged: starting a new one. Events are read from `start_at`",
		zap.String("file", f.path), zap.String("moved_to", backup), zap.Error(err))
	return nil
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
	return &storageDamagedError{fmt.Sprintf("%s: it is damaged (%v). Stop the collector, move that file away and start again: events are then read from `start_at`, and those that were delivered before are delivered again with the same log.record.uid. `recreate: true` of file_storage does that by itself at a start", f, err)}
}

// locked says what to do about a file that is in use.
func (f storageFile) locked(err error) error {
	return fmt.Errorf("%s: another process uses it (%w): a second collector runs with the same storage. Stop one of the two, or give each a `directory` of its own", f, err)
}

// storageDamagedError says that what is saved cannot be used until a person has
// looked at it.
type storageDamagedError struct{ text string }

func (e *storageDamagedError) Error() string { return e.text }
