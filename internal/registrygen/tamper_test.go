// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

const tamperedEvents = 60

// toTamper returns a registry with that many events, and other content for
// another seed.
func toTamper(t *testing.T, seed uint64) registrygen.Settings {
	t.Helper()
	settings := inDirectory(t.TempDir())
	settings.Seed = seed
	filled(t, settings, tamperedEvents)
	return settings
}

// tampered is a registry before and after a damage.
type tampered struct {
	registrygen.Damage

	before, after state
}

func tamper(t *testing.T, settings registrygen.Settings, kind registrygen.Kind, options registrygen.TamperOptions) tampered {
	t.Helper()
	before := stateOf(t, settings)
	damage, err := registrygen.Tamper(t.Context(), settings, kind, options)
	require.NoError(t, err)
	assert.Equal(t, kind, damage.Kind)
	return tampered{damage, before, stateOf(t, settings)}
}

// sameBut checks that nothing else has changed than what is named: "rows", "rest",
// "log" or a file.
func (d *tampered) sameBut(t *testing.T, changed ...string) {
	t.Helper()
	for name, same := range map[string]bool{
		"rows": assert.ObjectsAreEqual(d.before.rows, d.after.rows),
		"rest": assert.ObjectsAreEqual(d.before.rest, d.after.rest),
		"log":  slices.Equal(d.before.lines, d.after.lines),

		registrygen.IdentityFile:  d.before.files[registrygen.IdentityFile] == d.after.files[registrygen.IdentityFile],
		registrygen.HeadFile:      d.before.files[registrygen.HeadFile] == d.after.files[registrygen.HeadFile],
		registrygen.WellKnownFile: d.before.files[registrygen.WellKnownFile] == d.after.files[registrygen.WellKnownFile],
	} {
		assert.Equal(t, !slices.Contains(changed, name), same, "%s is as it was", name)
	}
}

// row checks that one row is as it was but for one column, and all others are
// the same. It returns that column's value before and after.
func (d *tampered) row(t *testing.T, column string) (before, after any) {
	t.Helper()
	require.Equal(t, d.FirstRow, d.LastRow)
	want, got := maps.Clone(d.before.rows), maps.Clone(d.after.rows)
	before, after = want[d.FirstRow][column], got[d.FirstRow][column]
	assert.NotEqual(t, before, after)
	edited := maps.Clone(want[d.FirstRow])
	edited[column] = after
	want[d.FirstRow] = edited
	assert.Equal(t, want, got)
	return before, after
}

// inserted checks that one row is new, is a copy of another but for its leaf,
// and all others are the same. It returns the leaves of both.
func (d *tampered) inserted(t *testing.T) (original, leaf any) {
	t.Helper()
	d.sameBut(t, "rows", "rest")
	require.Equal(t, d.FirstRow, d.LastRow)
	require.Equal(t, int64(tamperedEvents+1), d.FirstRow)
	copied := d.after.rows[d.FirstRow]
	leaf = copied["tlog_index"]
	for id, row := range d.before.rows {
		assert.Equal(t, row, d.after.rows[id])
		candidate := maps.Clone(row)
		candidate["id"], candidate["tlog_index"] = copied["id"], copied["tlog_index"]
		if assert.ObjectsAreEqual(candidate, copied) {
			original = row["tlog_index"]
		}
	}
	require.NotNil(t, original, "it is no copy of any row")
	assert.Len(t, d.after.rows, tamperedEvents+1)
	return original, leaf
}

// line checks that one line of the log has changed, and returns it.
func (d *tampered) line(t *testing.T) (before, after string) {
	t.Helper()
	require.Equal(t, d.FirstLeaf, d.LastLeaf)
	want := slices.Clone(d.before.lines)
	before, after = want[d.FirstLeaf], d.after.lines[d.FirstLeaf]
	assert.NotEqual(t, before, after)
	want[d.FirstLeaf] = after
	assert.Equal(t, want, d.after.lines)
	return before, after
}

func oneCharacter(t *testing.T, before, after string) {
	t.Helper()
	require.Len(t, after, len(before))
	differences := 0
	for i := range before {
		if before[i] != after[i] {
			differences++
		}
	}
	assert.Equal(t, 1, differences, "%q and %q", before, after)
}

