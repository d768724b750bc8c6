// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/send"
)

// registryOrder returns the ids of testdata/registry.sqlite in the order of export.
func registryOrder(t *testing.T) []string {
	t.Helper()
	all := ids(t, vector(t, "registry", "sentinel"))
	require.Len(t, all, registryEvents)
	return all
}

// toHEC returns the arguments that send to a server like Splunk's.
func toHEC(t *testing.T, s *siemServer, more ...string) []string {
	t.Helper()
	return exporting("registry", "splunk", append([]string{
		"--output", s.URL + "/services/collector/event", "--splunk-token-file", writeFile(t, hecToken+"\n"), "--retry-interval", "1ms",
	}, more...)...)
}

func toElastic(s *siemServer, more ...string) []string {
	return exporting("registry", "ecs", append([]string{"--output", s.URL + "/logs-oversight.beacon-default/_bulk", "--retry-interval", "1ms"}, more...)...)
}

func toDataCollector(t *testing.T, s *siemServer, more ...string) []string {
	t.Helper()
	return exporting("registry", "sentinel", append([]string{
		"--output", s.URL + "/api/logs?api-version=2016-04-01", "--sentinel-workspace-id", workspace,
		"--sentinel-shared-key-file", writeFile(t, sharedKey), "--retry-interval", "1ms",
	}, more...)...)
}

func TestSplunk(t *testing.T) {
	for name, more := range map[string][]string{
		"plain":         nil,
		"compressed":    {"--gzip"},
		"extended":      {"--extended"},
		"small batches": {"--batch-size", "7"},
		"few bytes":     {"--batch-bytes", "5000"},
		"single events": {"--batch-bytes", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, hec)
			assertOK(t, run(t, toHEC(t, s, more...)...), registryEvents, "splunk")
			requests, got := s.seen()
			assert.Equal(t, registryOrder(t), got)
			switch name {
			case "compressed":
				assert.Equal(t, "gzip", requests[0].header.Get("Content-Encoding"))
			case "small batches":
				assert.Len(t, requests, 86)
			case "few bytes":
				assertBounded(t, requests, registryEvents, 5000)
				assert.Greater(t, len(requests[0].body), 4000)
			case "single events":
				assert.Len(t, requests, registryEvents)
			default:
				assert.Len(t, requests, 1)
			}
		})
	}
}

func TestSplunkTokenFromTheEnvironment(t *testing.T) {
	s := newServer(t, hec)
	c := command(t.Context(), exporting("registry", "splunk", "--output", s.URL+"/services/collector/event")...)
	c.Env = append(c.Env, cli.SplunkTokenVariable+"="+hecToken)
	assertOK(t, runCommand(t, c), registryEvents, "splunk")
}

func TestElasticBulk(t *testing.T) {
	for _, more := range [][]string{nil, {"--gzip", "--batch-size", "100"}, {"--batch-bytes", "9000"}} {
		s := newServer(t, elastic(nil))
		assertOK(t, run(t, toElastic(s, more...)...), registryEvents, "ecs")
		requests, got := s.seen()
		assert.Equal(t, registryOrder(t), got)
		if len(more) == 2 {
			assertBounded(t, requests, registryEvents, 9000)
		}

		// The second time, every event exists already, which counts as accepted.
		assertOK(t, run(t, toElastic(s, more...)...), registryEvents, "ecs")
		_, got = s.seen()
		assert.Len(t, got, registryEvents)
	}
}

// Only items with a temporary error are sent again.
func TestElasticItemsAreRetried(t *testing.T) {
	order := registryOrder(t)
	faults := map[string][]int{order[3]: {429, 429}, order[5]: {503}, order[599]: {500, 502, 503}}
	s := newServer(t, elastic(faults))
	r := run(t, toElastic(s)...)
	assert.Zero(t, r.code)
	assert.Contains(t, r.stderr, "[ok] exported 600 event(s) as ecs\n")
	assert.Contains(t, r.stderr, "attempt 1 of 8: event "+order[3]+": status 429, es_rejected_execution_exception: \"rejected execution")
	requests, got := s.seen()
	assert.ElementsMatch(t, order, got)
	counts := []int{}
	for _, request := range requests {
		counts = append(counts, request.events)
	}
	assert.Equal(t, []int{597, 1, 1, 1}, counts)
	assert.Equal(t, 6, strings.Count(string(requests[1].body), "\n"), "three actions and documents")
}

