// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

// site is the environment of a configuration: every server and file that it names.
type site struct {
	t         testing.TB
	dir       string // for the collector's state
	databases []string
	hec       *hec
	bulk      *bulk
	track     *track
	azure     *azureLogs
	kafka     string // address of the broker
	geoip     string // path of the GeoIP database
}

// newSite returns a site with copies of sample databases. Most configurations read
// the first one.
func newSite(t testing.TB, samples ...string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), hec: newHEC(t), bulk: newBulk(t), track: newTrack(t), azure: newAzureLogs(t)}
	for _, name := range samples {
		database := filepath.Join(t.TempDir(), name)
		copyFile(t, filepath.Join("..", "testdata", name), database)
		log := filepath.Join(filepath.Dir(database), "tlog", "leaves.jsonl")
		require.NoError(t, os.Mkdir(filepath.Dir(log), 0o755))
		copyFile(t, filepath.Join("..", "testdata", "tlog", "leaves.jsonl"), log)
		s.databases = append(s.databases, database)
	}
	s.geoip = writeGeoIP(t)
	return s
}

// startKafka starts a broker with the topics of the configurations.
func (s *site) startKafka() *broker {
	s.t.Helper()
	kafka := newBroker(s.t, kfake.SeedTopics(3, "oversight", "oversight-refused"))
	s.kafka = kafka.address()
	return kafka
}

// registryIDs are the ids of the sample databases in their vectors.
var registryIDs = map[string]string{
	"edge.sqlite":     strings.Repeat("deadbeef", 8),
	"registry.sqlite": "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241",
}

func (s *site) environment() []string {
	s.t.Helper()
	_, metricsPort, err := net.SplitHostPort(freeAddress(s.t))
	require.NoError(s.t, err)
	env := append(os.Environ(),
		"OVERSIGHT_STATE="+filepath.Join(s.dir, "state"),
		"OVERSIGHT_OUTPUT="+filepath.Join(s.dir, "state"),
		"HEALTH_ENDPOINT="+freeAddress(s.t),
		"METRICS_PORT="+metricsPort,
		"OTLP_ENDPOINT="+freeAddress(s.t),
		"SPLUNK_HEC_ENDPOINT="+s.hec.url+"/services/collector",
		"SPLUNK_HEC_TOKEN="+hecToken,
		"ELASTICSEARCH_ENDPOINT="+s.bulk.url,
		"ELASTICSEARCH_API_KEY="+apiKey,
		"OPENSEARCH_ENDPOINT="+s.bulk.url,
		"OPENSEARCH_USER=oversight",
		"OPENSEARCH_PASSWORD=secret",
		"APPLICATIONINSIGHTS_CONNECTION_STRING=InstrumentationKey="+instrumentationKey+";IngestionEndpoint="+s.track.url+"/",
		"AZURE_LOGS_ENDPOINT="+s.azure.url,
		"AZURE_LOGS_RULE_ID="+ruleID,
		"AZURE_TENANT_ID="+tenantID,
		"AZURE_CLIENT_ID="+clientID,
		"AZURE_CLIENT_SECRET="+clientSecret,
		"KAFKA_BROKER="+s.kafka,
		"KAFKA_METRICS_ENDPOINT="+freeAddress(s.t),
		"GEOIP_DATABASE="+s.geoip,
		"OVERSIGHT_ENDPOINT=http://"+freeAddress(s.t),
	)
	if len(s.databases) > 0 { // where the generator writes it
		env = append(env, "OVERSIGHT_TLOG="+filepath.Join(filepath.Dir(s.databases[0]), "tlog", "leaves.jsonl"))
	}
	for i, database := range s.databases {
		suffix := ""
		if i > 0 {
			suffix = fmt.Sprintf("_%d", i+1)
		}
		env = append(env, "OVERSIGHT_DATABASE"+suffix+"="+database, "OVERSIGHT_REGISTRY_ID"+suffix+"="+registryIDs[filepath.Base(database)])
	}
	return env
}

// command returns a command that runs the collector with a configuration from
// config/ and the test's changes to it, which are merged in their order.
func (s *site) command(arguments []string, name string, changes ...string) *exec.Cmd {
	s.t.Helper()
	arguments = append(arguments, "--config", filepath.Join(configDir, name))
	for _, change := range changes {
		file, err := os.CreateTemp(s.dir, "*.yaml")
		require.NoError(s.t, err)
		_, err = file.WriteString(change)
		require.NoError(s.t, err)
		require.NoError(s.t, file.Close())
		arguments = append(arguments, "--config", file.Name())
	}
	cmd := exec.Command(collectorBinary, arguments...)
	cmd.Env = s.environment()
	return cmd
}