// What each kind does, beside being found as it says. The damage is somewhere in
// the middle.
var doings = map[registrygen.Kind]func(*testing.T, *tampered){
	registrygen.RowEdited: func(t *testing.T, d *tampered) {
		d.sameBut(t, "rows")
		before, after := d.row(t, "source_ip")
		oneCharacter(t, before.(string), after.(string))
		assert.Contains(t, d.Message, fmt.Sprintf("from %q to %q", before, after))
	},
	registrygen.RowDeleted: func(t *testing.T, d *tampered) {
		d.sameBut(t, "rows")
		want := maps.Clone(d.before.rows)
		assert.EqualValues(t, want[d.FirstRow]["tlog_index"], d.FirstLeaf)
		delete(want, d.FirstRow)
		assert.Equal(t, want, d.after.rows)
	},
	registrygen.RowInserted: func(t *testing.T, d *tampered) {
		_, leaf := d.inserted(t)
		assert.Nil(t, leaf)
	},
	registrygen.RowForgedIndex: func(t *testing.T, d *tampered) {
		_, leaf := d.inserted(t)
		assert.Greater(t, leaf, float64(len(d.before.lines)))
	},
	registrygen.RowDuplicated: func(t *testing.T, d *tampered) {
		original, leaf := d.inserted(t)
		assert.Equal(t, original, leaf)
	},
	registrygen.LeafEdited: func(t *testing.T, d *tampered) {
		d.sameBut(t, "log")
		before, after := d.line(t)
		oneCharacter(t, field(t, before, "leaf_data"), field(t, after, "leaf_data"))
		assert.Equal(t, fmt.Sprintf("%x", field(t, after, "leaf_data")), field(t, after, "leaf_data_hex"))
		assert.Equal(t, field(t, before, "leaf_hash"), field(t, after, "leaf_hash"))
	},
	registrygen.LeafRehashed: func(t *testing.T, d *tampered) {
		d.sameBut(t, "log", "rows")
		d.rehashed(t)
	},
	registrygen.LeafDropped: func(t *testing.T, d *tampered) {
		d.sameBut(t, "log")
		want := slices.Delete(slices.Clone(d.before.lines), int(d.FirstLeaf), int(d.FirstLeaf)+1)
		assert.Equal(t, want, d.after.lines)
	},
	registrygen.LeafReordered: func(t *testing.T, d *tampered) {
		d.sameBut(t, "log")
		want, i := slices.Clone(d.before.lines), d.FirstLeaf
		want[i], want[i+1] = want[i+1], want[i]
		assert.Equal(t, want, d.after.lines)
	},
	registrygen.LeafUnreadable: func(t *testing.T, d *tampered) {
		d.sameBut(t, "log")
		before, after := d.line(t)
		assert.Equal(t, strings.Repeat("\x00", len(before)), after)
	},
	registrygen.LogTruncated: func(t *testing.T, d *tampered) {
		d.sameBut(t, "log")
		assert.Equal(t, d.before.lines[:d.FirstLeaf], d.after.lines)
		assert.EqualValues(t, len(d.before.lines)-1, d.LastLeaf)
		assert.EqualValues(t, tamperedEvents, d.LastRow)
		assert.Equal(t, d.LastLeaf-d.FirstLeaf, d.LastRow-d.FirstRow)
	},
	registrygen.LogRewritten: func(t *testing.T, d *tampered) {
		d.sameBut(t, "log", "rows", registrygen.HeadFile)
		d.rehashed(t)
	},
	registrygen.HeadForged: func(t *testing.T, d *tampered) {
		d.sameBut(t, registrygen.HeadFile)
		assert.Equal(t, d.before.head.Root, d.after.head.Root)
	},
	registrygen.HeadSplit: func(t *testing.T, d *tampered) {
		d.sameBut(t, registrygen.HeadFile)
		assert.True(t, d.after.head.signed)
		assert.Equal(t, d.before.head.Size, d.after.head.Size)
	},
	registrygen.DatabaseReplaced: func(t *testing.T, d *tampered) {
		d.sameBut(t, "rows", "log", registrygen.HeadFile, registrygen.WellKnownFile)
		assert.Equal(t, d.before.lines, d.after.lines[:len(d.before.lines)])
		assert.Len(t, d.after.rows, tamperedEvents)
		assert.EqualValues(t, tamperedEvents, d.LastRow)
		for id, row := range d.before.rows {
			if id < d.FirstRow {
				assert.Equal(t, row, d.after.rows[id])
			} else {
				assert.NotEqual(t, row["source_ip"].(string)+row["token_id"].(string),
					d.after.rows[id]["source_ip"].(string)+d.after.rows[id]["token_id"].(string), "row %d", id)
			}
		}
	},
}

