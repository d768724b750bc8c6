// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunkpackage

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writeApp writes an app called demo that can be packaged.
func writeApp(t *testing.T, changed map[string]string) string {
	files := map[string]string{
		"default/app.conf":      "# comment\n[launcher]\nversion = 1.2.3\n[id]\nname = demo\nversion = 1.2.3\n[package]\nid = demo\n",
		"app.manifest":          `{"info": {"id": {"name": "demo", "version": "1.2.3"}}}`,
		"metadata/default.meta": "[]\n",
	}
	for name, text := range changed {
		files[name] = text
	}
	app := filepath.Join(t.TempDir(), "demo")
	for name, text := range files {
		file := filepath.Join(app, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return app
}

func entries(t *testing.T, content []byte) (names []string, headers []*tar.Header) {
	compressed, err := gzip.NewReader(bytes.NewReader(content))
	require.NoError(t, err)
	archive := tar.NewReader(compressed)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return names, headers
		}
		require.NoError(t, err)
		names, headers = append(names, header.Name), append(headers, header)
	}
}

func TestPack(t *testing.T) {
	name, content, err := Pack(writeApp(t, map[string]string{
		".DS_Store": "x", "default/.hidden": "x", "local/app.conf": "x", "metadata/local.meta": "x", "lookups/local": "x",
	}))
	require.NoError(t, err)
	assert.Equal(t, "demo-1.2.3.tgz", name)
	names, headers := entries(t, content)
	assert.Equal(t, []string{
		"demo/", "demo/app.manifest", "demo/default/", "demo/default/app.conf", "demo/lookups/", "demo/lookups/local",
		"demo/metadata/", "demo/metadata/default.meta",
	}, names)
	for _, header := range headers {
		mode := int64(0o644)
		if strings.HasSuffix(header.Name, "/") {
			mode = 0o755
		}
		assert.Equal(t, mode, header.Mode, header.Name)
		assert.Empty(t, header.Uname+header.Gname, header.Name)
		assert.Zero(t, header.Uid+header.Gid, header.Name)
	}
}

// Two checkouts of one version give the same package, byte for byte.
func TestPackIsDeterministic(t *testing.T) {
	first, second := writeApp(t, nil), writeApp(t, nil)
	require.NoError(t, os.Chtimes(filepath.Join(second, "app.manifest"), time.Unix(1, 0), time.Unix(1, 0)))
	require.NoError(t, os.Chmod(filepath.Join(second, "app.manifest"), 0o700))
	_, one, err := Pack(first)
	require.NoError(t, err)
	_, two, err := Pack(second)
	require.NoError(t, err)
	assert.Equal(t, one, two)
}

func TestPackRefuses(t *testing.T) {
	for _, test := range []struct{ name, file, text, message string }{
		{"another version in [id]", "default/app.conf", "[launcher]\nversion=1.2.3\n[id]\nname=demo\nversion=1.2.2\n[package]\nid=demo\n", `[id] version is "1.2.2", not "1.2.3"`},
		{"another version in the manifest", "app.manifest", `{"info": {"id": {"name": "demo", "version": "2"}}}`, `info.id.version is "2", not "1.2.3"`},
		{"another name", "app.manifest", `{"info": {"id": {"name": "dem", "version": "1.2.3"}}}`, `info.id.name is "dem", not "demo"`},
		{"no version", "default/app.conf", "[id]\nname=demo\n", "[launcher] has no version"},
		{"a manifest that is no JSON", "app.manifest", "x", "app.manifest: invalid character"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := Pack(writeApp(t, map[string]string{test.file: test.text}))
			require.ErrorContains(t, err, test.message)
		})
	}
	_, _, err := Pack(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A link could bring in a file from outside of the app.
func TestPackRefusesLinks(t *testing.T) {
	app := writeApp(t, nil)
	require.NoError(t, os.Symlink("app.manifest", filepath.Join(app, "link")))
	_, _, err := Pack(app)
	require.ErrorContains(t, err, "link: neither a file nor a directory")
}
