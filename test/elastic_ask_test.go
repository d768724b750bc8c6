// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/bulkapi"
)

// elasticRights are what a key may do, and what it would find.
type elasticRights struct {
	// privileges are those that the key has for every data stream.
	privileges []string
	// readAll says that it may read templates and settings.
	readAll bool
	// noTemplate says that the templates of this project are not installed: those of
	// Elasticsearch for logs-*-* apply then.
	noTemplate bool
	// blocked says that the data streams exist, and that the disk was full.
	blocked bool
}

// ask answers requests that store no document. Sources: Elasticsearch 8 reference,
// "Authenticate", "Has privileges", "Simulate index", "Get index settings", and what a
// node answers for a right that is missing.
func (b *bulk) ask(w http.ResponseWriter, r *http.Request, text []byte) bool {
	b.mu.Lock()
	rights := b.rights
	b.mu.Unlock()
	stream, isSimulation := strings.CutPrefix(r.URL.Path, "/_index_template/_simulate_index/")
	settingsOf, isSettings := strings.CutSuffix(r.URL.Path, "/_settings/index.blocks.*")
	switch {
	case r.URL.Path == "/_security/_authenticate":
		respondJSON(w, map[string]any{"username": "elastic", "roles": []any{}, "authentication_type": "api_key", "api_key": map[string]any{"id": "id", "name": "oversight-collector"}})
	case r.URL.Path == "/_security/user/_has_privileges":
		rights.hasPrivileges(w, text)
	case (isSimulation || isSettings) && !rights.readAll:
		bulkapi.Refuse(w, http.StatusForbidden, "security_exception", "action is unauthorized for API key id [id] of user [elastic]")
	case isSimulation:
		rights.simulate(w, stream)
	case isSettings && !rights.blocked:
		bulkapi.Refuse(w, http.StatusNotFound, "index_not_found_exception", "no such index ["+strings.Trim(settingsOf, "/")+"]")
	case isSettings:
		respondJSON(w, map[string]any{".ds-" + strings.Trim(settingsOf, "/") + "-2026.01.01-000001": map[string]any{"settings": map[string]any{"index.blocks.read_only_allow_delete": "true"}}})
	case strings.HasSuffix(r.URL.Path, "/_doc"):
		index, _, _ := strings.Cut(r.URL.Path[1:], "/")
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.WriteHeader(http.StatusCreated)
		respondJSON(w, map[string]any{"_index": index, "_id": "id", "result": "created"})
	default:
		return false
	}
	return true
}

func (e elasticRights) hasPrivileges(w http.ResponseWriter, text []byte) {
	var asked struct {
		Index []struct{ Names, Privileges []string }
	}
	if err := json.Unmarshal(text, &asked); err != nil {
		bulkapi.Refuse(w, http.StatusBadRequest, "parsing_exception", err.Error())
		return
	}
	index, all := map[string]map[string]bool{}, true
	for _, i := range asked.Index {
		for _, name := range i.Names {
			index[name] = map[string]bool{}
			for _, privilege := range i.Privileges {
				has := strings.Contains(strings.Join(e.privileges, " "), privilege)
				index[name][privilege] = has
				all = all && has
			}
		}
	}
	respondJSON(w, map[string]any{"username": "elastic", "has_all_requested": all, "cluster": map[string]any{}, "index": index, "application": map[string]any{}})
}

func (e elasticRights) simulate(w http.ResponseWriter, stream string) {
	properties := map[string]any{"@timestamp": map[string]any{"type": "date"}, "message": map[string]any{"type": "match_only_text"}}
	if !e.noTemplate && strings.HasPrefix(stream, "logs-oversight.") {
		properties["oversight"] = map[string]any{"properties": map[string]any{"registry": map[string]any{"type": "keyword"}}}
	}
	respondJSON(w, map[string]any{"template": map[string]any{"settings": map[string]any{}, "mappings": map[string]any{"properties": properties}, "aliases": map[string]any{}}, "overlapping": []any{}})
}

func respondJSON(w http.ResponseWriter, value any) {
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
