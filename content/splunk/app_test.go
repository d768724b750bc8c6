// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
)

// check runs all checks on the app in a directory. A configuration that cannot be read is a problem, too.
func check(t *testing.T, directory string) problems {
	t.Helper()
	var found problems
	a, err := app.Load(directory)
	if err != nil {
		return problems{err.Error()}
	}
	dashboards, err := app.Dashboards(directory)
	if err != nil {
		return problems{err.Error()}
	}
	all := loadShapes(t)
	found.checkSearches(a, all, dashboards)
	found.checkMacros(a, dashboards)
	found.checkProps(a, all)
	found.checkIndexedFields(a, all)
	found.checkEventTypes(a, all)
	found.checkMetadata(a)
	found.checkVersion(directory)
	found.checkDetections(a, all, loadDetections(t))
	if len(found) == 0 {
		found.checkModels(t, a)
		found.checkFile(t, a)
	}
	return found
}

func TestTheAppAgreesWithItselfAndWithTheEvents(t *testing.T) {
	assert.Empty(t, check(t, "oversight"))
}

// Each mutation of the app is found by a check. (That of a search's conditions, by its samples; see
// TestSamplesFindMutations.)
func TestMutationsAreFound(t *testing.T) {
	for _, m := range []struct{ file, old, replacement, problem string }{
		{"macros.conf", "[oversight_event]", "[oversight_evnt]", "no macro oversight_event"},
		{"macros.conf", "args = since", "args = from", "no argument $since$"},
		{"macros.conf", `sourcetype="oversight:beacon" |`, `index=main |`, "names an index"},
		{"macros.conf", "definition = 1000", "definition = 100", "oversight_kilometres is 100"},
		{"macros.conf", "24*3600", "12*3600", "oversight_pipeline_silence"},
		{"savedsearches.conf", "`oversight_arrivals(-72h)`", "`oversight_arrivals(-72h,now)`", "no macro oversight_arrivals(2)"},
		{"savedsearches.conf", "`oversight_arrived(-65m@m)`", "`oversight`", "does not go by the time of arrival"},
		{"savedsearches.conf", "`oversight_arrivals(-72h)`", "`oversight_arrivals(-65m@m)`", "does not look back 72h"},
		{"savedsearches.conf", "dc(token_id)", "dc(token)", "no field token"},
		{"savedsearches.conf", "BY registry_id src", "BY src", "results lack registry_id"},
		{"savedsearches.conf", "| where tokens >=", "| join token_id >=", `"join" is not known`},
		{"savedsearches.conf", "lookup oversight_unusual_clients", "lookup oversight_clients", "no lookup oversight_clients"},
		{"savedsearches.conf", "OUTPUT client", "OUTPUT program", "has no field program"},
		{"savedsearches.conf", "disabled = 1", "disabled = 0", `disabled is "0"`},
		{"savedsearches.conf", "alert.severity = 4", "alert.severity = 3", "alert.severity"},
		{"savedsearches.conf", "cron_schedule = 8 *", "cron_schedule = */8 *", "runs at"},
		{"savedsearches.conf", "cron_schedule = 8 *", "cron_schedule = 3 *", "runs together"},
		{"savedsearches.conf", "dispatch.earliest_time = -30d", "dispatch.earliest_time = -1h", "would miss late events"},
		{"savedsearches.conf", "alert.suppress = 1", "alert.suppress = 0", "alert.suppress"},
		{"savedsearches.conf", "fields = registry_id,src", "fields = src", "is throttled by"},
		{"savedsearches.conf", "fields = registry_id,src", "fields = registry_id, src", "is throttled by"},
		{"savedsearches.conf", "T1595", "T1590", "other tactics or techniques"},
		{"savedsearches.conf", "description = A beacon called", "description = Beacon called", "another description"},
		{"savedsearches.conf", "Internet scanners request", "Scanners request", "does not say"},
		{"savedsearches.conf", "[Oversight - Events are in quarantine]", "[Oversight - Quarantine]", "no search"},
		{"props.conf", "KV_MODE = json", "KV_MODE = auto", "does not read JSON"},
		{"props.conf", "EVENT_BREAKER_ENABLE = true", "EVENT_BREAKER_ENABLE = false", "does not read lines whole"},
		{"props.conf", "= oversight_envelope", "= oversight_envelop", "no transform oversight_envelop"},
		{"props.conf", `if(kind=="dns", "Query", null())`, `if(type=="dns", "Query", null())`, "no field type"},
		{"props.conf", `EVAL-message_type = if(kind=="dns", "Query", null())`, `EVAL-message_type = "Question"`, "message_type"},
		{"props.conf", `EVAL-user = json_extract(_raw,"recipient_id")`, `EVAL-user = recipient_id`, "several values"},
		{"props.conf", `upper(json_extract(_raw,"extra.qtype"))`, `json_extract(_raw,"extra.qtype")`, "record_type"},
		{"props.conf", `json_extract(_raw,"src_ip"), json_extract(_raw,"source_ip")`, `json_extract(_raw,"source_address")`, "src is"},
		{"fields.conf", "[sourcetype::oversight:beacon::beacon_kind]", "[beacon_kind]", "beacon_kind of oversight:beacon is indexed"},
		{"fields.conf", "[sourcetype::oversight:integrity::geo.*]", "[sourcetype::oversight:integrity::tlog*]", "tlog_index of oversight:integrity is not indexed"},
		{"fields.conf", "[sourcetype::oversight:checkpoint::deployment.*]", "[sourcetype::oversight:checkpoint::x]", "deployment.environment.name"},
		{"eventtypes.conf", `kind="dns" query=*`, `type="dns" query=*`, "no field type"},
		{"eventtypes.conf", `kind="dns" query=*`, `kind="dns"`, "tags are"},
		{"eventtypes.conf", `NOT kind="dns" file_id=*`, `file_id=*`, "tags are"},
		{"eventtypes.conf", ` NOT severity="informational"`, ``, "tags are"},
		{"tags.conf", "[eventtype=oversight_dns]", "[eventtype=oversight_query]", "no event type"},
		{"tags.conf", "resolution = enabled", "resolution = disabled", "tags are"},
		{"fields.conf", "[sourcetype::oversight:beacon::cloud.*]", "[sourcetype::oversight:beacon::clod.*]", "[sourcetype::oversight:beacon::clod.*] is not for all"},
		{"props.conf", `TIME_PREFIX = ^\{"time":`, `TIME_PREFIX = ^\{"t":`, "no time in a line"},
		{"props.conf", "TIME_FORMAT = %s.%3N", "TIME_FORMAT = %s", "no time in a line"},
		{"props.conf", "MAX_TIMESTAMP_LOOKAHEAD = 20", "MAX_TIMESTAMP_LOOKAHEAD = 10", "no time in a line"},
		{"savedsearches.conf", "alert.suppress.period = 24h", "alert.suppress.period = 1m", "alert.suppress.period"},
		{"app.conf", "version = 0.1.0", "version = 0.2.0", `info.id.version is "0.1.0", not "0.2.0"`},
		{"../metadata/default.meta", "[lookups]\nexport = system", "[lookups]\nexport = none", "[lookups] is shared with none"},
		{"../metadata/default.meta", "[macros]\nexport = none", "[macros]\nexport = system", "[macros] is shared with system"},
		{"../metadata/default.meta", "write : [ admin, sc_admin ]", "write : [ * ]", "everybody may write"},
		{"transforms.conf", "oversight_known_sources.csv", "known_sources.csv", "known_sources.csv"},
		{"transforms.conf", "CIDR(network)", "CIDR(address)", "matches by address"},
		{"transforms.conf", `"fields.recipient_id"`, `"event.recipient"`, "recipient_id"},
		{"transforms.conf", `json_extract_exact(json_extract(_raw,"fields"),"geo.timezone")`, `json_extract(_raw,"fields.geo.timezone")`, "geo.timezone"},
		{"transforms.conf", `json_extract(_raw,"event"),_raw`, `_raw`, "_raw"},
		{"../lookups/oversight_unusual_clients.csv", "*undici*,undici\n", "", "oversight_unusual_clients has"},
		{"../lookups/oversight_known_networks.csv", "fc00::/7", "fd00::/8", "oversight_known_networks has"},
	} {
		t.Run(m.file+": "+m.old, func(t *testing.T) {
			found := check(t, mutated(t, m.file, m.old, m.replacement))
			assert.Contains(t, strings.Join(found, "\n"), m.problem)
		})
	}
}

// mutated returns a copy of the app with another text in a file of default.
func mutated(t *testing.T, file, old, replacement string) string {
	t.Helper()
	directory := filepath.Join(t.TempDir(), "oversight") // its name is the app's
	require.NoError(t, os.CopyFS(directory, os.DirFS("oversight")))
	name := filepath.Join(directory, "default", file)
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	require.NoError(t, os.WriteFile(name, []byte(strings.ReplaceAll(string(text), old, replacement)), 0o600))
	return directory
}
