// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkpointConfig is a receiver whose storage is at stake.
const checkpointConfig = `
receivers:
  oversight/x:
    database: %q
    registry_id: deadbeef
    poll_interval: 20ms
    batch_size: 10
    storage: file_storage
exporters:
  otlp_http:
    endpoint: %s
    sending_queue: {enabled: false}
    retry_on_failure: {enabled: false}
extensions:
  file_storage: {directory: %q, create_directory: true, fsync: true, recreate: %t}
service:
  extensions: [file_storage]
  pipelines:
    logs: {receivers: [oversight/x], exporters: [otlp_http]}
  telemetry:
    metrics: {level: none}
`

// checkpointSetup has the checkpoint of a receiver that has delivered everything.
type checkpointSetup struct {
	t        *testing.T
	database string
	gateway  *gateway
	content  []byte // of the checkpoint's file
}

const checkpointEvents = 300

func newCheckpointSetup(t *testing.T) *checkpointSetup {
	t.Helper()
	s := &checkpointSetup{t: t, database: filepath.Join(sharedDir(t), "registry.sqlite"), gateway: newGateway(t)}
	output, err := exec.Command(oversightgenBinary, "--db", s.database, "--count", fmt.Sprint(checkpointEvents)).CombinedOutput()
	require.NoError(t, err, "%s", output)
	dir := t.TempDir()
	collector := s.start(dir, false)
	s.waitForAll()
	collector.interrupt()
	s.content, err = os.ReadFile(s.file(dir))
	require.NoError(t, err)
	return s
}

func (*checkpointSetup) file(dir string) string { return filepath.Join(dir, "receiver_oversight_x") }

func (s *checkpointSetup) start(dir string, recreate bool) *process {
	config := filepath.Join(s.t.TempDir(), "config.yaml")
	text := fmt.Sprintf(checkpointConfig, s.database, s.gateway.url, dir, recreate)
	require.NoError(s.t, os.WriteFile(config, []byte(text), 0o600))
	return startCollector(s.t, exec.Command(collectorBinary, "--config", config))
}

func (s *checkpointSetup) waitForAll() {
	eventually(s.t, func() error {
		if different, _ := s.gateway.arrived(); different != checkpointEvents {
			return fmt.Errorf("%d of %d events have arrived", different, checkpointEvents)
		}
		return nil
	})
}

// pageSize is that of bbolt where the system's is 4 KiB.
const pageSize = 4096

// pagesInUse is from where on all pages are free: a file may have as many again. It is
// the field pgid of the newer meta page
// (https://github.com/etcd-io/bbolt/blob/v1.4.3/internal/common/meta.go).
func (s *checkpointSetup) pagesInUse() int {
	const pgid = 16 + 40 // behind the page's header and the fields before
	first := binary.LittleEndian.Uint64(s.content[pgid:])
	second := binary.LittleEndian.Uint64(s.content[pageSize+pgid:])
	pages := int(max(first, second))
	require.Greater(s.t, pages, 4)
	require.LessOrEqual(s.t, pages*pageSize, len(s.content))
	return pages
}

// damages are what can happen to a file. Some leave the file as good as it was, since
// the page is free.
func (s *checkpointSetup) damages() map[string][]byte {
	all := map[string][]byte{
		"zeroed":      make([]byte, len(s.content)),
		"cut to 100":  s.content[:100],
		"cut to page": s.content[:pageSize],
		"cut to half": s.content[:s.pagesInUse()/2*pageSize],
	}
	random := rand.NewChaCha8([32]byte{})
	pages := len(s.content) / pageSize
	for page := 2; page < pages; page += 1 + pages/10 {
		broken := append([]byte{}, s.content...)
		_, _ = random.Read(broken[page*pageSize+16 : (page+1)*pageSize]) // behind the header
		all[fmt.Sprintf("page %d", page)] = broken
	}
	return all
}

// A damaged file of the storage ends the collector with an error that names the file
// and what to do, and never with a stack trace.
func TestDamagedCheckpointFile(t *testing.T) {
	s := newCheckpointSetup(t)
	refused := 0
	for name, content := range s.damages() {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(s.file(dir), content, 0o600))
		collector := s.start(dir, false)
		collector.waitForStart()
		select {
		case <-collector.Ended:
			refused++
			require.Error(t, collector.Err, name)
			output := collector.Output.String()
			assert.Contains(t, output, s.file(dir)+": it is damaged", name)
			assert.Contains(t, output, "move that file away and start again", name)
			assert.NotContains(t, output, "goroutine ", name)
		default:
			collector.interrupt()
		}
	}
	assert.GreaterOrEqual(t, refused, 4)
}

// waitForStart waits until a collector has started or ended.
func (p *process) waitForStart() {
	p.T.Helper()
	eventually(p.T, func() error {
		select {
		case <-p.Ended:
			return nil
		default:
		}
		if !strings.Contains(p.Output.String(), p.ready) {
			return fmt.Errorf("did not print %q", p.ready)
		}
		return nil
	})
}

// With `recreate: true` the receiver begins anew, and the damaged file is kept.
func TestDamagedCheckpointFileIsRecreated(t *testing.T) {
	s := newCheckpointSetup(t)
	for name, content := range s.damages() {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(s.file(dir), content, 0o600))
		s.gateway = newGateway(t)
		collector := s.start(dir, true)
		collector.waitForOutput("Reading events")
		backups, err := filepath.Glob(s.file(dir) + ".*.backup")
		require.NoError(t, err)
		if len(backups) > 0 {
			s.waitForAll()
		}
		collector.interrupt()
		assert.NotContains(t, collector.Output.String(), "goroutine ", name)
		if name == "zeroed" || name == "cut to half" {
			assert.Len(t, backups, 1, name)
		}
	}
}
