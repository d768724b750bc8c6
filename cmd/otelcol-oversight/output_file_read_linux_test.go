// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// What docs/files-and-kafka.md tells those who read the files: only the group can read
// them beside the owner, the exporter renames a file that is full, and a reader with its
// default limits gets each line whole, if events are as long as they can be.
func TestFilesCanBeRead(t *testing.T) {
	for _, format := range []string{"splunk", "ecs", "sentinel", "otel"} {
		t.Run(format, func(t *testing.T) {
			dir := t.TempDir()
			push := newFileExporter(t, filepath.Join(dir, "out.ndjson"), format)
			longest := hostile(strings.Repeat("\x01", translator.MaxEventBytes))
			longest.Kind = "dns"
			longest.Truncate(translator.DefaultMaxValueBytes)
			const lines = 40       // several files of 1 MB
			for i := range lines { // readers recognize a file by its first 1000 bytes, which have the id
				longest.ID = int64(i + 1)
				require.NoError(t, push([]translator.Event{longest}))
			}
			files, err := filepath.Glob(filepath.Join(dir, "out*.ndjson"))
			require.NoError(t, err)
			assert.Greater(t, len(files), 1, "files that were renamed")
			for _, file := range files {
				info, err := os.Stat(file)
				require.NoError(t, err)
				assert.Equal(t, os.FileMode(0o640), info.Mode().Perm(), file)
			}
			for _, line := range readFiles(t, filepath.Join(dir, "out*.ndjson"), lines) {
				require.True(t, json.Valid([]byte(line)), "%.100s", line)
			}
		})
	}
}

// readFiles reads the lines of files with the receiver filelog and its defaults, until
// that many have come. Empty lines are not counted.
func readFiles(t *testing.T, pattern string, want int) (lines []string) {
	t.Helper()
	factory := filelogreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"include": []any{pattern}, "start_at": "beginning"}).Unmarshal(config))
	sink := &consumertest.LogsSink{}
	r, err := factory.CreateLogs(t.Context(), receiver.Settings{
		ID: component.NewID(factory.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings(),
	}, config, sink)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, r.Shutdown(context.Background())) }()
	require.Eventually(t, func() bool { return len(bodies(sink.AllLogs())) >= want }, 30*time.Second, 20*time.Millisecond)
	lines = bodies(sink.AllLogs())
	require.Len(t, lines, want)
	return lines
}

func bodies(all []plog.Logs) (texts []string) {
	for _, logs := range all {
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					if text := record.Body().Str(); text != "" {
						texts = append(texts, text)
					}
				}
			}
		}
	}
	return texts
}
