// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// Elastic Agent sends everything that is in the files to one data stream, and writes that
// data stream's name into event.dataset of each document. The package's rules route a
// document all the same to the data stream that it is of.
func TestAgentsDocumentsAreRouted(t *testing.T) {
	n := node(t)
	var docs []object
	var want []string
	for _, document := range slices.Concat(sampleEvents(t), records(t, "integrity"), records(t, "checkpoint-records"),
		export(t, filepath.Join(root, "testdata", "registry.sqlite"))) {
		want = append(want, datasetOf(t, document))
		docs = append(docs, object{"_source": asAgentSends(t, document)})
	}
	body, err := json.Marshal(object{"pipeline": object{"processors": routing(t)}, "docs": docs})
	require.NoError(t, err)
	var answer struct {
		Docs []struct {
			Doc struct {
				Source object `json:"_source"`
			}
		}
	}
	n.Call(t, http.MethodPost, "/_ingest/pipeline/_simulate", string(body), &answer)
	require.Len(t, answer.Docs, len(want))
	counts := map[string]int{}
	for i, doc := range answer.Docs {
		assert.Equal(t, want[i], at(doc.Doc.Source, "target"), "%v", docs[i])
		counts[want[i]]++
	}
	assert.Len(t, counts, len(datasets))
}

// asAgentSends returns a document with what the Agent's add_fields processors set in each.
func asAgentSends(t *testing.T, document []byte) object {
	t.Helper()
	var fields object
	require.NoError(t, json.Unmarshal(document, &fields))
	fields["event"].(object)["dataset"] = "oversight.beacon"
	fields["data_stream"] = object{"type": "logs", "dataset": "oversight.beacon", "namespace": "default"}
	return fields
}

// routing returns processors that write a document's data stream into the field target.
// OpenSearch has no processor reroute, of which at most one runs for a document.
func routing(t *testing.T) []object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(content, "package", "oversight", "data_stream", "beacon", "routing_rules.yml"))
	require.NoError(t, err)
	var sources []struct {
		Source string `yaml:"source_dataset"`
		Rules  []struct {
			Target string `yaml:"target_dataset"`
			If     string `yaml:"if"`
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &sources))
	require.Len(t, sources, 1)
	require.Equal(t, "oversight.beacon", sources[0].Source)
	processors := []object{}
	for _, rule := range sources[0].Rules {
		processors = append(processors, object{"set": object{"field": "target", "value": rule.Target, "override": false, "if": rule.If}})
	}
	return append(processors, object{"set": object{"field": "target", "value": sources[0].Source, "override": false}})
}
