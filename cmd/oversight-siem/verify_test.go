// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/verification"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog/leaf"
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/splunk"
)

// All of the sample is verified, up to the root that its registry signed.
func TestVerifySample(t *testing.T) {
	f := files{filepath.Join(testdata, "registry.sqlite"), filepath.Join(testdata, "tlog"), filepath.Join(testdata, "signed-head.json"), registryID}
	r := run(t, f.arguments()...)
	assert.Zero(t, r.code)
	assert.Equal(t, "[ok] verified 600 row(s) against a log of 625 leaves\n", r.stderr)
	golden(t, "sample.txt", r.stdout)

	v := verifyJSON(t, f.arguments())
	assert.Zero(t, v.code)
	golden(t, "sample.jsonl", v.stdout)
	head := readFile(t, f.head)
	assert.Contains(t, head, v.summary.Root)
	assert.EqualValues(t, 600, v.summary.Verified)
	assert.EqualValues(t, 625, v.summary.Leaves)
}

// Many kinds of damage at once.
func TestVerifyDamagedSample(t *testing.T) {
	f := sample(t)
	f.sql(t, "UPDATE events SET source_ip = '203.0.113.66' WHERE id = 42")
	f.sql(t, "UPDATE events SET tlog_index = NULL WHERE id = 43")
	f.sql(t, "UPDATE events SET tlog_index = -1 WHERE id = 44")
	f.sql(t, "UPDATE events SET tlog_index = 0 WHERE id = 45")
	f.sql(t, "UPDATE events SET tlog_index = 625 WHERE id = 46")
	f.sql(t, "UPDATE events SET tlog_index = -7 WHERE id = 47")
	f.sql(t, "DELETE FROM events WHERE id BETWEEN 100 AND 102 OR id = 200")
	f.sql(t, "INSERT INTO events SELECT 700, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index FROM events WHERE id = 50")
	all := f.lines(t)
	all[600] = []byte(strings.Replace(string(all[600]), `\"beacon\"`, `\"beacom\"`, 1))
	all[601] = []byte("\n")
	f.write(t, append(all, []byte(`{"index": 625, "leaf`)))
	r := run(t, f.arguments()...)
	assert.Equal(t, cli.StatusFindings, r.code)
	golden(t, "damaged.txt", r.stdout)
	golden(t, "damaged.jsonl", verifyJSON(t, f.arguments()).stdout)
}

// Findings in JSON have the keys and values of the shape for Splunk.
func TestFindingsAreLikeRecords(t *testing.T) {
	f := sample(t)
	f.sql(t, "UPDATE events SET kind = 'x', token_id = 'y' WHERE id = 42")
	f.sql(t, "DELETE FROM events WHERE id IN (50, 51)")
	f.write(t, f.lines(t)[:620])
	v := verifyJSON(t, f.arguments())
	texts := lines(t, v.stdout)
	for _, text := range texts[:len(texts)-1] {
		var have map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &have))
		// Its uid is only right if all that it is made of is there.
		i := translator.Integrity{RegistryID: registryID, Kind: have["integrity_kind"].(string), Message: have["message"].(string)}
		set(t, have, "event_id", func(text string) { _, err := fmt.Sscan(text, &i.EventID); require.NoError(t, err) })
		set(t, have, "row_uid", func(text string) { i.RowUID = text })
		set(t, have, "tlog_index", func(n float64) { i.TlogIndex, i.HasTlogIndex = int64(n), true })
		set(t, have, "tlog_last_index", func(n float64) { i.TlogLastIndex = int64(n) })
		set(t, have, "tlog_status", func(text string) { i.TlogStatus = text })
		set(t, have, "tlog_mismatch", func(all []any) { i.TlogMismatch = strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ","), "[]") })
		set(t, have, "tlog_size", func(n float64) { i.TlogSize = int64(n) })
		set(t, have, "tlog_root", func(text string) { i.TlogRoot = text })
		set(t, have, "tlog_expected_root", func(text string) { i.TlogExpectedRoot = text })
		set(t, have, "tlog_signature", func(text string) { i.Signature = text })
		i.SetUID()
		var want struct{ Event map[string]any }
		require.NoError(t, json.Unmarshal((&splunk.Translator{}).AppendJSON(nil, &translator.Document{Integrity: &i}), &want))
		for _, name := range []string{"schema", "action", "occurred_at"} {
			delete(want.Event, name)
		}
		assert.Equal(t, want.Event, have)
	}
	assert.Contains(t, v.strings(), "row_mismatch row 42 kind,token_id")
	assert.Contains(t, v.strings(), "head_inconsistent")
	assert.Contains(t, v.stdout, "tlog_last_index", "a run")
}

