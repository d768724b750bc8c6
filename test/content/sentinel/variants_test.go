// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package sentinel

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// variant is a rule with another text, what it must then raise over a sample, and so what
// the text is for: a parameter that a user sets, or a condition that cannot be left out.
type variant struct {
	from, to string
	sample   string
	alerts   int
}

const (
	notDNS  = `| where BeaconKind != "dns"` + "\n"
	newOnly = "| where ArrivedAt > ago(frequency)\n"
	reduced = "the reduced form of an event that was refused has neither document nor user agent"
	noKnown = "let knownSources = dynamic([]);"
	berlin  = `let knownSources = dynamic(["2001:db8::/32", "203.0.113.0/24"]);`
)

var variants = map[string][]variant{
	"unknown_token": {
		{"let tokens = 1;", "let tokens = 3;", "three unknown tokens from one address are one alert", 1},
		{"let tokens = 1;", "let tokens = 4;", "three unknown tokens from one address are one alert", 0},
		{newOnly, "", "it arrived before the last run", 1},
		{"| where isempty(FileId) and isempty(RecipientId) and isempty(IssuerId)\n", "", "a token that the registry knows", 1},
		{"| where isempty(Reduced)", "", reduced, 1},
	},
	"many_documents": {
		{"let documents = 5;", "let documents = 6;", "five documents within half an hour", 0},
		{"let documents = 5;", "let documents = 4;", "four documents", 1},
		{"Documents = dcount(FileId)", "Documents = sum(Events)", "one document a hundred times", 1},
		{"bin(EventTime, slot)", "bin(ArrivedAt, slot)", "five documents on two days, which arrived together after an outage", 1},
		{"tolong(window / slot)", "tolong(window / slot) - 3", "five documents within 48 minutes", 0},
		{"let window = 1h;", "let window = 75m;", "five documents within 72 minutes", 1},
		{noKnown, berlin, "five documents within half an hour", 0},
		{" and LastArrival > ago(frequency)", "", "five documents within an hour that arrived before the last run", 1},
	},
	"first_beacon_outside": {
		{`"10.0.0.0/8", `, `"10.0.0.0/8", "198.51.100.0/24", `, "a document is opened outside for the first time", 0},
		{`"10.0.0.0/8", `, "", "it is opened in known networks", 1},
		{`"127.0.0.0/8", `, "", "the registry's own machine and its link, such as a proxy before it", 1},
		{`, "fe80::/10"`, "", "the registry's own machine and its link, such as a proxy before it", 1},
		{"Address, knownIpv4", "Address, knownNetworks", "an address of a known network that is mapped to IPv6", 1},
		{"Address, knownIpv6", "Address, knownNetworks", "it is opened in known networks", 1},
		{`"fc00::/7", `, "", "it is opened in known networks", 1},
		{`"fc00::/7", `, `"2001:db8::/32", `, "it was never opened before", 0},
		{notDNS, "", "a resolver asks", 1},
		{newOnly, "", "it was outside before", 1},
	},
	"far_apart": {
		{"let kilometres = 1000;", "let kilometres = 8800;", "Berlin and Tokyo within two hours", 1},
		{"let kilometres = 1000;", "let kilometres = 9100;", "Berlin and Tokyo within two hours", 0},
		{"let kilometres = 1000;", "let kilometres = 200;", "Berlin and Hamburg", 1},
		{"let window = 12h;", "let window = 1h;", "Berlin and Tokyo within two hours", 0},
		{"let window = 12h;", "let window = 48h;", "two days between them", 1},
		{noKnown, berlin, "Berlin and Tokyo within two hours", 0},
		{notDNS, "", "a resolver is far away", 1},
		{"| where LastArrival > ago(frequency)\n", "", "both arrived before the last run", 1},
		{") on RegistryId, FileId, RecipientId", ") on RegistryId, FileId", "two recipients' copies", 1},
	},
	"gateway": {
		{"let recipients = 3;", "let recipients = 4;", "two addresses", 1},
		{"let recipients = 3;", "let recipients = 2;", "two recipients", 1},
		{"let window = 24h;", "let window = 2h;", "three recipients of one document within a day", 0},
		{"let window = 24h;", "let window = 36h;", "three recipients within thirty hours", 1},
		{"tolong(window / slot)", "tolong(window / slot) - 3", "three recipients within twenty hours", 0},
		{"Recipients = dcount(RecipientId)", "Recipients = sum(Events)", "one recipient with ten documents", 1},
		{noKnown, berlin, "three recipients from one address", 0},
		{notDNS, "", "three recipients who share a resolver", 1},
	},
	"unusual_client": {
		{"UserAgent contains Client", "UserAgent has Client", "the client Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.4648", 0},
		{`"curl", `, "", "the client libcurl-agent/1.0", 0},
		{"let nameless = true;", "let nameless = false;", "a client without a name", 0},
		{noKnown, berlin, "the client curl/8.5.0", 0},
		{"let knownFiles = dynamic([]);", `let knownFiles = dynamic(["file-1"]);`, "the client curl/8.5.0", 0},
		{notDNS, "", "a resolver has no user agent", 1},
		{"| where isempty(Reduced)", "", reduced, 1},
		{"UserAgents = make_set(UserAgent, 20) by RegistryId, RecipientId, Address", "UserAgents = make_set(UserAgent, 20) by RegistryId, RecipientId, Address, UserAgent", "a stranger who changes the name with each call is one alert", 20},
	},
	"log_disagrees": {
		{`| where Severity != "Informational"`, "", "what honest registries do as well", 2},
		{`"mismatch", "duplicate"`, `"mismatch"`, "an event whose leaf another event has", 0},
		{newOnly, "", "a finding that arrived before the last run", 1},
	},
	"quarantine": {
		{"QuarantinedEvents > 0", "QuarantinedEvents > 3", "a record with events in quarantine", 0},
		{"QuarantinedEvents > 0", "QuarantinedEvents >= 0", "it is empty", 1},
		{"arg_max(EventTime", "arg_min(EventTime", "it was not empty, and is", 1},
	},
	"silent_pipeline": {
		{"let silence = 24h;", "let silence = 72h;", "the last event arrived two days ago", 0},
		{"let silence = 24h;", "let silence = 1h;", "an event two hours ago", 1},
		{"let registries = dynamic([]);", `let registries = dynamic(["demo", "never heard of"]);`, "an event two hours ago", 1},
	},
	"silent_collector": {
		{"let silence = 2h;", "let silence = 6h;", "events go on, and records do not", 0},
		{"let silence = 2h;", "let silence = 30m;", "the last record arrived an hour ago", 1},
	},
	"different_heads": {
		{"RootCount > 1", "RootCount > 2", "two collectors saw different roots of one size", 0},
		{" and LastArrival > ago(frequency)", "", "it is told once", 1},
		{"by RegistryId, HeadSize\n", "by HeadSize\n", "two registries", 1},
	},
}

