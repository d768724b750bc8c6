// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

// safe is a configuration without anything to warn of, in the effective form: with
// defaults, and empty where something is disabled. Tests change one thing in it.
const safe = `
receivers:
  oversight: {database: registry.sqlite, storage: file_storage}
  filelog: {}
exporters:
  splunk_hec: &checked
    sending_queue: {}
    retry_on_failure: {enabled: false, max_elapsed_time: 5m0s}
    middlewares: [{id: responsecheck}]
  elasticsearch:
    sending_queue: {}
    retry: {enabled: false}
    middlewares: [{id: responsecheck/elastic}]
  otlp_grpc: *checked
  kafka: {producer: {required_acks: -1}, retry_on_failure: {enabled: false}}
  file: {path: events.json, rotation: {max_megabytes: 100}}
connectors:
  routing: {}
  forward: {}
  failover: {}
service:
  pipelines:
    logs: {receivers: [oversight], processors: [oversight_siem], exporters: [splunk_hec]}
    metrics: {receivers: [other], processors: [batch], exporters: [debug, splunk_hec]}
`

func TestConfigurationWarnings(t *testing.T) {
	for _, test := range []struct {
		name string
		// change is merged into the safe configuration.
		change string
		// want are the parts and the beginnings of the problems.
		want [][2]string
	}{
		{name: "safe"},
		{name: "each exporter alone", change: `
receivers: {oversight/2: {storage: file_storage}, oversight/3: {storage: file_storage}, oversight/4: {storage: file_storage}, oversight/5: {storage: file_storage}}
service: {pipelines: {logs/2: {receivers: [oversight/2], exporters: [elasticsearch]}, logs/3: {receivers: [oversight/3], exporters: [otlp_grpc]},
  logs/4: {receivers: [oversight/4], exporters: [kafka]}, logs/5: {receivers: [oversight/5], exporters: [file]}}}`},
		{name: "others' pipelines are theirs", change: `
exporters: {otlp_http: {sending_queue: {queue_size: 1000}}}
service: {pipelines: {logs/files: {receivers: [filelog], processors: [batch], exporters: [otlp_http, splunk_hec]}}}`},
		{name: "a gateway", change: `
connectors: {dead_letter: {}}
service: {pipelines: {logs/in: {receivers: [kafka], exporters: [dead_letter]}, logs/2: {receivers: [dead_letter], exporters: [elasticsearch]}, logs/refused: {receivers: [dead_letter], exporters: [kafka]}}}`},
		{
			name: "a gateway that batches and retries", change: `
connectors: {dead_letter: {}}
exporters: {elasticsearch: {retry: {enabled: true}}, file: {rotation: null}}
service: {pipelines: {logs/in: {receivers: [kafka], processors: [batch], exporters: [dead_letter]}, logs/2: {receivers: [dead_letter], exporters: [elasticsearch]}, logs/refused: {receivers: [dead_letter], exporters: [file]}}}`,
			want: [][2]string{{"exporter elasticsearch", "the exporter retries by itself"}, {"processor batch", "it reports success before"}, {"exporter file", "it writes one file without a limit"}},
		},
		{name: "no storage", change: `receivers: {oversight: {storage: null}}`, want: [][2]string{{"receiver oversight", "the position is not stored"}}},
		{
			name: "several exporters", change: `service: {pipelines: {logs: {exporters: [splunk_hec, kafka]}}}`,
			want: [][2]string{{"pipeline logs", "it has several exporters"}},
		},
		{
			name: "several pipelines", change: `service: {pipelines: {logs/2: {receivers: [oversight], exporters: [kafka]}}}`,
			want: [][2]string{{"receiver oversight", "it feeds several pipelines"}},
		},
		{
			name: "batch", change: `service: {pipelines: {logs: {processors: [oversight_siem, batch/1]}}}`,
			want: [][2]string{{"processor batch/1", "it reports success before"}},
		},
		{
			name: "asynchronous queue", change: `exporters: {splunk_hec: {sending_queue: {queue_size: 1000, wait_for_result: false}}}`,
			want: [][2]string{{"exporter splunk_hec", "the queue reports success before"}},
		},
		{
			name: "persistent queue", change: `exporters: {splunk_hec: {sending_queue: {queue_size: 1000, storage: file_storage}}}`,
			want: [][2]string{{"exporter splunk_hec", "the persistent queue reports success before"}},
		},
		{name: "queue that waits", change: `exporters: {splunk_hec: {sending_queue: {wait_for_result: true}}}`},
		{
			name: "queue that merges", change: `exporters: {splunk_hec: {sending_queue: {wait_for_result: true, batch: {min_size: 8192}}}}`,
			want: [][2]string{{"exporter splunk_hec", "the queue merges requests"}},
		},
		{
			name: "queue that splits", change: `exporters: {splunk_hec: {sending_queue: {wait_for_result: true, batch: {min_size: 0, max_size: 100, sizer: {}}}}}`,
			want: [][2]string{{"exporter splunk_hec", "the queue splits requests"}},
		},
		{
			name: "queue that splits large requests", change: `exporters: {splunk_hec: {sending_queue: {wait_for_result: true, batch: {max_size: 999999, sizer: {}}}}}`,
			want: [][2]string{{"exporter splunk_hec", "the queue splits requests"}},
		},
		{name: "queue with a limit above any request", change: `exporters: {splunk_hec: {sending_queue: {wait_for_result: true, batch: {min_size: 0, max_size: 5000000, sizer: {}}}}}`},
		{name: "queue that waits, with batches of one request", change: `exporters: {splunk_hec: {sending_queue: {wait_for_result: true, batch: {min_size: 0, max_size: 0, sizer: {}}}}}`},
		{
			name: "endless retry", change: `exporters: {splunk_hec: {retry_on_failure: {enabled: true, max_elapsed_time: 0s}}}`,
			want: [][2]string{{"exporter splunk_hec", "the exporter retries without end"}},
		},
		{
			name: "retry", change: `exporters: {splunk_hec: {retry_on_failure: {enabled: true}}}`,
			want: [][2]string{{"exporter splunk_hec", "the exporter retries by itself for 5m0s"}},
		},
		{
			name: "not checked", change: `exporters: {splunk_hec: {middlewares: null}}`,
			want: [][2]string{{"exporter splunk_hec", "answers are not checked"}},
		},
		{
			name: "another middleware", change: `exporters: {splunk_hec: {middlewares: [{id: other}]}}`,
			want: [][2]string{{"exporter splunk_hec", "answers are not checked"}},
		},
		{
			name: "elasticsearch not checked", change: `
exporters: {elasticsearch: {middlewares: null}}
service: {pipelines: {logs: {exporters: [elasticsearch]}}}`,
			want: [][2]string{{"exporter elasticsearch", "documents that Elasticsearch refuses are dropped"}},
		},
		{
			name: "elasticsearch retries", change: `
exporters: {elasticsearch: {retry: {enabled: true}}}
service: {pipelines: {logs: {exporters: [elasticsearch]}}}`,
			want: [][2]string{{"exporter elasticsearch", "the exporter retries by itself"}},
		},
		{
			name: "azuremonitor", change: `
exporters: {azuremonitor: {sending_queue: {queue_size: 1000}, middlewares: [{id: responsecheck}]}}
service: {pipelines: {logs: {exporters: [azuremonitor]}}}`,
			want: [][2]string{{"exporter azuremonitor", "it reports success before it sends"}},
		},
		{
			name: "file without rotation", change: `
exporters: {file: {rotation: null}}
service: {pipelines: {logs: {exporters: [file]}}}`,
			want: [][2]string{{"exporter file", "it writes one file without a limit"}},
		},
		{
			name: "kafka without acknowledgments", change: `
exporters: {kafka: {producer: {required_acks: 0}}}
service: {pipelines: {logs: {exporters: [kafka]}}}`,
			want: [][2]string{{"exporter kafka", "`producer::required_acks` is 0"}},
		},
		{
			name: "loadbalancing", change: `
exporters: {loadbalancing: {protocol: {otlp: {sending_queue: {queue_size: 1000}, retry_on_failure: {enabled: false}}}}}
service: {pipelines: {logs: {exporters: [loadbalancing]}}}`,
			want: [][2]string{{"exporter loadbalancing", "answers are not checked"}, {"exporter loadbalancing", "the queue reports success before"}},
		},
		{
			name: "failover", change: `
service: {pipelines: {logs: {exporters: [failover]}, logs/a: {receivers: [failover], exporters: [splunk_hec]}, logs/b: {receivers: [failover], processors: [batch], exporters: [kafka]}}}`,
			want: [][2]string{{"connector failover", "it loses events"}, {"processor batch", "it reports success before"}},
		},
		{name: "routing", change: `
service: {pipelines: {logs: {exporters: [routing]}, logs/a: {receivers: [routing], exporters: [splunk_hec]}, logs/b: {receivers: [routing], exporters: [kafka]}}}`},
		{
			name: "forward to two", change: `
service: {pipelines: {logs: {exporters: [forward]}, logs/a: {receivers: [forward], exporters: [splunk_hec]}, logs/b: {receivers: [forward], exporters: [kafka]}}}`,
			want: [][2]string{{"connector forward", "it feeds several pipelines"}},
		},
		{name: "a circle", change: `
service: {pipelines: {logs: {exporters: [forward]}, logs/a: {receivers: [forward], exporters: [forward]}}}`},
		{
			name: "one warning for a shared exporter", change: `
receivers: {oversight/2: {storage: file_storage}}
exporters: {splunk_hec: {middlewares: null}}
service: {pipelines: {logs/2: {receivers: [oversight/2], exporters: [splunk_hec]}}}`,
			want: [][2]string{{"exporter splunk_hec", "answers are not checked"}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			conf := load(t, safe)
			require.NoError(t, conf.Merge(load(t, test.change)))
			require.NoError(t, f.extension.(configWatcher).NotifyConfig(t.Context(), conf))
			lines := f.logs.FilterMessage("The configuration can lose or repeat events").All()
			var got [][2]string
			for i, line := range lines {
				fields := line.ContextMap()
				assert.NotEmpty(t, fields["remedy"])
				problem := fields["problem"].(string)
				if i < len(test.want) {
					problem = problem[:min(len(problem), len(test.want[i][1]))]
				}
				got = append(got, [2]string{fields["part"].(string), problem})
			}
			assert.Equal(t, test.want, got)
			assert.EqualValues(t, len(test.want), f.counter(t, "responsecheck_configuration_warnings", nil))
		})
	}
}

func load(t *testing.T, text string) *confmap.Conf {
	t.Helper()
	var values map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &values))
	return confmap.NewFromStringMap(values)
}

// configWatcher is extensioncapabilities.ConfigWatcher.
type configWatcher interface {
	NotifyConfig(ctx context.Context, conf *confmap.Conf) error
}

// What is not of the form of a configuration is no reason to fail.
func TestConfigurationOfOtherForms(t *testing.T) {
	f := newFixture(t, nil)
	for _, text := range []string{"", "service: [1]", "receivers: {oversight: 7}\nservice: {pipelines: {logs: {receivers: [oversight], exporters: 3}}}"} {
		assert.NoError(t, f.extension.(configWatcher).NotifyConfig(t.Context(), load(t, text)))
	}
}
