// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package elastic

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/elasticrules"
)

// An event in reduced form has neither its document nor its user agent, because the
// destination refused them. That is no unknown token, and no nameless client.
func TestReducedFormsRaiseNothing(t *testing.T) {
	rules, err := elasticrules.Load(root)
	require.NoError(t, err)
	document := func(reduced string) json.RawMessage {
		arrived := now.Add(-10 * time.Minute).Format(time.RFC3339)
		return json.RawMessage(fmt.Sprintf(`{"@timestamp":%q,"event":{"dataset":"oversight.beacon","hash":"1","ingested":%q},`+
			`"oversight":{"registry_id":"demo","beacon_kind":"http_img","token_id":"t"%s},`+
			`"source":{"ip":"203.0.113.7","address":"203.0.113.7"}}`, arrived, arrived, reduced))
	}
	samples := map[string][]json.RawMessage{"whole": {document("")}, "reduced": {document(`,"reduced":["file_id","user_agent"]`)}}
	for i := range rules {
		id := rules[i].Detection.ID
		if id != "unknown_token" && id != "unusual_client" {
			continue
		}
		answer := ask(t, []query{asQuery(t, &rules[i], samples)})[id]
		assert.Equal(t, map[string]int{"whole": 1, "reduced": 0}, alertsOf(t, &rules[i], answer, samples), id)
	}
}
