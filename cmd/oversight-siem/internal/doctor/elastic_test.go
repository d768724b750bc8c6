// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// Each node is asked: the exporter sends to all of them in turn.
func TestElasticsearchNodes(t *testing.T) {
	s := newSetup(t)
	down := newServer(t, always(http.StatusOK, "application/json", "{}"))
	down.http.Close()
	s.moreConfig = []string{"yaml:exporters::elasticsearch::endpoints: [" + s.elastic.url + ", " + down.url + "]"}
	found := results(s.run(t), "elasticsearch.key")
	require.Len(t, found, 2)
	assert.Equal(t, doctor.StatusOK, found[0].Status, found)
	assert.Equal(t, doctor.StatusFailed, found[1].Status, found)
	assert.Contains(t, found[1].Seen, down.url)
}

// The address may be an id of Elastic Cloud, or in the exporter's own variable.
func TestElasticsearchAddresses(t *testing.T) {
	id := "name:" + base64.StdEncoding.EncodeToString([]byte("cloud.example.invalid:9243$node$kibana"))
	s := newSetup(t)
	s.moreConfig = []string{"yaml:exporters::elasticsearch::endpoints: []", "yaml:exporters::elasticsearch::cloudid: " + id}
	(&fault{name: "cloud", check: "elasticsearch.key", seen: "https://node.cloud.example.invalid:9243/", remedy: "elasticsearch::cloudid"}).assertNamed(t, s.run(t))

	s = newSetup(t)
	t.Setenv("ELASTICSEARCH_URL", s.elastic.url)
	s.moreConfig = []string{"yaml:exporters::elasticsearch::endpoints: []"}
	found := results(s.run(t), "elasticsearch.key")
	require.Len(t, found, 1)
	assert.Equal(t, doctor.StatusOK, found[0].Status, found)
}