// A document that is refused for what it is, is named and skipped.
func TestElasticItemIsRefused(t *testing.T) {
	s := newServer(t, elastic(map[string][]int{"7": {400}, "9": {429}}))
	r := run(t, toElastic(s)...)
	assert.Equal(t, 1, r.code)
	assert.Regexp(t, `refused and skipped: event 7 \(uid [0-9a-f]{32}\): status 400, es_rejected_execution_exception: "rejected`, r.stderr)
	assert.True(t, strings.HasSuffix(r.stderr, "oversight-siem: 599 event(s) were exported; 1 were refused by the destination and skipped: export them again with --ids 7\n"), r.stderr)
	requests, got := s.seen()
	assert.Len(t, requests, 2)
	assert.Len(t, got, 599)

	// When the destination has relented, the advice delivers it.
	r = run(t, toElastic(s, "--ids", "7")...)
	assertOK(t, r, 1, "ecs")
	_, got = s.seen()
	assert.ElementsMatch(t, registryOrder(t), got)
}

// What is not about one document ends the export.
func TestElasticItemFails(t *testing.T) {
	for _, status := range []int{401, 403, 404, 0} {
		s := newServer(t, elastic(map[string][]int{"7": {status}, "9": {429}, "11": {400}}))
		r := run(t, toElastic(s)...)
		assert.Equal(t, 1, r.code)
		assert.Regexp(t, fmt.Sprintf(`event 7 \(uid [0-9a-f]{32}\): status %d, es_rejected_execution_exception: "rejected`, status), r.stderr)
		assert.Contains(t, r.stderr, "\n597 event(s) were exported; resume with --after-id 6\n")
		requests, _ := s.seen()
		assert.Len(t, requests, 1)
	}
}

// A data stream does not accept an event without a time, which does not keep the
// others back: at the front, in the middle, and alone in its request.
func TestElasticEventWithoutTime(t *testing.T) {
	for _, size := range []string{"1", "2", "4", "1000"} {
		s := newServer(t, elastic(nil))
		r := run(t, exporting("edge", "ecs", "--output", s.URL+"/logs-x/_bulk", "--batch-size", size)...)
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.stderr, "refused and skipped: event 12 ")
		assert.Contains(t, r.stderr, "[@timestamp] is missing")
		assert.Contains(t, r.stderr, "oversight-siem: 14 event(s) were exported; 1 were refused by the destination and skipped: export them again with --ids 12\n")
		_, got := s.seen()
		assert.Len(t, got, 14)
	}
}

// OpenSearch says only in the cause what is wrong. The answer is a real node's.
func TestOpenSearchNamesTheCause(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "opensearch", "no_timestamp_all_fields.json"))
	require.NoError(t, err)
	var recorded struct{ Answer string }
	require.NoError(t, json.Unmarshal(text, &recorded))
	s := newServer(t, elastic(nil), status(http.StatusOK, recorded.Answer))
	r := run(t, toElastic(s, "--batch-size", "1")...)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, `status 400, mapper_parsing_exception: "failed to parse: documents must contain a single-valued timestamp field '@timestamp' of date type"`)
}

// An index that refuses everything ends the export soon, and says so.
func TestElasticRefusesEverything(t *testing.T) {
	for size, refused := range map[string]int{"1": 101, "30": 120, "1000": 600} {
		faults := map[string][]int{}
		for i := range registryEvents {
			faults[fmt.Sprint(i+1)] = []int{400}
		}
		s := newServer(t, elastic(faults))
		r := run(t, toElastic(s, "--batch-size", size)...)
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.stderr, fmt.Sprintf("; %d events were refused and none accepted since, so the destination is to blame\n0 event(s) were exported; ", refused))
		assert.Contains(t, r.stderr, "resume with --after-id ")
		assert.Less(t, len(r.stderr), 8000)
		requests, _ := s.seen()
		assert.Less(t, len(requests), 102)
	}
}