// A rule with another parameter, or without one of its conditions, raises other alerts.
func TestVariantsOfRules(t *testing.T) {
	rules := readRules(t)
	var trials []trial
	for id, rule := range rules {
		samples := loadSamples(t, id)
		require.NotEmpty(t, variants[id], id)
		for _, v := range variants[id] {
			require.Contains(t, rule.Query, v.from, id)
			require.Contains(t, samples, v.sample, id)
			sample := samples[v.sample]
			if v.from != "let tokens = 1;" && v.from != "let kilometres = 1000;" {
				require.NotEqual(t, sample.Alerts, v.alerts, "%s: %s: the variant makes no difference", id, v.to)
			}
			query := strings.ReplaceAll(rule.Query, v.from, v.to)
			trials = append(trials, trial{id + ", " + v.from + " as " + v.to, sample, query, rule.QueryPeriod, v.alerts})
		}
	}
	try(t, trials)
}

// What only Microsoft Sentinel's rules have to get right: windows that begin at fixed times,
// and addresses with ports.
func TestRulesOverSamplesOfTheirOwn(t *testing.T) {
	delay := 11*time.Hour + 30*time.Minute
	own := map[string]detections.Sample{
		"gateway": {Name: "three recipients on both sides of midnight", Alerts: 1, Records: []detections.SampleRecord{
			{Event: &detections.SampleEvent{RecipientID: "r{n}"}, Age: 13*time.Hour + 40*time.Minute, Delay: &delay, Repeat: 3, Step: time.Hour},
		}},
		"unknown_token": {Name: "one address with two ports", Alerts: 1, Records: []detections.SampleRecord{
			{Event: &detections.SampleEvent{Unknown: true, SourceIP: "203.0.113.7:5000{n}"}, Age: 10 * time.Minute, Repeat: 2},
		}},
		"far_apart": {Name: "a place between two that are far apart", Alerts: 1, Records: []detections.SampleRecord{
			{Event: &detections.SampleEvent{SourceIP: "203.0.113.7"}, Age: 30 * time.Minute},
			{Event: &detections.SampleEvent{SourceIP: "198.51.100.200"}, Age: 20 * time.Minute},
			{Event: &detections.SampleEvent{SourceIP: "[2001:db8:1::7]:443"}, Age: 10 * time.Minute},
		}},
	}
	rules := readRules(t)
	var trials []trial
	for id, sample := range own {
		trials = append(trials, trial{id, &sample, rules[id].Query, rules[id].QueryPeriod, sample.Alerts})
	}
	try(t, trials)
}

// Microsoft Sentinel makes alerts of the first 149 results, and one of all. A stranger who
// invents tokens, from as many addresses as he has, does not take them from a document's.
func TestKnownDocumentsComeFirst(t *testing.T) {
	stranger := detections.SampleEvent{Unknown: true, TokenID: "guess-{n}", SourceIP: "192.0.2.{n}", UserAgent: "curl/8.5.0"}
	sample := &detections.Sample{Name: "a stranger, a reader and a stranger", Records: []detections.SampleRecord{
		{Event: &stranger, Age: 50 * time.Minute, Repeat: 200},
		{Event: &detections.SampleEvent{UserAgent: "curl/8.5.0"}, Age: 40 * time.Minute},
		{Event: &stranger, Age: 30 * time.Minute, Repeat: 200},
		{Event: &detections.SampleEvent{Unknown: true, TokenID: "other-{n}", SourceIP: "192.0.2.77"}, Age: 20 * time.Minute, Repeat: 5},
	}}
	rules := readRules(t)
	queries := []string{rules["unusual_client"].Query, rules["unknown_token"].Query}
	results := evaluate(t, readWorkspace(t), readPlaces(t), []run{{runAt.Format(time.RFC3339), store(t, sample), queries}})[0]
	for i, result := range results {
		require.Empty(t, result.Error, queries[i])
		require.GreaterOrEqual(t, len(result.Rows), 200, queries[i])
	}
	assert.Equal(t, "alice@corp.example", results[0].Rows[0]["RecipientId"])
	assert.Equal(t, "192.0.2.77", results[1].Rows[0]["Address"], "the address with the most tokens")
}
