// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/oversight-protocol/oversight-otelcol/extension/encoding/oversightsiemencodingextension"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// limitFileSize makes writes beyond a size fail half-way, as on a full disk. It
// returns a function that ends the limit.
func limitFileSize(t *testing.T, size int64) (end func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // or the process would end
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(size), Max: before.Max}))
	return func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)) }
}

// A line that the file exporter could write only in part takes no other event with it,
// in any format: when the events come again, when a single other one comes after the
// retries, and when a collector continues the file of one that was killed.
func TestCutLinesInFiles(t *testing.T) {
	for _, format := range []string{"splunk", "ecs", "sentinel", "otel"} {
		t.Run(format, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.ndjson")
			push := newFileExporter(t, path, format)
			events := withIDs(ordinary(8))
			require.NoError(t, push(events[:2]))

			info, err := os.Stat(path)
			require.NoError(t, err)
			end := limitFileSize(t, info.Size()+100)
			err = push(events[2:4])
			again := push(events[2:3])
			end()
			require.ErrorIs(t, err, syscall.EFBIG)
			require.ErrorIs(t, again, syscall.EFBIG)
			require.NoError(t, push(events[3:4])) // another one, as the receiver tries them while it holds
			require.NoError(t, push(events[2:3]))

			require.NoError(t, os.Truncate(path, sizeOf(t, path)-40)) // killed while it wrote the last one
			require.NoError(t, newFileExporter(t, path, format)(events[2:8]))
			require.Equal(t, []bool{true, true, true, true, true, true, true, true}, found(t, path, events))
		})
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Size()
}

// withIDs gives each event a token of its own, by which it is found in any format.
func withIDs(events []translator.Event) []translator.Event {
	for i := range events {
		events[i].UID = fmt.Sprintf("%032x", i)
		events[i].TokenID = fmt.Sprintf("token-%d-", i)
	}
	return events
}

// found reports which events stand in lines of valid JSON.
func found(t *testing.T, path string, events []translator.Event) []bool {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	all := make([]bool, len(events))
	for line := range bytes.Lines(text) {
		if json.Valid(line) {
			for i := range events {
				all[i] = all[i] || bytes.Contains(line, []byte(events[i].TokenID))
			}
		}
	}
	return all
}

// host has extensions.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// newFileExporter returns a function that writes events as config/files.yaml does.
func newFileExporter(t *testing.T, path, format string) func([]translator.Event) error {
	t.Helper()
	factory := oversightsiemencodingextension.NewFactory()
	config := factory.CreateDefaultConfig().(*oversightsiemencodingextension.Config)
	config.Shape.Format = format
	encoding, err := factory.Create(t.Context(), extensionSettings(factory.Type()), config)
	require.NoError(t, err)
	push := startExporter(t, fileexporter.NewFactory(), map[string]any{
		"path": path, "encoding": "oversight_siem_encoding", "rotation": map[string]any{"max_megabytes": 1},
	}, host{component.NewID(factory.Type()): encoding})
	return func(events []translator.Event) error { return push(t.Context(), records(events)) }
}

var _ component.Host = host(nil)