// What went to a failure store was not exported.
func TestElasticFailureStore(t *testing.T) {
	s := newServer(t, elastic(nil), func(w http.ResponseWriter, _ *http.Request) {
		items := []string{}
		for i := range registryEvents {
			item := `{"create":{"status":201}}`
			if i == 1 {
				item = `{"create":{"status":201,"failure_store":"used"}}`
			}
			items = append(items, item)
		}
		fmt.Fprintf(w, `{"errors":false,"items":[%s]}`, strings.Join(items, ","))
	})
	r := run(t, toElastic(s)...)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "the document went to the failure store")
	assert.Contains(t, r.stderr, "599 event(s) were exported; 1 were refused")
}

// A status of success is not enough.
func TestSuccessesThatAreNone(t *testing.T) {
	page := "\n<!DOCTYPE html><html>Log in</html>"
	for _, body := range []string{page, `{"error":{"code":"Busy","message":"no"}}`, `{"Error":"InvalidAuthorization"}`} {
		for _, format := range []string{"ecs", "sentinel"} {
			s := newServer(t, array, status(200, body))
			r := run(t, exporting("registry", format, "--output", s.URL+"/in", "--max-tries", "1")...)
			assert.Equal(t, 1, r.code)
			assert.Contains(t, r.stderr, "\n0 event(s) were exported; resume with --after-id 0\n")
			assert.Contains(t, r.stderr, "oversight-siem: POST "+s.URL+"/in with 600 event(s) from id 1 failed: the response ")
		}
	}
	for _, body := range []string{"", page, "{}", "null", `{"text":"Success"}`, `{"text":"Server is busy","code":9}`} {
		s := newServer(t, hec, status(200, body))
		r := run(t, toHEC(t, s)...)
		assert.Equal(t, 1, r.code, body)
		assert.Contains(t, r.stderr, "\n0 event(s) were exported; resume with --after-id 0\n")
	}
	for _, body := range []string{"", page, "{}", `{"errors":false,"items":[]}`, `{"took":1,"errors":false}`} {
		s := newServer(t, elastic(nil), status(200, body))
		r := run(t, toElastic(s)...)
		assert.Equal(t, 1, r.code, body)
		assert.Contains(t, r.stderr, "\n0 event(s) were exported; resume with --after-id 0\n")
	}
	for _, code := range []int{200, 202} {
		s := newServer(t, array, status(code, ""))
		r := run(t, exporting("registry", "sentinel", "--output", s.URL+"/dataCollectionRules/dcr-1/streams/Custom-X?api-version=2023-01-01")...)
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.stderr, "confirms with 204")
	}
	s := newServer(t, array, status(204, ""))
	r := run(t, exporting("registry", "sentinel", "--output", s.URL+"/dataCollectionRules/dcr-1/streams/Custom-X?api-version=2023-01-01")...)
	assertOK(t, r, registryEvents, "sentinel")
}

func TestArrays(t *testing.T) {
	for _, format := range []string{"ecs", "sentinel"} {
		s := newServer(t, array)
		r := run(t, exporting("registry", format, "--output", s.URL+"/in", "--batch-size", "250", "--batch-bytes", "100000", "--gzip")...)
		assertOK(t, r, registryEvents, format)
		requests, got := s.seen()
		assert.Equal(t, registryOrder(t), got)
		assertBounded(t, requests, 250, 100000)
		assert.Equal(t, "application/json", requests[0].header.Get("Content-Type"))
	}
}

