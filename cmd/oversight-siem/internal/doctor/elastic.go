// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// elastic is Elasticsearch as an exporter is configured for it.
type elastic struct {
	*httpClient
	base       *url.URL
	authorized http.Header
}

// elastic is the first of the exporter's nodes.
func (e *exporter) elastic() (*elastic, []finding) {
	nodes, found := e.elasticNodes()
	if found != nil {
		return nil, found
	}
	return nodes[0], nil
}

// elasticNodes are the nodes that the exporter sends to in turn.
func (e *exporter) elasticNodes() (nodes []*elastic, found []finding) {
	var own elasticSettings
	client, _, found := e.client()
	if found != nil {
		return nil, found
	}
	if found := e.read(&own); found != nil {
		return nil, found
	}
	var endpoints []string
	client.setting, endpoints = own.addresses()
	header := http.Header{"Content-Type": {"application/json"}}
	if own.APIKey != "" {
		header.Set("Authorization", "ApiKey "+own.APIKey)
	} else if own.User != "" {
		request := http.Request{Header: header}
		request.SetBasicAuth(own.User, own.Password)
	}
	for _, endpoint := range endpoints {
		base, err := url.Parse(endpoint)
		if err != nil || base.Host == "" {
			return nil, failed("set it to the URL of Elasticsearch, such as https://elastic.example.org:9200", "`%s` has no URL", client.endpoint())
		}
		nodes = append(nodes, &elastic{client, base, header})
	}
	return nodes, nil
}

// ask sends a request and decodes the answer, if it is a success.
func (s *elastic) ask(ctx context.Context, method, path, query, body string, into any) (a answer, found []finding) {
	u := s.base.JoinPath(path)
	u.RawQuery = query
	a, found = s.request(ctx, method, u, body, s.authorized)
	if found == nil && a.header.Get("kbn-name") != "" {
		found = failed(fmt.Sprintf("set `%s::endpoints` to the URL of Elasticsearch, at port 9200 by default", s.key), "%s is Kibana, not Elasticsearch", a.url)
	}
	if found == nil {
		found = s.notWhatWeWant(&a, "Elasticsearch")
	}
	if found == nil && a.status == http.StatusOK && json.Unmarshal(a.body, into) != nil {
		found = failed(fmt.Sprintf("set `%s::endpoints` to the URL of Elasticsearch", s.key), "%s: the answer is not Elasticsearch's", a.url)
	}
	return a, found
}

// checkElasticKey asks each node of Elasticsearch who the key belongs to.
func (e *exporter) checkElasticKey(ctx context.Context) []finding {
	nodes, found := e.elasticNodes()
	for _, node := range nodes {
		found = append(found, node.checkKey(ctx)...)
	}
	return found
}

func (s *elastic) checkKey(ctx context.Context) []finding {
	defer s.http.CloseIdleConnections()
	var who struct {
		Username string `json:"username"`
		APIKey   struct {
			Name string `json:"name"`
		} `json:"api_key"`
	}
	a, found := s.ask(ctx, http.MethodGet, "/_security/_authenticate", "", "", &who)
	switch {
	case found != nil:
		return found
	case a.status == http.StatusUnauthorized:
		return failed(fmt.Sprintf("set `%s::api_key` to a key in the format Encoded, that is neither expired nor invalidated; or `user` and `password`, if it has these", s.key), "%s does not accept the key", a.url)
	case a.status != http.StatusOK:
		return notChecked("if that is OpenSearch, look at the collector's log after the start; otherwise set `"+s.endpoint()+"` to the URL of Elasticsearch", "%s answers %d: only Elasticsearch says whose key it is", a.url, a.status)
	}
	name := who.Username
	if who.APIKey.Name != "" {
		name = "API key " + who.APIKey.Name
	}
	return append(passed("%s accepts the key: %s", a.url, name), compareClock(&a)...)
}

// datasets are those of the processor's documents.
var datasets = []string{"oversight.beacon", "oversight.integrity", "oversight.checkpoint"}

// dataStreams are where the documents go.
func (e *exporter) dataStreams() (streams []string) {
	namespace, all := "default", datasets
	for _, id := range e.config.section("processors") {
		var siem struct {
			ECS struct {
				DataStream struct {
					Namespace string `mapstructure:"namespace"`
					Dataset   string `mapstructure:"dataset"`
				} `mapstructure:"data_stream"`
			} `mapstructure:"ecs"`
		}
		if id.Type().String() != "oversight_siem" || !e.sharesPipeline(id) || e.config.read("processors", id, &siem) != nil {
			continue
		}
		if siem.ECS.DataStream.Namespace != "" {
			namespace = siem.ECS.DataStream.Namespace
		}
		if siem.ECS.DataStream.Dataset != "" {
			all = []string{siem.ECS.DataStream.Dataset}
		}
	}
	for _, dataset := range all {
		streams = append(streams, "logs-"+dataset+"-"+namespace)
	}
	return streams
}

// elasticPrivileges are what the collector needs.
var elasticPrivileges = []string{"create_doc", "auto_configure"}

