// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/oversight-protocol/oversight-otelcol/internal/boltcheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/storagefile"
)

const (
	// defaultStorageDirectory is file_storage's.
	defaultStorageDirectory = "/var/lib/otelcol/file_storage"
	// minFree is how much space there should be, in bytes. A checkpoint has a few
	// megabytes at most, and bbolt writes pages anew before it frees the old ones.
	minFree = 64 << 20
)

// fileStorage is the settings of a file_storage extension that are checked.
type fileStorage struct {
	Directory       string `mapstructure:"directory"`
	CreateDirectory bool   `mapstructure:"create_directory"`
	FSync           bool   `mapstructure:"fsync"`
}

// checkStorage checks that the checkpoint can be kept.
func (r *receiver) checkStorage(ctx context.Context) []finding {
	if r.Storage == nil {
		return warning(fmt.Sprintf("set `receivers::%s::storage` to a file_storage extension", r.id), "there is no storage: each start reads all events again, or skips those in between")
	}
	var found []finding
	if !r.config.started(*r.Storage) {
		found = failed(fmt.Sprintf("add %s to `service::extensions`", r.Storage), "the storage %s is not started", r.Storage)
	}
	if r.Storage.Type() != storagefile.Type {
		return append(found, notChecked("see that the directory or server of "+r.Storage.String()+" can be written", "only file_storage can be checked, and this is %s", r.Storage)...)
	}
	s, err := r.fileStorage()
	if err != nil {
		return append(found, failed(fmt.Sprintf("define `extensions::%s`", r.Storage), "the storage's settings cannot be read: %v", err)...)
	}
	if !s.FSync {
		found = append(found, warning(fmt.Sprintf("set `extensions::%s::fsync` to true", r.Storage), "the checkpoint is not synced to disk: a power failure can set it back")...)
	}
	if !filepath.IsAbs(s.Directory) {
		found = append(found, warning(fmt.Sprintf("make `extensions::%s::directory` an absolute path: a service starts from /", r.Storage), "the directory %s is relative", s.Directory)...)
	}
	found = append(found, checkWritable(s.Directory, s.CreateDirectory, fmt.Sprintf("extensions::%s::directory", r.Storage))...)
	found = append(found, checkBolt(ctx, storagefile.OfReceiver(s.Directory, r.id), r.config.sources)...)
	if len(found) == 0 {
		return passed("%s is writable, has space, and its file is whole and not in use", s.Directory)
	}
	return found
}

// checkBolt checks a file of bbolt that may not exist yet. sources are the configurations
// of the collector that may use it.
func checkBolt(ctx context.Context, path string, sources []string) []finding {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil // there is none, or checkWritable says why not
	}
	if err == nil && !info.Mode().IsRegular() {
		return failed("move it away", "%s is %s, not a regular file", path, kindOf(info.Mode()))
	}
	if err == nil {
		err = boltcheck.Check(path)
	}
	if err == nil {
		_, err = readKey(ctx, path, "")
	}
	if found := tooSlow(err); found != nil {
		return found
	}
	switch {
	case err == nil:
		return checkWritableFile(path)
	case errors.Is(err, errInUse):
		return holderOf(path).inUse(path, sources)
	case errors.Is(err, fs.ErrPermission):
		return failed("chown the file to the collector's user", "this user cannot read %s", path)
	default:
		return failed("stop the collector, move the file away and start again: events are then read from `start_at`, and delivered again with the same log.record.uid. Or restore the file from a backup", "%s is damaged: %v", path, plain(err))
	}
}

// checkWritableFile opens the file as the collector does, without a change.
func checkWritableFile(path string) []finding {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return failed("chown the file to the collector's user, and mount the file system for writing", "%s cannot be written: %v", path, plain(err))
	}
	if err := file.Close(); err != nil {
		return failed("look at the disk", "%s: %v", path, plain(err))
	}
	return nil
}

// checkWritable writes a file to a directory and removes it. One that the component makes
// itself, and that is not there yet, needs a directory above it that can be written. That
// may be the registry's: nothing is written there.
func checkWritable(directory string, create bool, setting string) []finding {
	makeIt := fmt.Sprintf("mkdir -p %s, and chown it to the collector's user", directory)
	info, err := os.Stat(directory)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !create:
		return failed(fmt.Sprintf("%s; or set `create_directory: true` beside `%s`", makeIt, setting), "%s does not exist", directory)
	case errors.Is(err, fs.ErrNotExist):
		return checkWritableTo(firstExisting(directory), mayWrite, fmt.Sprintf("%s; or set `%s` to a directory below one of that user's", makeIt, setting), setting)
	case err == nil && !info.IsDir(), errors.Is(err, syscall.ENOTDIR):
		return failed(fmt.Sprintf("set `%s` to a directory", setting), "%s is a file, not a directory, or is below one", directory)
	case err != nil && !errors.Is(err, fs.ErrPermission):
		return failed("look at the disk and the mount", "%s: %v", directory, plain(err))
	}
	return checkWritableTo(directory, tryWrite, fmt.Sprintf("chown %s to the collector's user, and let that user search all directories above it", directory), setting)
}

// checkWritableTo finds out with try whether a directory can be written. permit says what
// to do where this user must not.
func checkWritableTo(directory string, try func(string) error, permit, setting string) []finding {
	err := try(directory)
	switch {
	case err == nil:
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return failed("free some space there, or move the directory to another disk", "the disk of %s is full: %v", directory, plain(err))
	case errors.Is(err, syscall.EROFS):
		return failed(fmt.Sprintf("mount it for writing, or set `%s` to a directory that is; a hardened service can write below its StateDirectory only", setting), "%s is on a read-only file system", directory)
	case errors.Is(err, fs.ErrPermission):
		return failed(permit, "this user cannot write to %s", directory)
	default:
		return failed(fmt.Sprintf("look at the disk and the mount, or set `%s` to a directory of another file system", setting), "%s cannot be written: %v", directory, plain(err))
	}
	if free, ok := freeBytes(directory); ok && free < minFree {
		return warning("free some space there, or move the directory to another disk", "the disk of %s has %d MiB left", directory, free>>20)
	}
	return nil
}

func firstExisting(directory string) string {
	for {
		parent := filepath.Dir(directory)
		if _, err := os.Stat(directory); err == nil || parent == directory {
			return directory
		}
		directory = parent
	}
}

// probeSize is how much is written to find out whether there is space, in bytes.
const probeSize = 1 << 20

// tryWrite writes a file that has no name any more, where the system allows that:
// nothing stays behind if the process is killed.
func tryWrite(directory string) (err error) {
	file, err := os.CreateTemp(directory, ".oversight-siem-doctor-*")
	if err != nil {
		return err
	}
	unnamed := os.Remove(file.Name()) == nil
	_, err = file.Write(make([]byte, probeSize))
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if !unnamed {
		err = errors.Join(err, os.Remove(file.Name()))
	}
	return err
}