func set[T any](t *testing.T, from map[string]any, name string, to func(T)) {
	t.Helper()
	if value, ok := from[name]; ok {
		typed, ok := value.(T)
		require.True(t, ok, "%s is %v", name, reflect.TypeOf(value))
		to(typed)
	}
}

// Registries prune old rows.
func TestVerifyPruned(t *testing.T) {
	f := sample(t)
	f.sql(t, "DELETE FROM events WHERE id <= 300")
	oldest := int64(0)
	v := verifyJSON(t, f.arguments())
	assert.EqualValues(t, 300, v.summary.LeavesWithoutRow)
	for _, finding := range v.findings {
		assert.Equal(t, "leaf_without_row", finding.Kind)
		oldest = max(oldest, *finding.Index, finding.Last)
	}

	v = verifyJSON(t, f.arguments("--pruned"))
	assert.Zero(t, v.code)
	assert.EqualValues(t, 300, v.summary.OlderLeaves)
	assert.Contains(t, v.stderr, "not proven: that the rows of 300 leaves, which are older than the oldest row, were pruned and not deleted")
	assert.Contains(t, run(t, f.arguments("--pruned")...).stdout, "  older than the oldest row 300\n")

	// A row that is missing in the middle was not pruned.
	f.sql(t, "DELETE FROM events WHERE id = 400")
	v = verifyJSON(t, f.arguments("--pruned"))
	require.Len(t, v.findings, 1)
	assert.Equal(t, "leaf_without_row", v.findings[0].Kind)
	assert.Greater(t, *v.findings[0].Index, oldest)

	f.sql(t, "DELETE FROM events")
	v = verifyJSON(t, f.arguments("--pruned"))
	assert.Equal(t, cli.StatusNotChecked, v.code)
	assert.Contains(t, v.stderr, "none of the 600 beacon leaves was confirmed")
	assert.EqualValues(t, 600, v.summary.OlderLeaves)
	v = verifyJSON(t, f.arguments())
	assert.EqualValues(t, 600, v.summary.LeavesWithoutRow)
}

// If the first row exists, nothing was pruned.
func TestVerifyPrunedButNotFromTheStart(t *testing.T) {
	f := sample(t)
	f.sql(t, "UPDATE events SET source_ip = 'x' WHERE id = 1")
	f.sql(t, "DELETE FROM events WHERE id = 2")
	v := verifyJSON(t, f.arguments("--pruned"))
	assert.Len(t, v.findings, 2)
	assert.Zero(t, v.summary.OlderLeaves)
}

// The registry may be writing the last line.
func TestVerifyIncompleteLastLine(t *testing.T) {
	f := sample(t)
	all := f.lines(t)
	for _, n := range []int{1, 100, len(all[624]) - 1} {
		f.write(t, append(all, all[624][:n]))
		v := verifyJSON(t, f.arguments())
		assert.Zero(t, v.code)
		assert.True(t, v.summary.IncompleteLine)
		assert.EqualValues(t, 625, v.summary.Leaves)
		assert.Contains(t, run(t, f.arguments()...).stdout, "incomplete")
	}
}