// checkElasticPrivileges asks what the key may do.
func (e *exporter) checkElasticPrivileges(ctx context.Context) []finding {
	s, found := e.elastic()
	if found != nil {
		return found
	}
	defer s.http.CloseIdleConnections()
	streams := e.dataStreams()
	body, err := json.Marshal(map[string]any{"index": []any{map[string]any{"names": streams, "privileges": elasticPrivileges}}})
	if err != nil {
		return notChecked("", "%v", err)
	}
	var has struct {
		Index map[string]map[string]bool `json:"index"`
	}
	a, found := s.ask(ctx, http.MethodPost, "/_security/user/_has_privileges", "", string(body), &has)
	switch {
	case found != nil:
		return found
	case a.status != http.StatusOK:
		return notChecked("see elasticsearch.key", "%s answers %d", a.url, a.status)
	}
	for _, stream := range streams {
		for _, privilege := range elasticPrivileges {
			if !has.Index[stream][privilege] {
				found = append(found, failed("create the key with the role of content/elastic/assets/collector_api_key.json", "the key lacks the privilege %s for %s", privilege, stream)...)
			}
		}
	}
	if found == nil {
		return passed("the key has the privileges %s for %s", strings.Join(elasticPrivileges, ", "), strings.Join(streams, ", "))
	}
	return found
}

// checkElasticTemplate asks which template a new data stream would get.
func (e *exporter) checkElasticTemplate(ctx context.Context) (all []finding) {
	s, found := e.elastic()
	if found != nil {
		return found
	}
	defer s.http.CloseIdleConnections()
	for _, stream := range e.dataStreams() {
		all = append(all, s.checkTemplate(ctx, stream)...)
	}
	return all
}

func (s *elastic) checkTemplate(ctx context.Context, stream string) []finding {
	var simulated struct {
		Template struct {
			Mappings struct {
				Properties map[string]any `json:"properties"`
			} `json:"mappings"`
		} `json:"template"`
	}
	a, found := s.ask(ctx, http.MethodPost, "/_index_template/_simulate_index/"+stream, "", "", &simulated)
	switch {
	case found != nil:
		return found
	case a.status == http.StatusForbidden:
		return notChecked("run POST _index_template/_simulate_index/"+stream+" in Dev Tools: the mappings must have the field `oversight`", "the key may not read templates, and does not need to")
	case a.status != http.StatusOK:
		return notChecked("see elasticsearch.key", "%s answers %d", a.url, a.status)
	}
	if _, ok := simulated.Template.Mappings.Properties["oversight"]; !ok {
		return failed("install the templates: docs/elastic.md, step 2. Without them fields get wrong types", "no template of this project applies to %s", stream)
	}
	return passed("a template of this project applies to %s", stream)
}

// checkElasticBlock asks whether data streams that exist are blocked for writes.
func (e *exporter) checkElasticBlock(ctx context.Context) (all []finding) {
	s, found := e.elastic()
	if found != nil {
		return found
	}
	defer s.http.CloseIdleConnections()
	for _, stream := range e.dataStreams() {
		all = append(all, s.checkBlock(ctx, stream)...)
	}
	return all
}

// elasticBlocks are the settings that keep documents out.
var elasticBlocks = []string{"index.blocks.read_only", "index.blocks.read_only_allow_delete", "index.blocks.write"}

func (s *elastic) checkBlock(ctx context.Context, stream string) (found []finding) {
	var indexes map[string]struct {
		Settings map[string]any `json:"settings"`
	}
	a, found := s.ask(ctx, http.MethodGet, "/"+stream+"/_settings/index.blocks.*", "flat_settings=true", "", &indexes)
	switch {
	case found != nil:
		return found
	case a.status == http.StatusNotFound:
		return passed("%s does not exist yet: the first document creates it", stream)
	case a.status == http.StatusForbidden:
		return notChecked("run GET "+stream+"/_settings/index.blocks.* in Dev Tools: no block may be true", "the key may not read settings, and does not need to")
	case a.status != http.StatusOK:
		return notChecked("see elasticsearch.key", "%s answers %d", a.url, a.status)
	}
	newest := newestIndex(slices.Collect(maps.Keys(indexes)))
	for _, block := range elasticBlocks {
		if fmt.Sprint(indexes[newest].Settings[block]) == "true" {
			found = append(found, failed(fmt.Sprintf("free disk space on the nodes, if the flood-stage watermark was reached; then PUT %s/_settings {%q: null}", stream, block), "%s is read-only: %s has %s", stream, newest, block)...)
		}
	}
	if found == nil {
		return passed("%s is not blocked for writes", stream)
	}
	return found
}

// backingPrefix is what the names of a data stream's own indexes begin with. Those that
// lifecycle management has made of them have others, such as partial- and shrink-, and
// are not written to.
const backingPrefix = ".ds-"

// newestIndex is the one that documents go to: names end with a date and a number.
func newestIndex(indexes []string) (newest string) {
	for _, index := range indexes {
		own, best := strings.HasPrefix(index, backingPrefix), strings.HasPrefix(newest, backingPrefix)
		if newest == "" || own && !best || own == best && index > newest {
			newest = index
		}
	}
	return newest
}
