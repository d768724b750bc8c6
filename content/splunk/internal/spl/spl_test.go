// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var env = &Environment{
	Now: time.Unix(10000, 0),
	Events: []Row{
		{"_time": 9000.0, "_indextime": 9990.0, "_raw": `{"a":"x"}`, "a": "x", "n": "1", "m": []string{"p", "q"}},
		{"_time": 9100.0, "_indextime": 9100.0, "_raw": `{"a":"X-ray"}`, "a": "X-ray", "n": "10"},
		{"_time": 9200.0, "_indextime": 9200.0, "_raw": `{"n":"9"}`, "n": "9"},
	},
	Lookup: func(string) *Lookup {
		return &Lookup{Fields: []string{"net", "name"}, CIDR: []string{"net"}, Rows: []map[string]string{{"net": "10.0.0.0/8", "name": "private"}}}
	},
}

// What Splunk's documentation says of these, in its Search Reference.
func TestRun(t *testing.T) {
	for query, wanted := range map[string][]Row{
		// The search command compares in upper or lower case, with * for any text; != wants the field, NOT does not.
		`a=X | table n`:                {{"n": "1"}},
		`a=x* | table n`:               {{"n": "10"}, {"n": "1"}},
		`a!=x* | table n`:              nil,
		`NOT a=x* | table n`:           {{"n": "9"}},
		`n>9 | table a`:                {{"a": "X-ray"}},
		`a IN (x, y) OR n=9 | table n`: {{"n": "9"}, {"n": "1"}},
		`ray | table n`:                {{"n": "10"}},
		`m=q | table n`:                {{"n": "1"}},
		// Times are relative to the run.
		`_index_earliest=-1m | table n`: {{"n": "1"}},
		`earliest=-850s | table n`:      {{"n": "9"}},
		// where and eval compare exactly, as numbers where both are, and null is neither.
		`* | where a="X-ray" | table n`:                                  {{"n": "10"}},
		`* | where a!="x" | table n`:                                     {{"n": "10"}},
		`* | where n>9 | table n`:                                        {{"n": "10"}},
		`* | where isnull(a) | eval b=coalesce(a, "none")."!" | table b`: {{"b": "none!"}},
		`* | where n=1 | eval b=mvindex(m, -1), c=if(match(a, "^\w$"), "one", "more") | table b c`:            {{"b": "q", "c": "one"}},
		`* | where relative_time(now(), "-65m@m")=6060 | head 1 | eval t=relative_time(7261, "@h") | table t`: {{"t": 7200.0}},
		// stats leaves out events without a field after BY, and counts those with several values for each.
		`* | stats count BY a`: {{"a": "X-ray", "count": 1.0}, {"a": "x", "count": 1.0}},
		`* | stats count BY m`: {{"m": "p", "count": 1.0}, {"m": "q", "count": 1.0}},
		`* | stats dc(a) AS a values(n) AS n max(n) AS most latest(n) AS newest`: {{"a": 2.0, "n": []string{"1", "10", "9"}, "most": "10", "newest": "9"}},
		`nothing | stats count`:      {{"count": 0.0}},
		`nothing | stats count BY a`: nil,
		// streamstats looks back; a window is over all rows unless global is false.
		`* | sort 0 n | streamstats current=f window=1 last(n) AS before | where isnotnull(before) | table n before`:                                                              {{"n": "9", "before": "1"}, {"n": "10", "before": "9"}},
		`* | eval odd=n%2 | sort 0 n | streamstats current=f window=1 global=f last(n) AS before BY odd | where isnotnull(before) | table n before`:                               {{"n": "9", "before": "1"}},
		`* | eval odd=(n=9 OR n=1), odd=if(odd, 1, 0), n=if(n=10, 5, n) | sort 0 n | streamstats current=f window=1 last(n) AS before BY odd | where isnotnull(before) | table n`: nil,
		`* | sort 0 _time | streamstats time_window=150s count | table count`:                                                                                                     {{"count": 1.0}, {"count": 2.0}, {"count": 2.0}},
		`* | sort 0 -_time | streamstats time_window=150s count | table count`:                                                                                                    {{"count": 1.0}, {"count": 2.0}, {"count": 2.0}},
		// dedup keeps the first, which is the newest, and drops events without the field.
		`* | eval one=1 | dedup one | table n`:         {{"n": "9"}},
		`* | dedup a | table n`:                        {{"n": "10"}, {"n": "1"}},
		`* | dedup a keepempty=true | table n`:         {{"n": "9"}, {"n": "10"}, {"n": "1"}},
		`* | sort 1 -n | table n`:                      {{"n": "10"}},
		`* | head 1 | bin _time span=1h | table _time`: {{"_time": 7200.0}},
		`* | head 1 | eval ip="10.1.2.3" | lookup l net AS ip OUTPUT name AS where_ | table where_`: {{"where_": "private"}},
		`* | head 1 | eval ip="10.1.2.3:1" | lookup l net AS ip OUTPUT name | table name`:           {{}},
	} {
		t.Run(query, func(t *testing.T) {
			search, err := Parse(query)
			require.NoError(t, err)
			rows, err := search.Run(env)
			require.NoError(t, err)
			if len(wanted) == 0 {
				assert.Empty(t, rows)
				return
			}
			assert.Equal(t, wanted, rows)
		})
	}
}

