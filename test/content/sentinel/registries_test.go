// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package sentinel

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// registries are those of testdata, which registries of all three kinds wrote.
var registries = []string{"registry.sqlite", "registry-public/registry.sqlite", "registry-rust/registry.sqlite"}

// export returns the rows that oversight-siem writes for a registry. They arrive as they
// happen.
func export(t *testing.T, registry string) []row {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "oversight-siem"), "export", "--format", "sentinel", "--extended",
		"--registry-id", "demo", "--db", filepath.Join(root, "testdata", registry))
	output, err := command.Output()
	require.NoError(t, err)
	var rows []row
	for lines := bufio.NewScanner(bytes.NewReader(output)); lines.Scan(); {
		var r row
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		r[arrival] = timeOf(t, r, "TimeGenerated").Add(time.Second)
		rows = append(rows, r)
	}
	require.GreaterOrEqual(t, len(rows), 600)
	return rows
}

// latest is a minute after the last arrival.
func latest(t *testing.T, rows []row) string {
	t.Helper()
	var last time.Time
	for _, r := range rows {
		if at := timeOf(t, r, arrival); at.After(last) {
			last = at
		}
	}
	return last.Add(time.Minute).Format(time.RFC3339)
}

// reference says how many alerts each rule has to raise over rows that all happened within
// an hour, of which each is there once, in another way than the rule does. Of the places of
// the samples, those in different countries are far apart.
func reference(rows []row, places []detections.Place, clients []string) map[string]int {
	sets := map[string]map[string]map[string]bool{}
	add := func(detection string, group []string, member string) {
		key := strings.Join(group, "\x00")
		if sets[detection] == nil {
			sets[detection] = map[string]map[string]bool{}
		}
		if sets[detection][key] == nil {
			sets[detection][key] = map[string]bool{}
		}
		sets[detection][key][member] = true
	}
	for _, r := range rows {
		text := func(column string) string { value, _ := r[column].(string); return value }
		address := text("SourceIp")
		if other := text("SourceAddress"); other != "" {
			address = other
		}
		file, recipient, agent := text("FileId"), text("RecipientId"), text("UserAgent")
		if file == "" && recipient == "" && text("IssuerId") == "" {
			add("unknown_token", []string{address}, "")
		}
		if file != "" && recipient != "" {
			add("many_documents", []string{recipient}, file)
		}
		if text("BeaconKind") == "dns" {
			continue
		}
		if ip, err := netip.ParseAddr(address); err == nil && file != "" {
			if !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
				add("first_beacon_outside", []string{file}, "")
			}
			for _, place := range places {
				if recipient != "" && netip.MustParsePrefix(place.Network).Contains(ip) {
					add("far_apart", []string{file, recipient}, place.Country)
				}
			}
		}
		if recipient != "" && address != "" {
			add("gateway", []string{address}, recipient)
		}
		unusual := agent == ""
		for _, client := range clients {
			unusual = unusual || strings.Contains(strings.ToLower(agent), client)
		}
		if unusual {
			add("unusual_client", []string{recipient, address}, "")
		}
	}
	least := map[string]int{"unknown_token": 1, "many_documents": 5, "first_beacon_outside": 1, "far_apart": 2, "gateway": 3, "unusual_client": 1}
	alerts := map[string]int{}
	for detection, minimum := range least {
		for _, members := range sets[detection] {
			if len(members) >= minimum {
				alerts[detection]++
			}
		}
	}
	return alerts
}

// Over the rows of registries, each rule raises the alerts that another way of counting
// finds; each row is there twice.
func TestRulesOverRegistries(t *testing.T) {
	rules := readRules(t)
	list := readDetections(t)
	var runs []run
	var wants []map[string]int
	for _, registry := range registries {
		rows := export(t, registry)
		var clients []string
		var queries []string
		for i := range list {
			clients = append(clients, list[i].Strings("clients")...)
			queries = append(queries, rules[list[i].ID].Query)
		}
		wants = append(wants, reference(rows, readPlaces(t), clients))
		runs = append(runs, run{latest(t, rows), append(rows, rows...), queries})
	}
	for i, results := range evaluate(t, readWorkspace(t), readPlaces(t), runs) {
		for n, result := range results {
			id := list[n].ID
			require.Empty(t, result.Error, "%s over %s", id, registries[i])
			assert.Len(t, result.Rows, wants[i][id], "%s over %s", id, registries[i])
		}
		assert.Positive(t, wants[i]["unknown_token"], "the registry has something to find")
		assert.Positive(t, wants[i]["unusual_client"])
		t.Logf("%s: %v", registries[i], wants[i])
	}
}

