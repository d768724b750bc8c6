// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/oversight-protocol/oversight-otelcol/internal/storagefile"
)

// fileStorage is like the extension file_storage: it has its configuration where
// that has it, and its clients fail as bbolt does.
type fileStorage struct {
	*memory
	cfg    *fileStorageConfig
	open   func() error
	client func() error // before a call of a client
}

type fileStorageConfig struct {
	Directory string
	Recreate  bool
}

func (f *fileStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	if f.open != nil {
		if err := f.open(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *fileStorage) Get(ctx context.Context, key string) ([]byte, error) {
	if f.client != nil {
		if err := f.client(); err != nil {
			return nil, err
		}
	}
	return f.memory.Get(ctx, key)
}

func (f *fileStorage) Batch(ctx context.Context, operations ...*storage.Operation) error {
	if f.client != nil {
		if err := f.client(); err != nil {
			return err
		}
	}
	return f.memory.Batch(ctx, operations...)
}

const brokenPage = "assertion failed: Page expected to be: 40, but self identifies as 0"

// newFileStorageSetup has a receiver oversight/x with a file_storage.
func newFileStorageSetup(t *testing.T) (*setup, *fileStorage) {
	s := newSetup(t, newDatabase(t, insert("t", 4)))
	id := component.NewID(storagefile.Type)
	s.settings.ID = component.NewIDWithName(s.settings.ID.Type(), "x")
	s.config.StorageID = &id
	extension := &fileStorage{memory: s.memory, cfg: &fileStorageConfig{Directory: "/var/lib/otelcol"}}
	s.host.extensions[id] = extension
	return s, extension
}

// A storage that cannot be opened ends the start with the file and what to do.
func TestStorageThatDoesNotOpen(t *testing.T) {
	const file = `"file_storage", with the file /var/lib/otelcol/receiver_oversight_x: `
	const remedy = "move that file away and start again"
	for name, c := range map[string]struct {
		open func() error
		want []string
	}{
		"panic":   {func() error { panic(brokenPage) }, []string{file + "it is damaged (" + brokenPage, remedy, "recreate"}},
		"invalid": {func() error { return errors.New("invalid database") }, []string{file + "it is damaged (invalid database", remedy}},
		"cut":     {func() error { return errors.New("file size too small 4096") }, []string{file + "it is damaged (file size too small", remedy}},
		"locked":  {func() error { return errors.New("timeout") }, []string{file + "another process uses it (timeout)", "a second collector"}},
		"other":   {func() error { return syscall.EACCES }, []string{file + "permission denied"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, extension := newFileStorageSetup(t)
			extension.open = c.open
			r, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config, s.sink)
			require.NoError(t, err)
			err = r.Start(t.Context(), s.host)
			for _, part := range c.want {
				require.ErrorContains(t, err, part)
			}
			require.NoError(t, r.Shutdown(t.Context()))
		})
	}
}

// A page that turns out to be broken when the checkpoint is read needs a person: the
// receiver does not start over.
func TestStorageThatPanicsLater(t *testing.T) {
	s, extension := newFileStorageSetup(t)
	extension.client = func() error { panic(brokenPage) }
	s.start(t)
	s.host.waitFor(t, componentstatus.StatusPermanentError, "/var/lib/otelcol/receiver_oversight_x: it is damaged ("+brokenPage)
	assert.Empty(t, s.sink.tokens())
}

// Delivery goes on when the checkpoint cannot be saved because of a broken page.
func TestStorageThatPanicsWhenSaving(t *testing.T) {
	s, extension := newFileStorageSetup(t)
	var broken atomic.Bool
	extension.client = func() error {
		if broken.Load() {
			panic(brokenPage)
		}
		return nil
	}
	s.sink.answer = func(int, []string) error {
		broken.Store(true)
		return nil
	}
	s.start(t)
	s.sink.waitFor(t, tokenRange("t", 1, 4))
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "it is damaged")
}

// After a panic the client may hold its locks: nobody waits for it.
func TestDamagedStorageIsNotUsed(t *testing.T) {
	calls, hang := 0, make(chan struct{})
	guarded := &guardedStorage{
		client: &hangingClient{hang: hang, get: func() { calls++; panic(brokenPage) }},
		file:   storageFile{storage: component.NewID(storagefile.Type)},
		health: newHealth(newHost(), newSetup(t, "").settings.Logger),
	}
	for range 2 {
		_, err := guarded.Get(t.Context(), "checkpoint")
		require.ErrorContains(t, err, "it is damaged")
		require.ErrorContains(t, guarded.Batch(t.Context()), "it is damaged")
	}
	assert.Equal(t, 1, calls)
	require.ErrorContains(t, guarded.Close(t.Context()), "does not close")
	close(hang)
}

type hangingClient struct {
	storage.Client
	hang chan struct{}
	get  func()
}

func (c *hangingClient) Get(context.Context, string) ([]byte, error) {
	c.get()
	return nil, nil
}

func (c *hangingClient) Close(context.Context) error {
	<-c.hang
	return nil
}

// Other extensions, and a file_storage that looks different inside, have no path.
func TestStorageFiles(t *testing.T) {
	receiverID := component.MustNewIDWithName("oversight", "splunk")
	fileID := component.MustNewIDWithName("file_storage", "a")
	assert.Equal(t, `"file_storage/a", with the file /d/receiver_oversight_splunk`,
		findStorageFile(&fileStorage{cfg: &fileStorageConfig{Directory: "/d"}}, fileID, receiverID).String()[len("`storage` is "):])
	for name, extension := range map[string]storage.Extension{"none": newMemory(), "nil": &fileStorage{}} {
		assert.Equal(t, "receiver_oversight_splunk", findStorageFile(extension, fileID, receiverID).path, name)
	}
	assert.Equal(t, "`storage` is \"memory\"", findStorageFile(newMemory(), storageID, receiverID).String())
}

// A damaged file is found before bbolt opens it, and with `recreate` makes room for
// a new one.
func TestDamagedFileIsFoundBeforeItIsOpened(t *testing.T) {
	for name, recreate := range map[string]bool{"kept": false, "recreated": true} {
		t.Run(name, func(t *testing.T) {
			s, extension := newFileStorageSetup(t)
			dir := t.TempDir()
			*extension.cfg = fileStorageConfig{Directory: dir, Recreate: recreate}
			path := filepath.Join(dir, "receiver_oversight_x")
			require.NoError(t, os.WriteFile(path, make([]byte, 1<<16), 0o600))
			if recreate {
				s.restart(t, tokenRange("t", 1, 4))
				assert.NoFileExists(t, path)
				backups, err := filepath.Glob(path + ".*.backup")
				require.NoError(t, err)
				assert.Len(t, backups, 1)
				assert.Equal(t, 1, s.logs.FilterMessageSnippet("is damaged").Len())
				return
			}
			opened := false
			extension.open = func() error { opened = true; return nil }
			r, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config, s.sink)
			require.NoError(t, err)
			require.ErrorContains(t, r.Start(t.Context(), s.host), path+": it is damaged")
			require.NoError(t, r.Shutdown(t.Context()))
			assert.False(t, opened)
			assert.FileExists(t, path)
		})
	}
}
