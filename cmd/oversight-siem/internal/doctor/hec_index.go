// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// testMark is in every test event, and what to search for.
const testMark = "oversight-siem doctor test"

// checkHECIndex sends a test event, if that is wanted: HEC looks at the index of events
// only.
func (e *exporter) checkHECIndex(ctx context.Context) []finding {
	if !e.settings.SendTest {
		return notChecked("pass --send-test to send one marked event", "HEC says whether a token may write to an index only when an event arrives")
	}
	h, found := e.hec()
	if found != nil {
		return found
	}
	defer h.http.CloseIdleConnections()
	indexes := e.hecIndexes()
	for _, index := range indexes {
		event := map[string]any{"event": testMark, "sourcetype": "oversight:doctor", "time": time.Now().Unix()}
		if index != "" {
			event["index"] = index
		}
		body, err := json.Marshal(event)
		if err != nil {
			return notChecked("", "%v", err)
		}
		a, own, problem := h.ask(ctx, http.MethodPost, h.events, string(body))
		switch {
		case problem != nil:
			found = append(found, problem...)
		case *own.Code == hecSuccess:
			found = append(found, passed("%s accepted a test event; search for: index=%s \"%s\"", a.url, orAny(index), testMark)...)
		default:
			found = append(found, e.classifyHEC(&a, own)...)
		}
	}
	return found
}

func orAny(index string) string {
	if index == "" {
		return "*"
	}
	return index
}

// hecIndexes are the indexes that processors of the configuration name, and that of the
// exporter; empty for the token's own.
func (e *exporter) hecIndexes() []string {
	var own struct {
		Index string `mapstructure:"index"`
	}
	_ = e.config.read("exporters", e.id, &own) // read before
	indexes := []string{own.Index}
	for _, id := range e.config.section("processors") {
		var siem struct {
			Splunk struct {
				Index string `mapstructure:"index"`
			} `mapstructure:"splunk"`
		}
		if id.Type().String() == "oversight_siem" && e.config.read("processors", id, &siem) == nil && e.sharesPipeline(id) {
			indexes = append(indexes, siem.Splunk.Index)
		}
	}
	slices.Sort(indexes)
	indexes = slices.Compact(indexes)
	if indexes[0] == "" && len(indexes) > 1 {
		return indexes[1:]
	}
	return indexes
}
