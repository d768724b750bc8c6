// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var content = filepath.Join("..", "..", "..", "content", "elastic")

// What is generated is committed.
func TestGeneratedFilesAreCommitted(t *testing.T) {
	files, err := generate(content)
	require.NoError(t, err)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(content, filepath.FromSlash(name)))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s: run make generate", name)
	}
	stale, err := files.stale(content)
	require.NoError(t, err)
	assert.Empty(t, stale)
}

// The package's fields and the component template are of the same fields and types.
func TestPackageAndAssetsAgree(t *testing.T) {
	files, err := generate(content)
	require.NoError(t, err)
	var template struct {
		Template struct{ Mappings object }
	}
	require.NoError(t, json.Unmarshal(files["assets/component_template/oversight@mappings.json"], &template))
	plain := map[string]string{}
	flatten(plain, "", template.Template.Mappings["properties"].(object))
	plain[otherLabels.Name] = "object" // by a dynamic template
	for _, dataset := range datasets {
		packaged := map[string]string{}
		for _, name := range []string{"base-fields", "ecs", "fields"} {
			var list []definition
			path := filepath.Join(content, "package", "oversight", "data_stream", dataset, "fields", name+".yml")
			require.NoError(t, readYAML(path, &list))
			for _, d := range list {
				packaged[d.Name] = d.Type
			}
		}
		var template struct {
			Template struct{ Mappings object }
		}
		require.NoError(t, json.Unmarshal(files["assets/index_template/logs-oversight."+dataset+".json"], &template))
		all := map[string]string{}
		flatten(all, "", template.Template.Mappings["properties"].(object))
		for name, kind := range plain {
			all[name] = kind
		}
		assert.Equal(t, packaged, all, dataset)
	}
}

func flatten(types map[string]string, prefix string, properties object) {
	for name, value := range properties {
		m := value.(object)
		if kind, ok := m["type"].(string); ok {
			types[prefix+name] = kind
		} else {
			flatten(types, prefix+name+".", m["properties"].(object))
		}
	}
}

// Elasticsearch's parser of YAML knows no aliases.
func TestPackagedPipelineHasNoAliases(t *testing.T) {
	files, err := generate(content)
	require.NoError(t, err)
	for _, name := range files.names("package/oversight/data_stream/") {
		if strings.HasSuffix(name, "default.yml") {
			assert.NotRegexp(t, `[&*]failed`, string(files[name]), name)
			assert.Contains(t, string(files[name]), "enrichment_error", name)
		}
	}
}

func TestDashboardsNameFieldsThatExist(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "content", "elastic")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "testdata"), 0o700))
	require.NoError(t, os.CopyFS(filepath.Join(dir, "testdata", "ecs"), os.DirFS(filepath.Join("..", "..", "..", "testdata", "ecs"))))
	require.NoError(t, os.MkdirAll(root, 0o700))
	require.NoError(t, os.CopyFS(filepath.Join(root, "dashboards"), os.DirFS(filepath.Join(content, "dashboards"))))
	fields, err := os.ReadFile(filepath.Join(content, "fields.yml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "fields.yml"), fields, 0o600))
	require.NoError(t, addDashboards(root, fileSet{}))

	path := filepath.Join(root, "dashboards", "overview.yml")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for before, after := range map[string]string{
		"split: oversight.beacon_kind":      "split: oversight.kind",
		"{max: event.ingested}":             "{max: event.arrived}",
		"- {field: source.geo.country_name": "- {field: source.geo.country",
	} {
		changed := strings.Replace(string(text), before, after, 1)
		require.NotEqual(t, string(text), changed)
		require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
		assert.ErrorContains(t, addDashboards(root, fileSet{}), "no field", after)
	}
}

// The zip has one directory, and is always the same. Its dashboards are in the form that
// Kibana loads, with JSON in texts.
func TestZip(t *testing.T) {
	dir := filepath.Join(content, "package", "oversight")
	first, second := t.TempDir(), t.TempDir()
	require.NoError(t, writeZip(dir, first))
	require.NoError(t, writeZip(dir, second))
	names, err := filepath.Glob(filepath.Join(first, "oversight-*.zip"))
	require.NoError(t, err)
	require.Len(t, names, 1)
	one, err := os.ReadFile(names[0])
	require.NoError(t, err)
	two, err := os.ReadFile(filepath.Join(second, filepath.Base(names[0])))
	require.NoError(t, err)
	assert.Equal(t, one, two)

	root := strings.TrimSuffix(filepath.Base(names[0]), ".zip") + "/"
	archive, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
	require.NoError(t, err)
	found := map[string][]byte{}
	for _, file := range archive.File {
		require.True(t, strings.HasPrefix(file.Name, root), file.Name)
		reader, err := file.Open()
		require.NoError(t, err)
		found[strings.TrimPrefix(file.Name, root)], err = io.ReadAll(reader)
		require.NoError(t, err)
	}
	require.Contains(t, found, "manifest.yml")
	var dashboard struct {
		Attributes struct {
			PanelsJSON            string `json:"panelsJSON"`
			KibanaSavedObjectMeta struct {
				SearchSourceJSON string `json:"searchSourceJSON"`
			} `json:"kibanaSavedObjectMeta"`
		}
	}
	require.NoError(t, json.Unmarshal(found["kibana/dashboard/oversight-overview.json"], &dashboard))
	var panels []any
	require.NoError(t, json.Unmarshal([]byte(dashboard.Attributes.PanelsJSON), &panels))
	assert.Len(t, panels, 13)
	assert.True(t, json.Valid([]byte(dashboard.Attributes.KibanaSavedObjectMeta.SearchSourceJSON)))
}