// everything is rows of all kinds: events of a registry, one of them twice, findings and
// checkpoint records.
func everything(t *testing.T) []row {
	t.Helper()
	rows := export(t, registries[0])
	begin := timeOf(t, rows[0], arrival)
	rows = append(rows, rows[0])
	quarantined := detections.SampleCheckpoint{Quarantined: 3, HeadSize: 100, HeadRoot: "a{n}"}
	for _, r := range store(t, &detections.Sample{Name: "all kinds", Records: []detections.SampleRecord{
		{Event: &detections.SampleEvent{TlogStatus: "mismatch", TlogMismatch: "kind"}, Age: 10 * time.Minute},
		{Event: &detections.SampleEvent{Kind: "dns", Extra: `{"qname":"t.example.org.","qtype":"a"}`, SourceIP: "192.0.2.1:53"}, Age: 10 * time.Minute},
		{Finding: &detections.SampleFinding{Kind: "log_rewritten"}, Age: 10 * time.Minute},
		{Checkpoint: &quarantined, Age: 10 * time.Minute, Repeat: 2, Step: time.Minute},
	}}) {
		for _, column := range []string{"TimeGenerated", "OccurredAt", arrival} {
			r[column] = begin.Add(timeOf(t, r, column).Sub(runAt.Add(-time.Hour)))
		}
		rows = append(rows, r)
	}
	return rows
}

// elsewhere are the tables that the documents query besides Oversight_CL.
var elsewhere = regexp.MustCompile(`DCRLogErrors|customEvents|OldOversight_CL`)

// quiet are conditions of queries that return nothing as long as all is well.
var quiet = regexp.MustCompile(`where Events == 0|where ArrivedAt < ago\(2h\)`)

// The workbook's queries and those of the documents run, and return what they are for.
func TestQueriesOverRegistries(t *testing.T) {
	w := readWorkspace(t)
	rows := everything(t)
	// duckdb-kql has no named arguments.
	replacer := strings.NewReplacer("(disabled=false)", "(false)", `"UID"`, `"`+rows[0]["EventUid"].(string)+`"`)
	var queries []namedQuery
	var texts []string
	for _, query := range allQueries(t, w) {
		if !strings.HasPrefix(query.name, "rule ") && !strings.HasPrefix(query.name, "body ") && !elsewhere.MatchString(query.text) {
			queries = append(queries, query)
			texts = append(texts, replacer.Replace(query.text))
		}
	}
	for i, result := range evaluate(t, w, readPlaces(t), []run{{latest(t, rows), rows, texts}})[0] {
		require.Empty(t, result.Error, queries[i].name)
		assert.Equal(t, quiet.MatchString(texts[i]), len(result.Rows) == 0, "%s returns %d rows:\n%s", queries[i].name, len(result.Rows), texts[i])
	}
	t.Logf("%d queries", len(queries))
}

// The filters of ASIM's parser keep what they are for, and nothing else.
func TestFiltersOfASIM(t *testing.T) {
	rows := everything(t)
	defaults := []string{"datetime(null)", "datetime(null)", `"*"`, "dynamic([])", `"*"`, `"*"`, "dynamic([])", `"Query"`, "false"}
	with := func(position int, value string) string {
		arguments := slices.Clone(defaults)
		arguments[position] = value
		return "vimDnsOversight(" + strings.Join(arguments, ", ") + ")"
	}
	dns := map[any]bool{}
	var last string
	for _, r := range rows {
		if r["BeaconKind"] == "dns" {
			dns[r["EventUid"]] = true
		}
		if r["SourceIp"] == "192.0.2.1:53" {
			last = timeOf(t, r, "TimeGenerated").Format(time.RFC3339Nano)
		}
	}
	all := len(dns)
	cases := []struct {
		query string
		want  int
	}{
		{"vimDnsOversight()", all},
		{"ASimDnsOversight()", all},
		{"ASimDnsOversight(true)", 0},
		{with(0, "datetime("+last+")"), 1},
		{with(1, "datetime("+last+") - 1s"), all - 1},
		{with(2, `"192.0.2.1"`), 1},
		{with(2, `"192.0.2.2"`), 0},
		{with(3, `dynamic(["nowhere.example", "T.example.org"])`), 1},
		{with(3, `dynamic(["nowhere.example"])`), 0},
		{with(4, `"NXDOMAIN"`), 0},
		{with(4, `"NA"`), all},
		{with(5, `"192.0.2.7"`), 0},
		{with(6, `dynamic(["192.0.2."])`), 0},
		{with(7, `"lookup"`), all},
		{with(7, `"Response"`), 0},
		{with(8, "true"), 0},
	}
	queries := make([]string, len(cases))
	for i, c := range cases {
		queries[i] = c.query
	}
	for i, result := range evaluate(t, readWorkspace(t), nil, []run{{latest(t, rows), rows, queries}})[0] {
		require.Empty(t, result.Error, queries[i])
		assert.Len(t, result.Rows, cases[i].want, queries[i])
		for _, r := range result.Rows {
			if cases[i].want == 1 {
				assert.Equal(t, "192.0.2.1", r["SrcIpAddr"], "without the port")
				assert.Equal(t, "t.example.org", r["DnsQuery"], "without the dot")
				assert.Equal(t, "A", r["DnsQueryTypeName"])
			}
		}
	}
}