// rehashed checks a leaf that is consistent in everything except the root.
func (d *tampered) rehashed(t *testing.T) {
	t.Helper()
	before, after := d.row(t, "source_ip")
	oneCharacter(t, before.(string), after.(string))
	oldLine, newLine := d.line(t)
	_, err := checkLine(newLine)
	require.NoError(t, err)
	oneCharacter(t, field(t, oldLine, "leaf_data"), field(t, newLine, "leaf_data"))
}

func field(t *testing.T, line, key string) string {
	t.Helper()
	values, err := parse(line)
	require.NoError(t, err)
	return values[key].(string)
}

// found checks that the damage is found as it says, by a slow reader of the whole
// registry.
func (d *tampered) found(t *testing.T) {
	t.Helper()
	assert.ElementsMatch(t, d.Findings, d.after.findings(t, nil))
	assert.ElementsMatch(t, d.FindingsAfterPriorRead, d.after.findings(t, &d.before))
	for id, row := range d.after.rows {
		status, mismatch := d.after.status(row)
		if id >= d.FirstRow && id <= d.LastRow {
			assert.Equal(t, []string{d.Status, d.Mismatch}, []string{status, mismatch}, "row %d", id)
		} else {
			assert.Equal(t, "verified", status, "row %d", id)
		}
	}
}

func TestTamper(t *testing.T) {
	assert.ElementsMatch(t, registrygen.Kinds(), slices.Collect(maps.Keys(doings)))
	for kind, check := range doings {
		t.Run(string(kind), func(t *testing.T) {
			d := tamper(t, toTamper(t, 7), kind, registrygen.TamperOptions{})
			check(t, &d)
			d.found(t)
			assert.True(t, os.SameFile(d.before.log, d.after.log), "the same file")

			for _, replace := range []bool{false, true} { // the same again
				damage := tamper(t, toTamper(t, 7), kind, registrygen.TamperOptions{Replace: replace})
				assert.Equal(t, d.Damage, damage.Damage)
				assert.Equal(t, d.after.rows, damage.after.rows)
				assert.Equal(t, d.after.lines, damage.after.lines)
				assert.Equal(t, d.after.files, damage.after.files)
				rewritten := strings.Contains(string(kind), "leaf") || strings.Contains(string(kind), "log")
				assert.Equal(t, replace && rewritten, !os.SameFile(damage.before.log, damage.after.log), "a new file")
			}
		})
	}
}

// Damage is done at the row or leaf in the options.
func TestTamperAt(t *testing.T) {
	for kind, check := range doings {
		if kind == registrygen.HeadForged {
			continue
		}
		for _, at := range []int64{30, 58} {
			t.Run(fmt.Sprint(kind, " ", at), func(t *testing.T) {
				d := tamper(t, toTamper(t, 7), kind, registrygen.TamperOptions{At: &at})
				check(t, &d)
				d.found(t)
				switch {
				case kind == registrygen.DatabaseReplaced:
					assert.Equal(t, at+1, d.FirstRow)
				case kind == registrygen.HeadSplit:
					assert.Contains(t, d.Message, fmt.Sprintf("leaf %d ", at))
				case d.FirstRow > tamperedEvents:
					assert.Contains(t, d.Message, fmt.Sprintf("a copy of row %d ", at))
				case strings.HasPrefix(string(kind), "row"):
					assert.Equal(t, at, d.FirstRow)
				default:
					assert.Equal(t, at, d.FirstLeaf)
				}
			})
		}
	}
}

// The leaf of a document has no row, and no address.
func TestTamperWithADocumentsLeaf(t *testing.T) {
	for _, kind := range []registrygen.Kind{
		registrygen.LeafEdited, registrygen.LeafRehashed, registrygen.LeafDropped, registrygen.LeafReordered,
		registrygen.LeafUnreadable, registrygen.LogRewritten, registrygen.HeadSplit,
	} {
		for _, at := range []int64{0, 3} {
			t.Run(fmt.Sprint(kind, " ", at), func(t *testing.T) {
				d := tamper(t, toTamper(t, 7), kind, registrygen.TamperOptions{At: &at})
				assert.Zero(t, d.FirstRow)
				assert.Empty(t, d.Status)
				assert.Equal(t, d.before.rows, d.after.rows)
				d.found(t)
			})
		}
	}
}

