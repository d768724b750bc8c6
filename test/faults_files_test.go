// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A line that a crash has cut takes no other event with it.
func TestFaultCutLineAfterACrash(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	state := filepath.Join(s.dir, "state")
	require.NoError(t, os.Mkdir(state, 0o755))
	for _, shape := range []string{"splunk", "ecs", "sentinel"} {
		require.NoError(t, os.WriteFile(filepath.Join(state, shape+".ndjson"), []byte(`{"event":{"id":"0","cut`), 0o644))
	}
	collector := s.run(nil, "files.yaml")
	for _, shape := range []string{"splunk", "ecs", "sentinel"} {
		requireArrived(t, ndjson{t, state, shape}, ordinary)
	}
	collector.interrupt()
}

// An output file that somebody renames loses nothing: the exporter writes to the renamed
// file until it is restarted. One that somebody removes stays open, and what is written
// until the restart is lost with it; what comes later is in a new file.
func TestFaultOutputFileIsMoved(t *testing.T) {
	for name, move := range map[string]func(path string) error{
		"renamed": func(path string) error { return os.Rename(path, strings.TrimSuffix(path, ".ndjson")+"-1.ndjson") },
		"removed": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, ordinaryRegistry(t))
			output := ndjson{t, filepath.Join(s.dir, "state"), "splunk"}
			path := filepath.Join(output.dir, "splunk.ndjson")
			collector := s.run(nil, "files.yaml")
			requireArrived(t, output, ordinary)
			require.NoError(t, move(path))
			appendRows(t, s.databases[0], beacon{agent: "until the restart"})
			requireArrived(t, ndjson{t, output.dir, "ecs"}, ordinary+1)
			if name == "renamed" {
				requireArrived(t, output, ordinary+1)
			}
			collector.interrupt()
			assert.NoFileExists(t, path)

			collector = s.run(nil, "files.yaml")
			appendRows(t, s.databases[0], beacon{agent: "after the restart"})
			r := waitForReport(t, output, ordinary+2, func(r report) bool { return slices.Contains(r.whole, ordinary+2) })
			assert.FileExists(t, path)
			if name == "renamed" {
				assert.Empty(t, r.missing)
			}
			assert.Zero(t, r.repeated)
			collector.interrupt()
		})
	}
}

// A checkpoint that is damaged is replaced where the storage can do that. Otherwise
// the error names the file and what to do. Nothing is lost, and there is no panic.
func TestFaultDamagedCheckpoint(t *testing.T) {
	for name, damage := range map[string]func(data []byte) []byte{
		"zeroed":          func(data []byte) []byte { return make([]byte, len(data)) },
		"cut":             func(data []byte) []byte { return data[:len(data)/2] },
		"cut in a page":   func(data []byte) []byte { return data[:5000] },
		"broken pages":    func(data []byte) []byte { return overwrite(data, 2*4096, len(data)) },
		"one broken page": func(data []byte) []byte { return overwrite(data, 3*4096, 4*4096) },
		"broken meta":     func(data []byte) []byte { return overwrite(data, 0, 2*4096) },
		"another file":    func([]byte) []byte { return []byte("not a checkpoint\n") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, ordinaryRegistry(t))
			collector := s.run(nil, "splunk.yaml")
			requireArrived(t, s.hec, ordinary)
			collector.interrupt()
			files, err := filepath.Glob(filepath.Join(s.dir, "state", "checkpoint", "receiver_*"))
			require.NoError(t, err)
			require.Len(t, files, 1)
			data, err := os.ReadFile(files[0])
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(files[0], damage(data), 0o600))
			appendRows(t, s.databases[0], beacon{agent: "after the damage"})

			collector = s.run(nil, "splunk.yaml")
			recovered := false
			eventuallyWithin(t, faultTimeout, func() error {
				select {
				case <-collector.Ended:
					return nil
				default:
				}
				if r := compare(s.hec.arrivals(), ordinary+1); len(r.missing) > 0 {
					return fmt.Errorf("of %d events: %s", ordinary+1, r)
				}
				recovered = true
				return nil
			})
			log := collector.Output.String()
			assert.NotContains(t, log, "panic:")
			assert.NotContains(t, log, "fatal error:")
			if recovered {
				collector.interrupt()
				return
			}
			assert.Contains(t, log, filepath.Base(files[0]), "the error names the file")
			assert.Contains(t, log, "recreate", "the error names the remedy")
		})
	}
}

func overwrite(data []byte, from, to int) []byte {
	data = bytes.Clone(data)
	for i := from; i < min(to, len(data)); i++ {
		data[i] = 0xff
	}
	return data
}

// What strangers write reaches neither a terminal nor a line of a file raw.
func TestFaultTerminalCharacters(t *testing.T) {
	t.Parallel()
	const hostile = "\x1b]0;owned\x07 \x1b[31m \u202egpj.exe\u202c \u2028 \u2029 \u0085 \u009b31m \u200f \u2066x\u2069"
	forbidden := []string{"\x1b", "\x07", "\u202e", "\u202c", "\u2028", "\u2029", "\u0085", "\u009b", "\u200f", "\u2066", "\u2069"}
	s := newFaultSite(t, writeRegistry(t, []beacon{{agent: hostile, kind: "dns", extra: `{"qname":"a\u001b[31m\u202e.t.example.com"}`}, {kind: "\x1b[2J\u202e\nx", agent: hostile}}))
	demo := s.run(nil, "demo.yaml")
	eventually(t, func() error {
		return errorIf(strings.Count(demo.Output.String(), "gpj.exe") < 2, "the console has not shown both events")
	})
	demo.interrupt()
	for _, character := range forbidden {
		assert.NotContains(t, demo.Output.String(), character, "%q on the console", character)
	}

	s = newFaultSite(t, s.databases[0])
	collector := s.run(nil, "files.yaml")
	for _, shape := range []string{"splunk", "ecs", "sentinel"} {
		requireArrived(t, ndjson{t, filepath.Join(s.dir, "state"), shape}, 2)
		text, err := os.ReadFile(filepath.Join(s.dir, "state", shape+".ndjson"))
		require.NoError(t, err)
		for _, character := range forbidden {
			assert.NotContains(t, string(text), character, "%q in %s.ndjson", character, shape)
		}
	}
	collector.interrupt()
}