// What is not known, or not documented, is refused.
func TestRefused(t *testing.T) {
	for query, problem := range map[string]string{
		`* | join a`:                        `"join" is not known`,
		`a=[search b]`:                      "is not known here",
		"`macro`":                           "is not known here",
		`* | eval a=nothing(b)`:             "no function",
		`* | eval a=if(b, c)`:               "2 arguments",
		`* | eval a=b.c{}`:                  "is no field",
		`* | eval a="b`:                     "not closed",
		`* | eval a=(b`:                     `expects ")"`,
		`* | where a=`:                      "expects a value",
		`* | stats most(a)`:                 "no function",
		`* | stats dc BY a`:                 "of which field",
		`* | streamstats reset=t count`:     "none of",
		`a=1 )`:                             "does not expect",
		`* | sort`:                          "no field",
		`* | where m="p"`:                   "compares the multivalue",
		`* | lookup l net AS m OUTPUT name`: "looks the multivalue",
		`* | sort 0 n | streamstats time_window=1h count`: "order of time",
		`* | eventstats count`:                            "not run",
		`earliest=yesterday`:                              "no relative time",
	} {
		t.Run(query, func(t *testing.T) {
			search, err := Parse(query)
			if err == nil {
				_, err = search.Run(env)
			}
			assert.ErrorContains(t, err, problem)
		})
	}
}

func TestUses(t *testing.T) {
	events := func(field string) bool { return field == "a" || field == "_time" || field == IndexedOnly+"i" }
	for query, wanted := range map[string][]string{
		`a=1 b=2 | where c=1`:                                 {"b", "c"},
		`* | eval b=a, c=b | table b c d`:                     {"d"},
		`* | stats count AS n BY a | where n>1 AND _time>1`:   {"_time"},
		`* | stats count(eval(a=b)) AS n | fields n | sort a`: {"b", "a"},
		`* | rename a AS b | iplocation b | where lat>lon`:    nil,
		`* | streamstats sum(x) AS y BY a | where y>a`:        {"x"},
		`| tstats count WHERE index=i a=1 BY i`:               {"a"},
		`* | timechart span=1h count BY a | where anything=1`: nil,
		`* | lookup l net AS z OUTPUT name AS b | where b=a`:  {"z"},
		`earliest=-1h _index_latest=now a=*`:                  nil,
	} {
		search, err := Parse(query)
		require.NoError(t, err, query)
		unknown, _ := search.Uses(events)
		assert.Equal(t, wanted, unknown, query)
	}
}

// A window in time holds a limited number of rows, which all groups share. With window= and global=f, each has its own.
func TestGroupsShareTheWindow(t *testing.T) {
	rows := []Row{{"_time": 1.0, "_raw": "{}", "group": "a", "n": "1"}}
	for i := range 100 {
		rows = append(rows, Row{"_time": 2.0, "_raw": "{}", "group": fmt.Sprint("b", i), "n": "2"})
	}
	rows = append(rows, Row{"_time": 3.0, "_raw": "{}", "group": "a", "n": "3"})
	for options, wanted := range map[string]float64{
		"time_window=1h": 1, "time_window=1h global=f": 1, "time_window=1h window=100": 1, "time_window=1h window=100 global=f": 2,
		"time_window=1s window=100 global=f": 1, "time_window=1h window=200 global=f": 2,
	} {
		search, err := Parse("* | sort 0 _time | streamstats " + options + " dc(n) AS values BY group | where n=3")
		require.NoError(t, err)
		found, err := search.Run(&Environment{Events: rows, LongestWindow: 100})
		require.NoError(t, err)
		require.Len(t, found, 1)
		assert.InDelta(t, wanted, found[0]["values"], 0, options)
	}
}

// What a search leaves out, it does not want.
func TestFilters(t *testing.T) {
	search, err := Parse(`(sourcetype=a OR sourcetype IN (b, c)) sourcetype!=d NOT (sourcetype=e OR NOT sourcetype=f) index=g`)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "c", "f"}, search.Filters("sourcetype"))
	assert.Empty(t, search.Filters("host"))
}
