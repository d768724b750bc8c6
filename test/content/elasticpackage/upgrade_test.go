// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

var riskScore = regexp.MustCompile(`,"risk_score":[0-9]+`)

// Who followed the former documentation has a template of the name that ours has, and
// findings and checkpoint records in the data stream of events. The script's templates
// take its place, what is stored stays and is found, and no field has two types: ES|QL
// would refuse it.
func TestUpgradeFromOneDataStream(t *testing.T) {
	const stream = "logs-oversight.beacon-default"
	n := node(t)
	n.Call(t, http.MethodDelete, "/_data_stream/logs-oversight.*", "", nil)
	n.PutTemplate(t, "logs-oversight.beacon", formerTemplate(t))
	findings, checkpoints := distinct(t, records(t, "integrity")), distinct(t, records(t, "checkpoint-records"))
	events := export(t, filepath.Join(root, "testdata", "registry.sqlite"))
	former := slices.Concat(findings, checkpoints, events[:2])
	for i := range former { // the former collector wrote no score
		former[i] = riskScore.ReplaceAll(former[i], nil)
	}
	create(t, n, stream, former)

	putAssets(t, n)
	// The collector is newer, and its data streams have not been rolled over yet.
	create(t, n, "logs-oversight.integrity-default", findings[:1])
	create(t, n, stream, events[2:3])
	assert.Zero(t, n.Count(t, stream, `{"exists":{"field":"event.ingested"}}`))
	assert.Equal(t, 1, n.Count(t, "logs-oversight.integrity-default", `{"exists":{"field":"event.ingested"}}`))

	n.Call(t, http.MethodPost, "/"+stream+"/_rollover", "", nil)
	create(t, n, stream, events[3:4])
	assert.Equal(t, 1, n.Count(t, stream, `{"exists":{"field":"event.ingested"}}`))

	assert.Equal(t, len(findings)+1, n.Count(t, "logs-oversight.*", `{"term":{"event.dataset":"oversight.integrity"}}`))
	assert.Equal(t, len(checkpoints), n.Count(t, "logs-oversight.*", `{"term":{"event.dataset":"oversight.checkpoint"}}`))
	assert.Equal(t, 4, n.Count(t, "logs-oversight.*", `{"term":{"event.dataset":"oversight.beacon"}}`))
	want := map[string]int{"oversight.integrity": len(findings) + 1, "oversight.checkpoint": len(checkpoints), "oversight.beacon": 4}
	for dataset, filter := range panelFilters(t) {
		assert.Equal(t, want[dataset], n.Count(t, "logs-oversight.*", filter), "dashboards: %s", dataset)
		delete(want, dataset)
	}
	assert.Empty(t, want)
	var answer struct{ Fields map[string]map[string]object }
	n.Call(t, http.MethodGet, "/logs-oversight.*/_field_caps?fields=*", "", &answer)
	require.Contains(t, answer.Fields, "oversight.tlog_status")
	for name, types := range answer.Fields {
		assert.Len(t, types, 1, name)
	}
}

// panelFilters are the filters of the dashboards' panels, by the data set that they want.
func panelFilters(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(content, "assets", "dashboards.ndjson"))
	require.NoError(t, err)
	filters := map[string]string{}
	for line := range bytes.Lines(text) {
		var saved struct {
			Attributes struct {
				PanelsJSON string `json:"panelsJSON"`
			}
		}
		require.NoError(t, json.Unmarshal(line, &saved))
		if saved.Attributes.PanelsJSON == "" { // the data view
			continue
		}
		var panels []struct {
			EmbeddableConfig struct {
				Attributes struct {
					State struct {
						Filters []struct {
							Meta  struct{ Params struct{ Query string } }
							Query json.RawMessage
						}
					}
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(saved.Attributes.PanelsJSON), &panels))
		for _, panel := range panels {
			require.Len(t, panel.EmbeddableConfig.Attributes.State.Filters, 1)
			filter := panel.EmbeddableConfig.Attributes.State.Filters[0]
			filters[filter.Meta.Params.Query] = string(filter.Query)
		}
	}
	return filters
}

// formerTemplate is the index template of the former documentation, without its policy.
func formerTemplate(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "template-of-former-docs.json"))
	require.NoError(t, err)
	var template object
	require.NoError(t, json.Unmarshal(text, &template))
	delete(template["template"].(object)["settings"].(object), "index.lifecycle.name")
	text, err = json.Marshal(template)
	require.NoError(t, err)
	return forOpenSearch(t, text)
}

// create creates documents in a data stream with their uids as _id, as the exporter does.
func create(t *testing.T, n *opensearch.Node, stream string, documents [][]byte) {
	t.Helper()
	var lines bytes.Buffer
	for _, document := range documents {
		fmt.Fprintf(&lines, `{"create":{"_index":%q,"_id":%q}}`+"\n%s\n", stream, uid(t, document), document)
	}
	answer := n.Bulk(t, lines.String())
	require.Contains(t, string(answer.Body), `"errors":false`, "%.2000s", answer.Body)
}
