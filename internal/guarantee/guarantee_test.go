// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package guarantee_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/oversight-protocol/oversight-otelcol/internal/guarantee"
)

// A warning says whether events can be lost, or are only repeated or held up. The texts of
// all warnings are tested where the collector writes them, in the extension responsecheck.
func TestWarningsSayWhatIsLost(t *testing.T) {
	for name, test := range map[string]struct {
		conf string
		want map[string]bool // the parts, and whether events are lost
	}{
		"nothing": {`{receivers: {oversight: {storage: s}}, exporters: {kafka: {}}, service: {pipelines: {logs: {receivers: [oversight], exporters: [kafka]}}}}`, map[string]bool{}},
		"all": {`{receivers: {oversight: {}}, exporters: {kafka: {sending_queue: {enabled: true}}, kafka/2: {retry_on_failure: {enabled: true}}},
  service: {pipelines: {logs: {receivers: [oversight], processors: [batch], exporters: [kafka, kafka/2]}}}}`, map[string]bool{
			"receiver oversight": true, "processor batch": true, "exporter kafka": true, "exporter kafka/2": false, "pipeline logs": false,
		}},
	} {
		var conf map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(test.conf), &conf), name)
		got := map[string]bool{}
		for _, w := range guarantee.Check(conf) {
			assert.Equal(t, "logs", w.Pipeline)
			assert.NotEmpty(t, w.Problem)
			assert.NotEmpty(t, w.Remedy)
			got[w.Part] = w.Loses
		}
		assert.Equal(t, test.want, got, name)
	}
}
