// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// registryServer is a registry.
func registryServer(t *testing.T) http.HandlerFunc {
	t.Helper()
	head, wellKnown := read(t, testdata+"/signed-head.json"), read(t, testdata+"/well-known.json")
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/tlog/head":
			_, _ = w.Write(head)
		case "/.well-known/oversight-registry":
			_, _ = w.Write(wellKnown)
		default:
			http.NotFound(w, r)
		}
	}
}

const hecToken = "11111111-2222-3333-4444-555555555555"

type hecReply struct {
	Text string `json:"text"`
	Code int    `json:"code"`
}

// hecServer is Splunk's HTTP Event Collector, with an index `main` and a token for it.
func hecServer(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/services/collector/health":
		answerJSON(w, http.StatusOK, hecReply{"HEC is healthy", 17})
	case r.URL.Path == "/services/collector/ack":
		answerJSON(w, http.StatusBadRequest, hecReply{"ACK is disabled", 14})
	case r.URL.Path != "/services/collector" && r.URL.Path != "/services/collector/event":
		answerJSON(w, http.StatusNotFound, hecReply{"The requested URL was not found on this server.", 404})
	case r.Header.Get("Authorization") != "Splunk "+hecToken:
		answerJSON(w, http.StatusForbidden, hecReply{"Invalid token", 4})
	default:
		body, _ := io.ReadAll(r.Body)
		hecEvent(w, body)
	}
}

func hecEvent(w http.ResponseWriter, body []byte) {
	var event struct{ Index string }
	switch {
	case len(body) == 0:
		answerJSON(w, http.StatusBadRequest, hecReply{"No data", 5})
	case json.Unmarshal(body, &event) != nil:
		answerJSON(w, http.StatusBadRequest, hecReply{"Invalid data format", 6})
	case event.Index != "oversight":
		answerJSON(w, http.StatusBadRequest, hecReply{"Incorrect index", 7})
	default:
		answerJSON(w, http.StatusOK, hecReply{"Success", 0})
	}
}

// elasticServer is Elasticsearch with the templates of this project.
func elasticServer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	switch {
	case r.Header.Get("Authorization") != "ApiKey good-key":
		answerJSON(w, http.StatusUnauthorized, map[string]any{"status": 401})
	case r.URL.Path == "/_security/_authenticate":
		answerJSON(w, http.StatusOK, map[string]any{"username": "elastic", "api_key": map[string]any{"name": "oversight-collector"}})
	case r.URL.Path == "/_security/user/_has_privileges":
		hasPrivileges(w, r, true)
	case strings.HasPrefix(r.URL.Path, "/_index_template/_simulate_index/"):
		answerJSON(w, http.StatusOK, map[string]any{"template": map[string]any{"mappings": map[string]any{"properties": map[string]any{"oversight": map[string]any{}}}}})
	case strings.HasSuffix(r.URL.Path, "/_settings/index.blocks.*"):
		answerJSON(w, http.StatusNotFound, map[string]any{"status": 404})
	case r.URL.Path == "/logs-oversight.beacon-default/_doc" && r.URL.RawQuery == "op_type=create":
		answerJSON(w, http.StatusCreated, map[string]any{"result": "created"})
	default:
		answerJSON(w, http.StatusNotFound, map[string]any{"status": 404})
	}
}

func hasPrivileges(w http.ResponseWriter, r *http.Request, has bool) {
	var asked struct {
		Index []struct{ Names, Privileges []string }
	}
	_ = json.NewDecoder(r.Body).Decode(&asked)
	index := map[string]map[string]bool{}
	for _, i := range asked.Index {
		for _, name := range i.Names {
			index[name] = map[string]bool{}
			for _, privilege := range i.Privileges {
				index[name][privilege] = has
			}
		}
	}
	answerJSON(w, http.StatusOK, map[string]any{"index": index})
}

// entraServer gives access tokens.
func entraServer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/tenant/oauth2/v2.0/token" || r.FormValue("client_secret") != "good-secret" || r.FormValue("scope") != "https://monitor.azure.com/.default" {
		answerJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{"access_token": "good-access", "token_type": "Bearer"})
}

// azureServer is the Logs Ingestion API.
func azureServer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch {
	case r.Header.Get("Authorization") != "Bearer good-access":
		answerJSON(w, http.StatusUnauthorized, map[string]any{})
	case r.Method != http.MethodPost || string(body) != "[]":
		answerJSON(w, http.StatusBadRequest, map[string]any{})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