func TestDataCollector(t *testing.T) {
	s := newServer(t, dataCollector)
	assertOK(t, withoutNotice(t, run(t, toDataCollector(t, s, "--batch-size", "100", "--sentinel-log-type", "Beacons")...)), registryEvents, "sentinel")
	requests, got := s.seen()
	assert.Equal(t, registryOrder(t), got)
	assert.Len(t, requests, 6)
	assert.Equal(t, "Beacons", requests[0].header.Get("Log-Type"))

	assertOK(t, withoutNotice(t, run(t, toDataCollector(t, s)...)), registryEvents, "sentinel")
	requests, _ = s.seen()
	assert.Equal(t, "Oversight", requests[6].header.Get("Log-Type"))

	c := command(t.Context(), exporting("registry", "sentinel", "--output", s.URL+"/api/logs?api-version=2016-04-01", "--sentinel-workspace-id", workspace)...)
	c.Env = append(c.Env, cli.SharedKeyVariable+"="+sharedKey)
	assertOK(t, withoutNotice(t, runCommand(t, c)), registryEvents, "sentinel")
}

// Without --output, the workspace determines the URL. A proxy that refuses shows
// it without a connection to another machine.
func TestDataCollectorAddress(t *testing.T) {
	var asked string
	proxy := newServer(t, array, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.Host
		w.WriteHeader(http.StatusForbidden)
	})
	c := command(t.Context(), exporting("registry", "sentinel", "--sentinel-workspace-id", workspace, "--sentinel-shared-key-file", writeFile(t, sharedKey), "--max-tries", "1")...)
	c.Env = append(c.Env, "HTTPS_PROXY="+proxy.URL)
	r := runCommand(t, c)
	assert.Equal(t, 1, r.code)
	assert.Equal(t, "CONNECT "+workspace+".ods.opinsights.azure.com:443", asked)
	assert.Contains(t, r.stderr, "POST https://"+workspace+".ods.opinsights.azure.com/api/logs with 600 event(s)")
}

func TestHeaders(t *testing.T) {
	s := newServer(t, array)
	c := command(t.Context(), exporting("registry", "ecs", "--output", s.URL+"/in",
		"--header", "Authorization: ApiKey ${env:SIEM_KEY}", "--header", "X-Scope: a ${file:"+writeFile(t, "b\n")+"} c", "--header", "Content-Type: application/vnd.events+json", "--header", "Host: siem.example.org")...)
	c.Env = append(c.Env, "SIEM_KEY=c2VjcmV0")
	assertOK(t, runCommand(t, c), registryEvents, "ecs")
	requests, _ := s.seen()
	assert.Equal(t, "ApiKey c2VjcmV0", requests[0].header.Get("Authorization"))
	assert.Equal(t, "a b c", requests[0].header.Get("X-Scope"))
	assert.Equal(t, "application/vnd.events+json", requests[0].header.Get("Content-Type"))
	assert.Equal(t, "siem.example.org", requests[0].host)
}

// Each fault affects the second of three requests, and a retry succeeds.
func TestTemporaryFaults(t *testing.T) {
	date := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", time.Now().Add(2*time.Second).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	for name, c := range map[string]struct {
		faults []http.HandlerFunc
		wait   time.Duration // at least, after the first fault
		notice string
	}{
		"429 with seconds":       {[]http.HandlerFunc{status(429, "", "Retry-After", "1")}, time.Second, "attempt 1 of 8: 429 Too Many Requests; retrying in 1s"},
		"503 with a date":        {[]http.HandlerFunc{date}, 900 * time.Millisecond, "503 Service Unavailable"},
		"503":                    {[]http.HandlerFunc{status(503, `{"text":"Server is busy","code":9}`)}, 0, `503 Service Unavailable: "{\"text\":\"Server is busy\",\"code\":9}"`},
		"several":                {[]http.HandlerFunc{status(503, ""), status(500, ""), status(502, ""), status(429, "")}, 0, "attempt 4 of 8: 429"},
		"cut within a response":  {[]http.HandlerFunc{cut}, 0, "the response body ended early"},
		"cut without a response": {[]http.HandlerFunc{drop}, 0, "EOF"},
		"invalid Retry-After":    {[]http.HandlerFunc{status(429, "", "Retry-After", "soon")}, 0, "429"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for format, s := range map[string]*siemServer{
				"splunk":   newServer(t, hec, append([]http.HandlerFunc{nil}, c.faults...)...),
				"ecs":      newServer(t, elastic(nil), append([]http.HandlerFunc{nil}, c.faults...)...),
				"sentinel": newServer(t, dataCollector, append([]http.HandlerFunc{nil}, c.faults...)...),
			} {
				arguments := map[string][]string{"splunk": toHEC(t, s), "ecs": toElastic(s), "sentinel": toDataCollector(t, s)}[format]
				r := run(t, append(arguments, "--batch-size", "200")...)
				assert.Zero(t, r.code, r.stderr)
				assert.Contains(t, r.stderr, c.notice)
				assert.Contains(t, r.stderr, "[ok] exported 600 event(s) as "+format+"\n")
				requests, got := s.seen()
				assert.Equal(t, registryOrder(t), got)
				require.Len(t, requests, 3+len(c.faults))
				assert.Equal(t, requests[1].body, requests[2].body)
				assert.GreaterOrEqual(t, requests[2].at.Sub(requests[1].at), c.wait)
			}
		})
	}
}