func TestVerifyNothing(t *testing.T) {
	f := sample(t)
	f.sql(t, "DELETE FROM events")
	f.write(t, nil)
	v := verifyJSON(t, []string{"verify", "--db", f.database, "--tlog", filepath.Dir(f.leaves)})
	assert.Zero(t, v.code)
	assert.Equal(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", v.summary.Root)
}

func TestVerifyHeads(t *testing.T) {
	good := readFile(t, filepath.Join(testdata, "signed-head.json"))
	_, other, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signed := func(size int64, root string) string {
		head := tlog.Head{Size: size}
		head.Root, err = leaf.ParseHash(root)
		require.NoError(t, err)
		return fmt.Sprintf(`{"size": %d, "root": %q, "signature": %q, "signed_message": %q}`,
			size, root, hex.EncodeToString(ed25519.Sign(other, head.Message())), head.Message())
	}
	root := "669156303c95dc4fd8d55884f2ac0ed9a483d77d7cc48cf433af96187c84992c"
	emptyRoot := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	otherKey := hex.EncodeToString(other.Public().(ed25519.PublicKey))
	for name, c := range map[string]struct {
		head, key string
		want      []string
		signature string
		log       string
		code      int
	}{
		"good":                     {good, registryID, nil, "valid", "agrees", 0},
		"no key":                   {good, "", nil, "not checked", "agrees", cli.StatusNotChecked},
		"wrong key":                {good, otherKey, []string{"head_signature_invalid"}, "invalid", "agrees", cli.StatusFindings},
		"forged":                   {signed(625, root), registryID, []string{"head_signature_invalid"}, "invalid", "agrees", cli.StatusFindings},
		"forged, of another log":   {signed(625, emptyRoot), registryID, []string{"head_signature_invalid"}, "invalid", "disagrees", cli.StatusFindings},
		"another message":          {strings.Replace(good, `\"size\":625`, `\"size\":624`, 1), registryID, []string{"head_signature_invalid"}, "invalid", "agrees", cli.StatusFindings},
		"another message, no key":  {strings.Replace(good, `\"size\":625`, `\"size\":624`, 1), "", []string{"head_signature_invalid"}, "invalid", "agrees", cli.StatusFindings},
		"of the beginning":         {signed(0, emptyRoot), otherKey, nil, "valid", "agrees", 0},
		"of another log":           {signed(500, root), otherKey, []string{"head_inconsistent"}, "valid", "disagrees", cli.StatusFindings},
		"of another log, no key":   {signed(500, root), "", []string{"head_inconsistent"}, "not checked", "disagrees", cli.StatusFindings},
		"of a race":                {signed(600, root), otherKey, nil, "valid", "agrees at another size", 0},
		"of a race, no key":        {signed(600, root), "", nil, "not checked", "agrees at another size", cli.StatusNotChecked},
		"of a larger log":          {signed(700, root), otherKey, []string{"head_not_compared"}, "valid", "is shorter", cli.StatusFindings},
		"of a much larger log":     {signed(1<<62, root), otherKey, []string{"head_not_compared"}, "valid", "is shorter", cli.StatusFindings},
		"of a larger log, no key":  {signed(700, root), "", []string{"head_not_compared"}, "not checked", "is shorter", cli.StatusFindings},
		"of no log, zeros":         {signed(0, strings.Repeat("0", 64)), otherKey, nil, "valid", "agrees", 0},
		"unsigned":                 {`{"size":625,"root":"` + root + `"}`, registryID, nil, "unsigned", "not compared", cli.StatusNotChecked},
		"of no log, but not empty": {signed(0, root), otherKey, []string{"head_inconsistent"}, "valid", "disagrees", cli.StatusFindings},
	} {
		t.Run(name, func(t *testing.T) {
			f := sample(t)
			require.NoError(t, os.WriteFile(f.head, []byte(c.head), 0o600))
			arguments := []string{"verify", "--db", f.database, "--tlog", f.leaves, "--head", f.head, "--registry-id", "short"}
			if c.key != "" {
				arguments = append(arguments, "--public-key", c.key)
			}
			v := verifyJSON(t, arguments)
			assert.Equal(t, c.want, v.strings())
			assert.Equal(t, c.code, v.code, v.stderr)
			assert.Equal(t, c.signature, v.summary.Head.Signature)
			assert.Equal(t, c.log, v.summary.Head.Log)
			table := run(t, arguments...).stdout
			if c.signature == "valid" {
				assert.Equal(t, c.key, v.summary.Head.SignedBy)
				assert.Contains(t, table, c.key)
			} else {
				assert.Empty(t, v.summary.Head.SignedBy)
				assert.Regexp(t, `signature +`+c.signature+"\n", table)
			}
		})
	}
}

// The tree head from a URL, with its path or without.
func TestVerifyHeadByURL(t *testing.T) {
	f := sample(t)
	good := readFile(t, f.head)
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		mu.Lock()
		asked = append(asked, r.Method+" "+r.URL.String()+" "+user+password)
		mu.Unlock()
		switch r.URL.Path {
		case "/tlog/head", "/a/b/tlog/head":
			_, _ = w.Write([]byte(good))
		case "/html/tlog/head":
			_, _ = w.Write([]byte("<html>"))
		case "/long/tlog/head":
			_, _ = w.Write([]byte(good + strings.Repeat(" ", 1<<20)))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	with := func(address string) result {
		f.head = address
		return run(t, f.arguments("--json")...)
	}
	userinfo := strings.Replace(server.URL, "http://", "http://user:password@", 1)
	for _, address := range []string{
		server.URL, server.URL + "/", server.URL + "/tlog/head", server.URL + "/a/b", server.URL + "/a/b/tlog/head", userinfo + "/?key=password",
	} {
		r := with(address)
		assert.Zero(t, r.code, r.stderr)
		assert.Contains(t, r.stdout, `"signature":"valid"`)
	}
	mu.Lock()
	requests := slices.Clone(asked)
	mu.Unlock()
	assert.Equal(t, []string{
		"GET /tlog/head ", "GET /tlog/head ", "GET /tlog/head ", "GET /a/b/tlog/head ", "GET /a/b/tlog/head ", "GET /tlog/head?key=password userpassword",
	}, requests)

	for address, want := range map[string]string{
		server.URL + "/x":                                "404 Not Found",
		server.URL + "/html":                             "must be the response to GET /tlog/head",
		server.URL + "/long":                             "longer than 65536 bytes",
		userinfo + "/x?key=password":                     "404 Not Found",
		"http://user:password@127.0.0.1:1/?key=password": "refused",
		"http:///x":                                      "URL",
		"ftp://user:password@host":                       "http or https",
	} {
		r := with(address)
		assert.Equal(t, cli.StatusNotChecked, r.code)
		assert.Contains(t, r.stderr, "--head")
		assert.Contains(t, r.stderr, want)
		assert.NotContains(t, r.stderr, "password")
		assert.Empty(t, r.stdout)
	}
}

// A check that cannot be done has an exit status of its own.
func TestVerifyCannotCheck(t *testing.T) {
	f := sample(t)
	noHead := writeFile(t, "{}")
	empty := t.TempDir()
	with := func(more ...string) []string {
		return append([]string{"verify", "--db", f.database, "--tlog", f.leaves}, more...)
	}
	for name, c := range map[string]struct {
		arguments []string
		want      []string
	}{
		"no database":            {[]string{"verify", "--tlog", f.leaves}, []string{"--db is required", "registry.sqlite"}},
		"no log":                 {[]string{"verify", "--db", f.database}, []string{"--tlog is required", "./tlog"}},
		"no such database":       {[]string{"verify", "--db", "none.sqlite", "--tlog", f.leaves}, []string{"--db none.sqlite", "no such file"}},
		"not a database":         {[]string{"verify", "--db", noHead, "--tlog", f.leaves}, []string{"--db " + noHead, "not a database"}},
		"no such log":            {[]string{"verify", "--db", f.database, "--tlog", "none"}, []string{"--tlog none", "no such file", "leaves.jsonl"}},
		"no log in there":        {[]string{"verify", "--db", f.database, "--tlog", empty}, []string{"--tlog " + empty, "no such file"}},
		"no such head":           {with("--head", "none"), []string{"--head is none", "no such file"}},
		"head is a directory":    {with("--head", empty), []string{"--head is " + empty, "not a regular file"}},
		"no head":                {with("--head", noHead), []string{"--head", "must be the response to GET /tlog/head", "lacks size"}},
		"key":                    {with("--public-key", "abc"), []string{"--public-key", "64 lower-case hex digits"}},
		"argument":               {with("x"), []string{`"x"`, "verify --help"}},
		"unknown flag":           {with("--color"), []string{"--color"}},
		"flag without its value": {with("--head"), []string{"--head"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, c.arguments...)
			assert.Equal(t, cli.StatusNotChecked, r.code)
			assert.Empty(t, r.stdout)
			assert.True(t, strings.HasPrefix(r.stderr, "oversight-siem: "), r.stderr)
			for _, want := range c.want {
				assert.Contains(t, r.stderr, want)
			}
		})
	}
}

// Only the first findings are shown as text.
func TestVerifyManyFindings(t *testing.T) {
	f := sample(t)
	f.sql(t, "INSERT INTO events SELECT id + 600, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index FROM events")
	f.sql(t, "INSERT INTO events SELECT id + 1200, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, NULL FROM events WHERE id <= 600")
	r := run(t, f.arguments()...)
	assert.Equal(t, cli.StatusFindings, r.code)
	assert.True(t, strings.HasSuffix(r.stdout, "\n… and 200 more: --json writes all of them\n"))
	assert.Equal(t, 1000, strings.Count(r.stdout, "\nrow_mismatch "))
	v := verifyJSON(t, f.arguments())
	assert.EqualValues(t, 600, v.summary.Duplicate)
	assert.EqualValues(t, 600, v.summary.Missing)
	assert.EqualValues(t, 600, v.summary.Verified)
}

// The caller of a beacon cannot write control characters to a terminal.
func TestVerifyShowsNoControlCharacters(t *testing.T) {
	f := sample(t)
	leaf := "{\"event\":\"beacon\",\"kind\":\"dns\\u001b[31m\",\"timestamp\":\"\",\"token_id\":\"\\n\"}"
	f.write(t, append(f.lines(t), lineOfLeaf(625, leaf)))
	r := run(t, f.arguments()...)
	assert.Equal(t, cli.StatusFindings, r.code)
	assert.Contains(t, r.stdout, `Leaf 625 of the transparency log, a dns\x1b[31m beacon with token \n, has no row`)
	assert.NotContains(t, r.stdout, "\x1b")
}

// It waits for the row of a recent leaf, but not forever.
func TestVerifyStopsWaitingForRows(t *testing.T) {
	f := sample(t)
	f.sql(t, "DELETE FROM events WHERE id = 600")
	f.age(t, verification.RowDelay-time.Second)
	r := run(t, f.arguments("--json")...)
	assert.Equal(t, cli.StatusFindings, r.code)
	assert.Contains(t, r.stderr, "waiting up to 1s for the row")
	assert.Contains(t, r.stdout, "leaf_without_row")
	// It does not wait for rows that were pruned.
	f.sql(t, "DELETE FROM events WHERE id < 10")
	f.sql(t, "UPDATE sqlite_sequence SET seq = 600")
	f = sample(t)
	f.sql(t, "DELETE FROM events WHERE id < 10")
	f.age(t, 0)
	v := verifyJSON(t, f.arguments("--pruned"))
	assert.Zero(t, v.code)
	assert.NotContains(t, v.stderr, "waiting")
}
