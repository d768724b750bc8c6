// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// checkOpenSearchEvent sends a test document to the index of the exporter opensearch.
// This project's own configuration for OpenSearch uses the exporter elasticsearch.
func (e *exporter) checkOpenSearchEvent(ctx context.Context) []finding {
	var settings struct {
		HTTP      clientSettings `mapstructure:"http"`
		Dataset   string         `mapstructure:"dataset"`
		Namespace string         `mapstructure:"namespace"`
		LogsIndex string         `mapstructure:"logs_index"`
	}
	if found := e.read(&settings); found != nil {
		return found
	}
	client, found := newHTTPClient(&settings.HTTP, e.key()+"::http")
	if found != nil {
		return found
	}
	defer client.http.CloseIdleConnections()
	base, err := url.Parse(settings.HTTP.Endpoint)
	if err != nil || base.Host == "" {
		return failed("set it to a URL such as https://opensearch.example.org:9200", "`%s::http::endpoint` is not a URL", e.key())
	}
	// Source: opensearchexporter v0.152.0, the default index in README.md.
	index := cmp.Or(settings.LogsIndex, "ss4o_logs-"+cmp.Or(settings.Dataset, "default")+"-"+cmp.Or(settings.Namespace, "namespace"))
	if strings.ContainsAny(index, "%{") {
		return notChecked("look for the events of the collector", "the index %s depends on the event", index)
	}
	body, err := json.Marshal(map[string]string{"@timestamp": testTime(), "observedTimestamp": testTime(), "body": testMark})
	if err != nil {
		return notChecked("", "%v", err)
	}
	u := base.JoinPath(index, "_doc")
	u.RawQuery = "op_type=create"
	a, found := client.request(ctx, http.MethodPost, u, string(body), http.Header{"Content-Type": {"application/json"}})
	if found == nil {
		found = client.notWhatWeWant(&a, "OpenSearch")
	}
	switch {
	case found != nil:
		return found
	case a.status == http.StatusCreated:
		return passed("%s accepted a test event; search in %s for: \"%s\"", a.url, index, testMark)
	default:
		return failed(fmt.Sprintf("compare the user of `%s::http` with the privileges for %s", e.key(), index), "%s refuses a test event (%d): %s", a.url, a.status, elasticReason(a.body))
	}
}
