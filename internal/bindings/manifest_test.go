// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/bindings/bindingstest"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// samples are databases that real registries wrote, and their documents.
var samples = map[string]int{"registry.sqlite": 25, "registry-public/registry.sqlite": 12, "registry-rust/registry.sqlite": 24}

// manifestsOf are the manifests in a sample.
func manifestsOf(t *testing.T, name string) (manifests []registry.Manifest) {
	t.Helper()
	reader := registry.Open(registry.Settings{Path: copyOf(t, filepath.Join("../../testdata", name))})
	defer reader.Close()
	err := reader.Registrations(t.Context(), func(q *registry.Registrations) (err error) {
		manifests, err = q.Manifests(0, 1000)
		return err
	})
	require.NoError(t, err)
	return manifests
}

func copyOf(t *testing.T, path string) string {
	t.Helper()
	from, err := os.Open(path)
	require.NoError(t, err)
	defer from.Close()
	to, err := os.Create(filepath.Join(t.TempDir(), "registry.sqlite"))
	require.NoError(t, err)
	defer to.Close()
	_, err = io.Copy(to, from)
	require.NoError(t, err)
	return to.Name()
}

func TestManifestsOfRealRegistries(t *testing.T) {
	for name, documents := range samples {
		t.Run(name, func(t *testing.T) {
			manifests := manifestsOf(t, name)
			require.Len(t, manifests, documents)
			for i := range manifests {
				text := string(manifests[i].JSON)
				m, ok := parseManifest([]byte(text))
				require.True(t, ok)
				assert.True(t, m.signed, text)
				assert.Equal(t, manifests[i].FileID, m.fileID)
				assert.Len(t, m.tokens, 4)
				for _, signed := range []string{m.fileID, m.recipientID, m.issuerID, m.tokens[0], m.tokens[3]} {
					quoted := bindingstest.Text(signed)
					if !strings.Contains(text, quoted) { // Rust writes UTF-8
						quoted = `"` + signed + `"`
					}
					require.Contains(t, text, quoted)
					changed, ok := parseManifest([]byte(strings.Replace(text, quoted, `"x`+quoted[1:], 1)))
					assert.True(t, ok)
					assert.False(t, changed.signed, "%s is signed", signed)
				}
			}
		})
	}
}

// What is stored has other white space, order and escapes than what was signed, and may
// lack what the registry adds.
func TestSignedForms(t *testing.T) {
	issuer := bindingstest.NewIssuer("iss\u007f \U0001f600 <&> \u2028", 1)
	text := issuer.Manifest("file-1", `al"ice\é`, "a1")
	for name, stored := range map[string]string{
		"as signed":      text,
		"null":           strings.Replace(text, `"x25519_pub":"00"`, `"x25519_pub":"00","ed25519_pub":null`, 1),
		"absent default": strings.Replace(text, `"l3_policy":{},`, "", 1),
		"UTF-8":          strings.Replace(text, `\u00e9`, "é", 1),
		"order":          `{"version":"OVERSIGHT-v1",` + strings.Replace(text[1:], `"version":"OVERSIGHT-v1",`, "", 1),
		"unknown key":    strings.Replace(text, `{"beacons"`, `{"a":1,"beacons"`, 1), // which Rust accepts
	} {
		m, ok := parseManifest([]byte(stored))
		assert.True(t, ok, name)
		assert.True(t, m.signed, name)
		assert.Equal(t, `al"ice\é`, m.recipientID, name)
		assert.Equal(t, []string{"a1"}, m.tokens, name)
	}
	for name, stored := range map[string]string{
		"other default":   strings.Replace(text, `"l3_policy":{}`, `"l3_policy":{"a":1}`, 1),
		"signature":       strings.Replace(text, `"signature_ed25519":"`, `"signature_ed25519":"0`, 1),
		"no signature":    strings.Replace(text, `"signature_ed25519"`, `"signature"`, 1),
		"a second object": strings.Replace(text, `"recipient":`, `"recipient":{"recipient_id":"bob"},"recipient2":`, 1),
		"case of a key":   strings.Replace(text, `"recipient":`, `"Recipient":`, 1),
	} {
		m, _ := parseManifest([]byte(stored))
		assert.False(t, m.signed, name)
	}
	for name, stored := range map[string]string{
		"a number":  strings.Replace(text, `"issuer_id":`, `"issuer_id":1,"x":`, 1),
		"no object": "[]",
		"no JSON":   text[1:],
		"nothing":   "",
	} {
		_, ok := parseManifest([]byte(stored))
		assert.False(t, ok, name)
	}
}