func (s *site) start(name string, changes ...string) *process {
	s.t.Helper()
	return startCollector(s.t, s.command(nil, name, changes...))
}

// additions are files in config/ that change another one.
var additions = map[string]string{
	filepath.Join("gateway", "refused-file.yaml"): filepath.Join("gateway", "gateway.yaml"),
	filepath.Join("gateway", "replay.yaml"):       filepath.Join("gateway", "gateway.yaml"),
}

// shipped returns the text of a configuration in config/.
func shipped(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(configDir, name))
	require.NoError(t, err)
	return string(text)
}

// Every configuration in config/ is valid, and runs unchanged.
func TestConfigurations(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*.yaml", filepath.Join("gateway", "*.yaml")} {
		found, err := filepath.Glob(filepath.Join(configDir, pattern))
		require.NoError(t, err)
		files = append(files, found...)
	}
	require.NotEmpty(t, files)
	for _, file := range files {
		name, err := filepath.Rel(configDir, file)
		require.NoError(t, err)
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "edge.sqlite", "registry.sqlite")
			s.startKafka()
			var changes []string
			if base, ok := additions[name]; ok {
				name, changes = base, []string{shipped(t, name)}
			}
			output, err := s.command([]string{"validate"}, name, changes...).CombinedOutput()
			require.NoError(t, err, string(output))

			collector := s.start(name, changes...)
			collector.waitForOutput(collector.ready)
			if !strings.HasSuffix(name, "gateway.yaml") {
				collector.waitForOutput("Reading events")
			}
			collector.interrupt()
		})
	}
}

// The configurations need a feature gate that this build turns on. It stays on when
// a user sets another one, and a user can turn it off.
func TestFeatureGateOfHealthCheck(t *testing.T) {
	s := newSite(t)
	const gate, another = "extension.healthcheck.useComponentStatus", "pdata.useProtoPooling"
	output, err := s.command([]string{"validate", "--feature-gates=+" + another}, "demo.yaml").CombinedOutput()
	require.NoError(t, err, string(output))
	output, err = s.command([]string{"validate", "--feature-gates=-" + gate}, "demo.yaml").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), gate)
}

// The demo writes events to its file and to the console.
func TestDemoWritesFile(t *testing.T) {
	s := newSite(t)
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	registry := generate(t, database, "python", "50/s")
	s.databases = []string{database}
	collector := s.start("demo.yaml")
	eventually(t, func() error {
		data, err := os.ReadFile(filepath.Join(s.dir, "state", "events.jsonl"))
		if err == nil && len(data) == 0 {
			err = errors.New("the file is empty")
		}
		return err
	})
	collector.waitForOutput("beacon-")
	collector.interrupt()
	registry.interrupt()
}

// Events have their verification status, and findings are in a file of their own.
func TestVerifiedWritesFindingsApart(t *testing.T) {
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	output, err := exec.Command(oversightgenBinary, "--db", database, "--seed", "7", "--count", "50", "--tamper", "row-edited", "--tamper-at", "20").CombinedOutput()
	require.NoError(t, err, string(output))
	s := newSite(t)
	s.databases = []string{database}
	collector := s.start("verified.yaml")
	file := func(name string) string { return filepath.Join(s.dir, "state", name) }
	eventually(t, func() error {
		for name, want := range map[string]int{"events.ndjson": 50, "findings.ndjson": 1} {
			text, err := os.ReadFile(file(name))
			if err != nil {
				return err
			}
			if n := strings.Count(string(text), "}\n"); n < want {
				return fmt.Errorf("%s has %d of %d lines", name, n, want)
			}
		}
		return nil
	})
	collector.interrupt()

	statuses := map[any]int{}
	for _, event := range withoutCheckpointRecords(lines(t, file("events.ndjson"))) {
		require.Equal(t, "event", event["event"].(map[string]any)["kind"])
		statuses[event["oversight"].(map[string]any)["tlog_status"]]++
	}
	require.Equal(t, map[any]int{"verified": 49, "mismatch": 1}, statuses)
	findings := lines(t, file("findings.ndjson"))
	require.Len(t, findings, 1)
	finding := findings[0]["oversight"].(map[string]any)
	require.Equal(t, "row_mismatch", finding["integrity_kind"])
	require.Equal(t, "20", finding["event_id"])
}
