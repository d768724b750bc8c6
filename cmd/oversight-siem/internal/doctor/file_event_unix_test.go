// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package doctor_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// The directory belongs to the service: the test line, which root may write, goes to no
// file that a link or a pipe there stands for.
func TestFileEventFollowsNothing(t *testing.T) {
	for name, put := range map[string]func(target, path string) error{
		"link": os.Symlink,
		"pipe": func(_, path string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t)
			s.settings.SendTest = true
			target, path := filepath.Join(s.dir, "target"), filepath.Join(s.dir, "events.doctor-test.ndjson")
			require.NoError(t, os.WriteFile(target, []byte("untouched"), 0o600))
			require.NoError(t, put(target, path))
			event := results(s.run(t), "file.event")
			require.Len(t, event, 1)
			assert.Equal(t, doctor.StatusOK, event[0].Status, "%v", event)
			assert.Equal(t, "untouched", string(read(t, target)))
			assert.Contains(t, string(read(t, path)), testMark)
		})
	}
}
