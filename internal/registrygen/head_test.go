// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

// slowRoot is the Merkle tree hash as RFC 6962, 2.1 defines it.
func slowRoot(leaves [][]byte) [sha256.Size]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0]...))
	}
	k := 1 // the largest power of two smaller than the number of leaves
	for 2*k < len(leaves) {
		k *= 2
	}
	left, right := slowRoot(leaves[:k]), slowRoot(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// leaves returns the log's leaves, without their hashes.
func leaves(t *testing.T, dir string) (leaves [][]byte) {
	t.Helper()
	for _, line := range leafLines(t, dir) {
		var parsed struct {
			Data string `json:"leaf_data_hex"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &parsed))
		data, err := hex.DecodeString(parsed.Data)
		require.NoError(t, err)
		leaves = append(leaves, data)
	}
	return leaves
}

type head struct {
	Size                     int
	Root, Signature, Message string
	signed                   bool // by the key that is published beside it
}

// readHead reads both files, and checks that the head is one.
func readHead(t *testing.T, dir string) head {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, registrygen.HeadFile))
	require.NoError(t, err)
	about, err := os.ReadFile(filepath.Join(dir, registrygen.WellKnownFile))
	require.NoError(t, err)
	return checkHead(t, string(text), string(about))
}

func checkHead(t *testing.T, text, about string) (h head) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &h))
	h.Message = fmt.Sprintf(`{"root":"%s","size":%d}`, h.Root, h.Size)
	want := fmt.Sprintf(`{"size": %d, "root": "%s", "signature": "%s", "signed_message": "{\"root\":\"%s\",\"size\":%d}"}`,
		h.Size, h.Root, h.Signature, h.Root, h.Size)
	require.Equal(t, want, text)

	var published struct {
		Key string `json:"ed25519_pub"`
	}
	require.NoError(t, json.Unmarshal([]byte(about), &published))
	wantAbout := fmt.Sprintf(`{"ed25519_pub":"%s","version":"0.2.1","jurisdiction":"GLOBAL","tlog_size":%d}`, published.Key, h.Size)
	require.Equal(t, []string{wantAbout}, []string{about})
	key, err := hex.DecodeString(published.Key)
	require.NoError(t, err)
	require.Len(t, key, ed25519.PublicKeySize)
	signature, err := hex.DecodeString(h.Signature)
	require.NoError(t, err)
	h.signed = ed25519.Verify(key, []byte(h.Message), signature)
	return h
}

// checkTrueHead checks that the head in the files is signed and over the log.
func checkTrueHead(t *testing.T, settings registrygen.Settings) {
	t.Helper()
	h, log := readHead(t, filepath.Dir(settings.Database)), leaves(t, settings.TlogDir)
	assert.True(t, h.signed)
	assert.Equal(t, len(log), h.Size)
	assert.Equal(t, fmt.Sprintf("%x", slowRoot(log)), h.Root)
}

func TestHeads(t *testing.T) {
	settings := inDirectory(t.TempDir())
	for _, write := range []writing{
		oneByOne(registrygen.Python), oneByOne(registrygen.Rust), filled, oneByOne(registrygen.Python),
	} {
		for _, events := range []int{0, 1, 6} { // 25 documents and 7 events are a complete tree
			write(t, settings, events)
			checkTrueHead(t, settings)
		}
	}
}

// The files are updated while events are written.
func TestHeadsAreUpdated(t *testing.T) {
	settings := inDirectory(t.TempDir())
	r := open(t, settings)
	dir := filepath.Dir(settings.Database)
	before := readHead(t, dir)
	require.Eventually(t, func() bool {
		write(t, r, 1)
		return readHead(t, dir).Size > before.Size
	}, 20*time.Second, time.Millisecond)
	checkTrueHead(t, settings)
}

// With the same seed, heads and keys are the same.
func TestHeadsAreReproducible(t *testing.T) {
	files := func(settings registrygen.Settings, write writing) (texts []string) {
		write(t, settings, 9)
		for _, name := range []string{registrygen.IdentityFile, registrygen.HeadFile, registrygen.WellKnownFile} {
			text, err := os.ReadFile(filepath.Join(filepath.Dir(settings.Database), name))
			require.NoError(t, err)
			texts = append(texts, string(text))
		}
		return texts
	}
	want := files(inDirectory(t.TempDir()), oneByOne(registrygen.Python))
	assert.Equal(t, want, files(inDirectory(t.TempDir()), filled))
	assert.Equal(t, want, files(inDirectory(t.TempDir()), inTwoRuns(filled, oneByOne(registrygen.Rust))))
	other := inDirectory(t.TempDir())
	other.Seed++
	assert.NotEqual(t, want, files(other, filled))
}

func TestIdentity(t *testing.T) {
	settings := inDirectory(t.TempDir())
	generate(t, settings, 0)
	path := filepath.Join(filepath.Dir(settings.Database), registrygen.IdentityFile)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var identity struct {
		Private   string `json:"ed25519_priv"`
		Public    string `json:"ed25519_pub"`
		CreatedAt int64  `json:"created_at"`
		Generated bool   `json:"generated"`
	}
	require.NoError(t, json.Unmarshal(text, &identity))
	private, err := hex.DecodeString(identity.Private)
	require.NoError(t, err)
	public := ed25519.NewKeyFromSeed(private).Public()
	assert.Equal(t, identity.Public, fmt.Sprintf("%x", public))
	assert.Equal(t, registrygen.DefaultStart.Unix(), identity.CreatedAt)
	assert.True(t, identity.Generated)
	assert.Equal(t, public, open(t, settings).PublicKey())

	// Opening it again does not change it.
	settings.Seed++
	generate(t, settings, 3)
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, text, again)
	checkTrueHead(t, settings)
}

// A real registry, or another directory with a key, is not written to.
func TestOtherIdentitiesAreRefused(t *testing.T) {
	key := strings.Repeat("00", ed25519.SeedSize)
	for name, test := range map[string]struct{ text, want string }{
		"a real registry's": {fmt.Sprintf(`{"ed25519_priv": "%s", "ed25519_pub": "%s", "created_at": 1}`, key, key), "real registry"},
		"no JSON":           {"hello", "another directory"},
		"no key":            {`{"generated": true, "ed25519_priv": "00"}`, "ed25519_priv"},
		"another key":       {fmt.Sprintf(`{"generated": true, "ed25519_priv": "%s", "ed25519_pub": "%s"}`, key, key), "ed25519_pub"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := inDirectory(t.TempDir())
			dir := filepath.Dir(settings.Database)
			path := filepath.Join(dir, registrygen.IdentityFile)
			require.NoError(t, os.WriteFile(path, []byte(test.text), 0o600))
			_, err := registrygen.Open(t.Context(), settings)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, test.want)
			assert.Equal(t, []string{registrygen.IdentityFile}, names(t, dir))
		})
	}
}

// A registry that another program created gets no identity.
func TestOtherRegistriesGetNoIdentity(t *testing.T) {
	settings := inDirectory(t.TempDir())
	settings.Database = sample(t)
	r := open(t, settings)
	write(t, r, 1)
	assert.Nil(t, r.PublicKey())
	_, err := r.Head()
	require.ErrorContains(t, err, "created by another program")
	require.NoError(t, r.Close())
	assert.Equal(t, []string{"registry.sqlite"}, names(t, filepath.Dir(settings.Database)))
}

// A damaged log is appended to, and no longer signed.
func TestDamagedLogIsNotSigned(t *testing.T) {
	for name, damage := range map[string]func(lines []string) []string{
		"unreadable": func(lines []string) []string { lines[7] = strings.Repeat("x", len(lines[7])); return lines },
		"missing":    func(lines []string) []string { return append(lines[:7], lines[8:]...) },
	} {
		t.Run(name, func(t *testing.T) {
			settings := inDirectory(t.TempDir())
			dir := filepath.Dir(settings.Database)
			generate(t, settings, 3)
			before := readHead(t, dir)
			text := strings.Join(damage(leafLines(t, settings.TlogDir)), "\n") + "\n"
			require.NoError(t, os.WriteFile(filepath.Join(settings.TlogDir, registrygen.LeavesFile), []byte(text), 0o600))

			r := open(t, settings)
			write(t, r, 2)
			_, err := r.Head()
			require.ErrorContains(t, err, "line 8 ")
			require.NoError(t, r.Close())
			assert.Equal(t, before, readHead(t, dir))
			assert.Equal(t, []string{"5"}, query(t, settings.Database, "SELECT count(*) FROM events"))
		})
	}
}

// A head that was half written, and one of an older log.
func TestHeadsAreRepaired(t *testing.T) {
	settings := inDirectory(t.TempDir())
	generate(t, settings, 3)
	path := filepath.Join(filepath.Dir(settings.Database), registrygen.HeadFile)
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.WriteFile(path+".tmp", []byte("torn"), 0o600))
	r := open(t, settings)
	checkTrueHead(t, settings)
	require.NoError(t, r.Close())
	assert.Equal(t, alone, names(t, filepath.Dir(settings.Database)))
}

// A killed process may leave files behind, and a damaged log is not signed, so that
// they are not overwritten either.
func TestTemporaryFilesAreRemoved(t *testing.T) {
	settings := inDirectory(t.TempDir())
	generate(t, settings, 3)
	_, err := registrygen.Tamper(t.Context(), settings, registrygen.LeafUnreadable, registrygen.TamperOptions{})
	require.NoError(t, err)
	dir := filepath.Dir(settings.Database)
	for _, name := range []string{registrygen.IdentityFile, registrygen.HeadFile, registrygen.WellKnownFile} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".tmp"), []byte("torn"), 0o600))
	}
	require.NoError(t, open(t, settings).Close())
	assert.Equal(t, alone, names(t, dir))
}

func TestHandler(t *testing.T) {
	settings := inDirectory(t.TempDir())
	r := open(t, settings)
	server := httptest.NewServer(r.Handler())
	defer server.Close()
	for range 3 {
		write(t, r, 1)
		_, headText := get(t, server.URL+"/tlog/head")
		status, about := get(t, server.URL+"/.well-known/oversight-registry")
		assert.Equal(t, http.StatusOK, status)
		h, log := checkHead(t, headText, about), leaves(t, settings.TlogDir)
		assert.True(t, h.signed)
		assert.Equal(t, len(log), h.Size, "of this moment")
		assert.Equal(t, fmt.Sprintf("%x", slowRoot(log)), h.Root)
	}
	status, _ := get(t, server.URL+"/tlog/range")
	assert.Equal(t, http.StatusNotFound, status)
	require.NoError(t, r.Close())
	status, text := get(t, server.URL+"/tlog/head")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.JSONEq(t, `{"detail": "the registry is closed"}`, text)
}

func TestFileHandler(t *testing.T) {
	settings := inDirectory(t.TempDir())
	server := httptest.NewServer(registrygen.FileHandler(settings.Database))
	defer server.Close()
	status, _ := get(t, server.URL+"/tlog/head")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	generate(t, settings, 1)
	_, headText := get(t, server.URL+"/tlog/head")
	_, about := get(t, server.URL+"/.well-known/oversight-registry")
	assert.Equal(t, readHead(t, filepath.Dir(settings.Database)), checkHead(t, headText, about))
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, response.StatusCode == http.StatusNotFound, response.Header.Get("Content-Type") != "application/json")
	return response.StatusCode, string(text)
}
