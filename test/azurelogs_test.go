// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	ruleID       = "dcr-00112233445566778899aabbccddeeff"
	tenantID     = "11111111-2222-3333-4444-555555555555"
	clientID     = "66666666-7777-8888-9999-aaaaaaaaaaaa"
	clientSecret = "not a secret"
	azureToken   = "head.body.signature"
)

// azureLogs is a fake of the Logs Ingestion API, and of the Microsoft Entra ID
// that issues its tokens.
type azureLogs struct {
	*destination
	authority string // URL
	caFile    string

	mu   sync.Mutex
	rows []map[string]any
}

func newAzureLogs(t testing.TB) *azureLogs {
	t.Helper()
	a := &azureLogs{}
	a.destination = newDestination(t, http.HandlerFunc(a.serve))
	authority := httptest.NewTLSServer(http.HandlerFunc(a.authorize))
	t.Cleanup(authority.Close)
	a.authority = authority.URL
	a.caFile = filepath.Join(t.TempDir(), "ca.pem")
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw})
	require.NoError(t, os.WriteFile(a.caFile, ca, 0o600))
	return a
}

func (a *azureLogs) authorize(w http.ResponseWriter, r *http.Request) {
	base := a.authority + "/" + tenantID
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/" + tenantID + "/v2.0/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]string{
			"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
		})
	case "/" + tenantID + "/oauth2/v2.0/token":
		if r.FormValue("client_id") != clientID || r.FormValue("client_secret") != clientSecret {
			w.WriteHeader(http.StatusUnauthorized)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client"})
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3599, "access_token": azureToken})
	default:
		http.NotFound(w, r)
	}
}

func (a *azureLogs) serve(w http.ResponseWriter, r *http.Request) {
	text, err := body(r)
	var rows []map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	switch {
	case r.Header.Get("Authorization") != "Bearer "+azureToken:
		w.WriteHeader(http.StatusForbidden)
	case r.URL.Path != "/dataCollectionRules/"+ruleID+"/streams/Custom-Oversight" || r.URL.Query().Get("api-version") != "2023-01-01":
		w.WriteHeader(http.StatusNotFound)
	case len(text) > 1_000_000:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case err != nil || decoder.Decode(&rows) != nil:
		w.WriteHeader(http.StatusBadRequest)
	default:
		a.mu.Lock()
		a.rows = append(a.rows, withoutCheckpointRecords(rows)...)
		a.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}
}

// byID returns the rows by their EventId, and the number of all that have arrived.
func (a *azureLogs) byID() (map[string]map[string]any, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	byID := map[string]map[string]any{}
	for _, row := range a.rows {
		id, _ := row["EventId"].(string)
		byID[id] = row
	}
	return byID, len(a.rows)
}

// trust returns a change of configuration that requests tokens here.
func (a *azureLogs) trust() string {
	return `
exporters:
  azure_logs_ingestion:
    tls: {ca_file: "` + a.caFile + `"}
    credential: {authority_host: "` + a.authority + `"}
`
}

// What one event causes, and the last ones before a quiet night, does not make the health
// check fail until morning, whatever the answer is: a firewall's, or the service's to
// more rows than it is asked about at once.
func TestFaultRefusedRowsOnAQuietRegistry(t *testing.T) {
	for name, test := range map[string]struct {
		poisoned []int
		status   int
	}{
		"a firewall":       {[]int{49}, http.StatusForbidden},
		"a failing proxy":  {[]int{49}, http.StatusInternalServerError},
		"the service":      {[]int{49}, http.StatusBadRequest},
		"a burst of those": {[]int{31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45}, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, writeRegistry(t, beacons(50, poison(test.poisoned...))))
			s.azure.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				poisoned := hasPoison(r)
				if poisoned {
					answer(test.status, "text/html", "<html>This request was blocked</html>")(w, r)
				}
				return poisoned
			})
			collector := s.run(nil, "sentinel.yaml", s.azure.trust(), soonUnhealthy)
			want := float64(len(test.poisoned))
			collector.requireMetric(metricPrefix+"owed_events", "", func(sum float64) bool { return sum == want })
			// The events are tried again once they are owed, and the health check waits for a second.
			for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				_, verbose, err := get("http://" + collector.variable("HEALTH_ENDPOINT") + "/health?verbose")
				require.NoError(t, err)
				require.Contains(t, verbose, "exporter:azure_logs_ingestion")
			}
			collector.requireHealth(http.StatusOK)
			_, verbose, err := get("http://" + collector.variable("HEALTH_ENDPOINT") + "/health?verbose")
			require.NoError(t, err)
			require.NotContains(t, verbose, "StatusRecoverableError")
			collector.interrupt()
		})
	}
}