func TestTamperColumn(t *testing.T) {
	for _, column := range []string{
		"kind", "token_id", "file_id", "recipient_id", "source_ip", "user_agent", "extra", "qualified_timestamp",
	} {
		for _, kind := range []registrygen.Kind{registrygen.RowEdited, registrygen.LeafRehashed} {
			t.Run(column+" "+string(kind), func(t *testing.T) {
				d := tamper(t, toTamper(t, 7), kind, registrygen.TamperOptions{Column: column})
				d.found(t)
				before, after := d.row(t, column)
				oneCharacter(t, before.(string), after.(string))
				if kind == registrygen.RowEdited && column != "extra" {
					assert.Equal(t, column, d.Mismatch)
				}
			})
		}
	}
}

// An open registry continues to write, and to sign the log as it was.
func TestTamperWithAnOpenRegistry(t *testing.T) {
	for _, style := range styles {
		t.Run(string(style), func(t *testing.T) {
			settings := toTamper(t, 7)
			settings.Style = style
			r := open(t, settings)
			for i, kind := range []registrygen.Kind{
				registrygen.RowEdited, registrygen.RowDeleted, registrygen.RowInserted, registrygen.RowForgedIndex, registrygen.RowDuplicated,
				registrygen.LeafEdited, registrygen.LeafRehashed, registrygen.LeafReordered, registrygen.LeafUnreadable,
			} {
				at := int64(30 + 2*i)
				_, err := registrygen.Tamper(t.Context(), settings, kind, registrygen.TamperOptions{At: &at})
				require.NoError(t, err)
				write(t, r, 1)
			}
			honest, err := r.Head()
			require.NoError(t, err)
			assert.EqualValues(t, tamperedEvents+25+9, honest.Size)
			require.NoError(t, r.Close())
			assert.Equal(t, fmt.Sprintf("%x", honest.Root), stateOf(t, settings).head.Root)
		})
	}
}

// A damaged registry can be damaged again, and accepts more events.
func TestTamperAgain(t *testing.T) {
	settings := inDirectory(t.TempDir())
	filled(t, settings, 150)
	for range 2 {
		for _, kind := range []registrygen.Kind{
			registrygen.RowEdited, registrygen.RowDeleted, registrygen.RowInserted, registrygen.RowForgedIndex, registrygen.RowDuplicated,
			registrygen.LeafEdited, registrygen.LeafRehashed, registrygen.LogRewritten, registrygen.HeadSplit, registrygen.HeadForged,
			registrygen.LogTruncated, registrygen.DatabaseReplaced,
		} {
			settings.Seed++
			_, err := registrygen.Tamper(t.Context(), settings, kind, registrygen.TamperOptions{})
			require.NoError(t, err)
		}
		filled(t, settings, 50)
		checkDeclaredHead(t, settings)
	}
	for _, kind := range []registrygen.Kind{registrygen.LeafReordered, registrygen.LeafDropped, registrygen.LeafUnreadable} {
		settings.Seed++
		_, err := registrygen.Tamper(t.Context(), settings, kind, registrygen.TamperOptions{})
		require.NoError(t, err)
	}
	filled(t, settings, 50)
}

// A row that was edited does not match its leaf after one character is changed.
func TestTamperWithARowThatDiffers(t *testing.T) {
	settings := toTamper(t, 7)
	at := int64(30)
	_, err := registrygen.Tamper(t.Context(), settings, registrygen.LeafEdited, registrygen.TamperOptions{At: &at})
	require.NoError(t, err)
	before := stateOf(t, settings)
	for _, kind := range []registrygen.Kind{registrygen.LeafRehashed, registrygen.LogRewritten} {
		_, err = registrygen.Tamper(t.Context(), settings, kind, registrygen.TamperOptions{At: &at})
		require.ErrorContains(t, err, "already differs from leaf 30")
	}
	d := tampered{before: before, after: stateOf(t, settings)}
	d.sameBut(t)
}

// checkDeclaredHead checks the head with the hashes that the log says it has.
func checkDeclaredHead(t *testing.T, settings registrygen.Settings) {
	t.Helper()
	s := stateOf(t, settings)
	assert.True(t, s.head.signed)
	assert.Equal(t, len(s.lines), s.head.Size)
	assert.Equal(t, fmt.Sprintf("%x", rootOf(s.hashes)), s.head.Root)
}