// twoRetryAfter is a fault that a proxy has added a header to.
func twoRetryAfter(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Retry-After"] = []string{"1", "3600"}
	w.WriteHeader(http.StatusServiceUnavailable)
}

// Each fault affects the second of three requests and ends the export, which says
// why, and how to resume.
func TestPermanentFaults(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for name, c := range map[string]struct {
		fault http.HandlerFunc
		tries int
		want  string
	}{
		"400":                {status(400, `{"text":"Invalid data format","code":6}`), 1, `400 Bad Request: "{\"text\":\"Invalid data format\",\"code\":6}"`},
		"401":                {status(401, ""), 1, "401 Unauthorized (check the credentials)"},
		"413":                {status(413, ""), 1, "lower --batch-bytes"},
		"redirect":           {status(307, "", "Location", "/elsewhere"), 1, "redirects are not followed"},
		"code in a success":  {status(200, `{"text":"Error in handling indexed fields","code":15}`), 1, `code 15: "{\"text\":\"Error in handling indexed fields\"`},
		"a login page":       {status(200, "<html>Log in</html>"), 1, `the response is not from an HTTP Event Collector: check --output: "<html>Log in</html>"`},
		"a long response":    {status(400, long+"\x1b[2J"), 1, strings.Repeat("x", 500) + `"…`},
		"escapes":            {status(400, "\x1b[2J"), 1, `"\x1b[2J"`},
		"always 503":         {status(503, "down"), 3, ` failed after 3 attempts: 503 Service Unavailable: "down"`},
		"always cut":         {cut, 3, " failed after 3 attempts: 200 OK, but the response body ended early"},
		"long Retry-After":   {status(429, "", "Retry-After", "3600"), 1, "the server asks to retry after 1h0m0s, and this command waits 10m0s at most: resume later"},
		"two Retry-After":    {twoRetryAfter, 1, "the server asks to retry after 1h0m0s"},
		"joined Retry-After": {status(429, "", "Retry-After", "1, 3600"), 1, "the server asks to retry after 1h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			faults := []http.HandlerFunc{nil}
			for range c.tries {
				faults = append(faults, c.fault)
			}
			s := newServer(t, hec, faults...)
			r := run(t, toHEC(t, s, "--batch-size", "200", "--max-tries", "3")...)
			assert.Equal(t, 1, r.code)
			assert.Contains(t, r.stderr, "oversight-siem: POST "+s.URL+"/services/collector/event with 200 event(s) from id 201")
			assert.Contains(t, r.stderr, c.want)
			assert.True(t, strings.HasSuffix(r.stderr, "\n200 event(s) were exported; resume with --after-id 200\n"), r.stderr)
			assert.Less(t, len(r.stderr), 4000)
			requests, got := s.seen()
			assert.Len(t, requests, 1+c.tries)

			// When it resumes there, no event is missing and none arrives twice.
			rest := run(t, toHEC(t, s, "--after-id", "200")...)
			assertOK(t, rest, 400, "splunk")
			_, all := s.seen()
			assert.Len(t, got, 200)
			assert.Equal(t, registryOrder(t), all)
		})
	}
}

