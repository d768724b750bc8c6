// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package opensearch

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// callTimeout is how long a request may take on a busy machine.
const callTimeout = time.Minute

// Answer is an answer of the node.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request with a body of application/json, or of the content type given
// instead, and returns the answer, whatever its status.
func (n *Node) Do(t testing.TB, method, path, body string, contentType ...string) Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), callTimeout) // also in cleanups
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, n.URL()+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if len(contentType) > 0 {
		request.Header.Set("Content-Type", contentType[0])
	}
	// No connection outlives the call: the node may be ended next.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return Answer{Status: response.StatusCode, Header: response.Header, Body: data}
}

// Call sends a request that has to succeed, and decodes the answer's JSON into
// result, which may be nil.
func (n *Node) Call(t testing.TB, method, path, body string, result any) {
	t.Helper()
	answer := n.Do(t, method, path, body)
	require.Less(t, answer.Status, 300, "%s %s: %s", method, path, answer.Body)
	if result != nil {
		require.NoError(t, json.Unmarshal(answer.Body, result), "%s %s", method, path)
	}
}

// PutTemplate makes or replaces an index template.
func (n *Node) PutTemplate(t testing.TB, name, template string) {
	t.Helper()
	n.Call(t, http.MethodPut, "/_index_template/"+url.PathEscape(name), template, nil)
}

// PutSettings changes settings of the cluster, given as a JSON object. A value of
// null brings the default back.
func (n *Node) PutSettings(t testing.TB, settings string) {
	t.Helper()
	n.Call(t, http.MethodPut, "/_cluster/settings", `{"persistent":`+settings+`}`, nil)
}

// Bulk sends lines to the bulk interface and returns the answer, whatever its
// status.
func (n *Node) Bulk(t testing.TB, lines string) Answer {
	t.Helper()
	return n.Do(t, http.MethodPost, "/_bulk", lines, "application/x-ndjson")
}

// Refresh makes everything that was accepted visible to searches.
func (n *Node) Refresh(t testing.TB, index string) {
	t.Helper()
	n.Call(t, http.MethodPost, "/"+index+"/_refresh", "", nil)
}

// Count refreshes an index, or those of a pattern, and returns how many documents
// match a query in JSON; empty: all. An index that does not exist has none.
func (n *Node) Count(t testing.TB, index, query string) int {
	t.Helper()
	body := ""
	if query != "" {
		body = `{"query":` + query + `}`
	}
	n.Call(t, http.MethodPost, "/"+index+"/_refresh?ignore_unavailable=true", "", nil)
	var result struct{ Count int }
	n.Call(t, http.MethodPost, "/"+index+"/_count?ignore_unavailable=true", body, &result)
	return result.Count
}

// Hit is a document that was found.
type Hit struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

// SearchResult is what a search returns, as far as tests look at it.
type SearchResult struct {
	Hits struct {
		Total struct{ Value int }
		Hits  []Hit
	}
	Aggregations map[string]json.RawMessage
}

// Search refreshes an index and runs a search, given as its JSON body.
func (n *Node) Search(t testing.TB, index, body string) SearchResult {
	t.Helper()
	n.Refresh(t, index)
	var result SearchResult
	n.Call(t, http.MethodPost, "/"+index+"/_search", body, &result)
	return result
}

// All returns every document of an index, or of those of a pattern, in no order.
func (n *Node) All(t testing.TB, index string) []Hit {
	t.Helper()
	n.Refresh(t, index)
	var page struct {
		SearchResult
		ScrollID string `json:"_scroll_id"`
	}
	n.Call(t, http.MethodPost, "/"+index+"/_search?scroll=1m", `{"size":5000,"sort":["_doc"]}`, &page)
	var all []Hit
	for len(page.Hits.Hits) > 0 {
		all = append(all, page.Hits.Hits...)
		page.Hits.Hits = nil
		n.Call(t, http.MethodPost, "/_search/scroll", `{"scroll":"1m","scroll_id":"`+page.ScrollID+`"}`, &page)
	}
	n.Call(t, http.MethodDelete, "/_search/scroll", `{"scroll_id":"`+page.ScrollID+`"}`, nil)
	return all
}