func TestTamperErrors(t *testing.T) {
	one, many := int64(-1), int64(1000)
	for name, test := range map[string]struct {
		kind    registrygen.Kind
		options registrygen.TamperOptions
		want    string
	}{
		"unknown":           {"fire", registrygen.TamperOptions{}, "row-edited, row-deleted, row-inserted, row-forged-index"},
		"no row or leaf":    {registrygen.HeadForged, registrygen.TamperOptions{At: &many}, "has no row or leaf"},
		"a negative number": {registrygen.RowEdited, registrygen.TamperOptions{At: &one}, "no row or leaf -1"},
		"no column":         {registrygen.RowDeleted, registrygen.TamperOptions{Column: "kind"}, "no column"},
		"not in leaves":     {registrygen.RowEdited, registrygen.TamperOptions{Column: "issuer_id"}, `leaves have no column "issuer_id"`},
		"no such row":       {registrygen.RowEdited, registrygen.TamperOptions{At: &many}, "no row 1000"},
		"no such leaf":      {registrygen.LeafEdited, registrygen.TamperOptions{At: &many}, "no leaf 1000"},
		"no leaves to take": {registrygen.LogTruncated, registrygen.TamperOptions{At: &many}, "no leaf 1000"},
		"nothing is lost":   {registrygen.DatabaseReplaced, registrygen.TamperOptions{At: &many}, "no events after row 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := toTamper(t, 7)
			before := stateOf(t, settings)
			_, err := registrygen.Tamper(t.Context(), settings, test.kind, test.options)
			require.ErrorContains(t, err, test.want)
			after := stateOf(t, settings)
			d := tampered{before: before, after: after}
			d.sameBut(t)
		})
	}
}

// Only generated registries are damaged.
func TestTamperRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(t *testing.T, settings *registrygen.Settings)
		want   string
	}{
		"no identity": {func(t *testing.T, settings *registrygen.Settings) {
			require.NoError(t, os.Remove(identityOf(*settings)))
		}, "not a generated registry"},
		"a real registry's identity": {func(t *testing.T, settings *registrygen.Settings) {
			text, err := os.ReadFile(identityOf(*settings))
			require.NoError(t, err)
			text = []byte(strings.Replace(string(text), `"generated": true`, `"generated": false`, 1))
			require.NoError(t, os.WriteFile(identityOf(*settings), text, 0o600))
		}, "real registry"},
		"no database": {func(t *testing.T, settings *registrygen.Settings) {
			require.NoError(t, os.Remove(settings.Database))
		}, "nothing to damage"},
		"no log":                   {func(_ *testing.T, settings *registrygen.Settings) { settings.TlogDir += "x" }, "nothing to damage"},
		"no log given":             {func(_ *testing.T, settings *registrygen.Settings) { settings.TlogDir = "" }, "without a transparency log"},
		"the database is required": {func(_ *testing.T, settings *registrygen.Settings) { settings.Database = "" }, "the database is required"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := inDirectory(t.TempDir())
			generate(t, settings, 2)
			lines := leafLines(t, settings.TlogDir)
			tlog := settings.TlogDir
			test.change(t, &settings)
			for _, kind := range registrygen.Kinds() {
				_, err := registrygen.Tamper(t.Context(), settings, kind, registrygen.TamperOptions{})
				require.ErrorContains(t, err, test.want)
			}
			assert.Equal(t, lines, leafLines(t, tlog))
		})
	}
}

func identityOf(settings registrygen.Settings) string {
	return filepath.Join(filepath.Dir(settings.Database), registrygen.IdentityFile)
}

// In a registry without events, only the head can be damaged.
func TestTamperWithoutEvents(t *testing.T) {
	for _, kind := range registrygen.Kinds() {
		settings := inDirectory(t.TempDir())
		generate(t, settings, 0)
		_, err := registrygen.Tamper(t.Context(), settings, kind, registrygen.TamperOptions{})
		if kind == registrygen.HeadForged || kind == registrygen.LogTruncated {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "write some first", kind)
		}
	}
}

func TestDamageString(t *testing.T) {
	for want, damage := range map[string]registrygen.Damage{
		"row-edited: changed it; expect row_mismatch with oversight.tlog.status mismatch (source_ip), or no finding for a reader that had read all of it before": {
			Kind: registrygen.RowEdited, Message: "changed it",
			Findings: []string{"row_mismatch"}, Status: "mismatch", Mismatch: "source_ip",
		},
		"leaf-dropped: took it; expect row_mismatch and leaf_index_jumped with oversight.tlog.status missing, or log_rewritten and head_not_compared for a reader that had read all of it before": {
			Kind: registrygen.LeafDropped, Message: "took it", Status: "missing",
			Findings: []string{"row_mismatch", "leaf_index_jumped"}, FindingsAfterPriorRead: []string{"log_rewritten", "head_not_compared"},
		},
	} {
		assert.Equal(t, want, damage.String())
	}
}