// --limit becomes the rest of the limit.
func TestResumeWithALimit(t *testing.T) {
	s := newServer(t, hec, nil, status(400, ""))
	r := run(t, toHEC(t, s, "--batch-size", "100", "--limit", "250", "--after-id", "10")...)
	assert.Contains(t, r.stderr, "\n100 event(s) were exported; resume with --after-id 110 --limit 150\n")
}

// If the clock was set back, resuming repeats some events and skips none.
func TestResumeAfterTheClockWasSetBack(t *testing.T) {
	s := newServer(t, array, nil, status(400, ""))
	r := run(t, exporting("edge", "sentinel", "--output", s.URL, "--batch-size", "2")...)
	assert.Contains(t, r.stderr, "\n2 event(s) were exported; resume with --after-id 0; that repeats some events and skips none, because timestamps are not in the order of ids\n")
}

func TestConnectionRefused(t *testing.T) {
	s := newServer(t, hec)
	s.Close()
	r := run(t, toHEC(t, s, "--max-tries", "2")...)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "attempt 1 of 2: ")
	assert.Contains(t, r.stderr, "connection refused\n0 event(s) were exported; resume with --after-id 0\n")
}

func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	s := newServer(t, hec, func(http.ResponseWriter, *http.Request) { <-release })
	r := run(t, toHEC(t, s, "--timeout", "100ms", "--max-tries", "1")...)
	close(release)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "imeout")
}

// No secret is printed, not even if the server sends it back.
func TestSecretsAreNotPrinted(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_ = r.Header.Write(w)
		fmt.Fprint(w, r.URL)
	}
	busy := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = r.Header.Write(w)
	}
	authority := func(s *siemServer) string { return strings.Replace(s.URL, "http://", "http://anna:opensesame@", 1) }
	hide := []string{
		hecToken, "header-value", "c2VjcmV0LWtleQ==", "anna", "opensesame", "query-value",
		"YW5uYTpvcGVuc2VzYW1l", // anna:opensesame
	}
	for name, arguments := range map[string]func(*siemServer) []string{
		"token":  func(s *siemServer) []string { return toHEC(t, s) },
		"header": func(s *siemServer) []string { return toElastic(s, "--header", "X-Api-Key: header-value") },
		"bearer": func(s *siemServer) []string { return toElastic(s, "--header", "Authorization: Bearer header-value") },
		"user and query": func(s *siemServer) []string {
			return exporting("edge", "ecs", "--output", authority(s)+"/x?key=query-value")
		},
		"shared key": func(s *siemServer) []string {
			return exporting("edge", "sentinel", "--output", s.URL+"/api/logs", "--sentinel-workspace-id", workspace, "--sentinel-shared-key-file", writeFile(t, "c2VjcmV0LWtleQ=="))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, array, busy, echo)
			r := run(t, arguments(s)...)
			assert.Equal(t, 1, r.code)
			assert.Contains(t, r.stderr, "Bad Request")
			for _, secret := range hide {
				assert.NotContains(t, r.stdout+r.stderr, secret)
			}
		})
	}
}

// Secrets are removed before a response is cut to what is shown.
func TestSecretsAreNotCutInHalf(t *testing.T) {
	for _, code := range []int{http.StatusOK, http.StatusBadRequest} {
		s := newServer(t, array, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code)
			fmt.Fprintf(w, `{"code":15,"text":"%s %s"}`, strings.Repeat("x", send.MaxExcerpt-40), r.Header.Get("Authorization"))
		})
		r := run(t, toHEC(t, s)...)
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.stderr, "xxx")
		assert.NotContains(t, r.stderr, hecToken[:4])
	}
}
