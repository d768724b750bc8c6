// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"crypto/x509"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newImage builds the image of the binaries under test. That of the architecture
// that they are not of has them too: no test runs it.
func newImage(t testing.TB) layout {
	t.Helper()
	directory := t.TempDir()
	for _, architecture := range []string{"amd64", "arm64"} {
		target := filepath.Join(directory, "binaries", "linux_"+architecture)
		require.NoError(t, os.MkdirAll(target, 0o700))
		for _, name := range []string{"otelcol-oversight", "oversight-siem"} {
			require.NoError(t, os.Symlink(binaries(t, name), filepath.Join(target, name)))
		}
	}
	output := filepath.Join(directory, "image")
	run(t, []string{"OVERSIGHT_BINARIES=" + filepath.Join(directory, "binaries")}, root(t, "scripts", "build-image.sh"), output)
	return layout(output)
}

// The image has both architectures, says what it is, and is the same each time.
func TestImage(t *testing.T) {
	image := newImage(t)
	top, platforms := image.platforms(t)
	assert.Equal(t, version(t), top.Annotations["org.opencontainers.image.ref.name"])
	assert.Len(t, platforms.Manifests, 2)
	for _, architecture := range []string{"amd64", "arm64"} {
		_, config := image.image(t, architecture)
		assert.Equal(t, "linux", config.OS)
		assert.Equal(t, architecture, config.Architecture)
		assert.Equal(t, "10001:10001", config.Config.User)
		assert.Equal(t, []string{"/usr/bin/otelcol-oversight"}, config.Config.Entrypoint)
		assert.Equal(t, []string{"--config", "/etc/otelcol-oversight/config.yaml"}, config.Config.Cmd)
		assert.Equal(t, []string{"CMD", "/usr/bin/oversight-siem", "health", "--alive"}, config.Config.Healthcheck.Test)
		assert.Equal(t, version(t), config.Config.Labels["org.opencontainers.image.version"])
		assert.Equal(t, config.Created, config.Config.Labels["org.opencontainers.image.created"])
		assert.Equal(t, "Apache-2.0", config.Config.Labels["org.opencontainers.image.licenses"])
		assert.Regexp(t, "^[0-9a-f]{40}$", config.Config.Labels["org.opencontainers.image.revision"])
	}
	again, _ := newImage(t).platforms(t)
	assert.Equal(t, top.Digest, again.Digest)
}

// There is nothing in the image that it does not need: no shell, and nothing that the
// user could write except below its two directories.
func TestImageFiles(t *testing.T) {
	image := newImage(t)
	manifest, _ := image.image(t, runtime.GOARCH)
	directory := t.TempDir()
	image.unpack(t, manifest, directory)
	var files []string
	require.NoError(t, filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		name, err := filepath.Rel(directory, path)
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		if entry.Type().IsRegular() {
			files = append(files, name)
		}
		writable := name == "var/lib/otelcol-oversight" || name == "var/log/otelcol-oversight"
		assert.Equal(t, writable, owner(info) == 10001, name)
		assert.Zero(t, info.Mode().Perm()&0o022, name)
		return nil
	}))
	assert.Equal(t, []string{
		"etc/ssl/certs/ca-certificates.crt",
		"usr/bin/otelcol-oversight",
		"usr/bin/oversight-siem",
		"usr/share/doc/otelcol-oversight/LICENSE",
	}, files)

	text, err := os.ReadFile(filepath.Join(directory, "etc", "ssl", "certs", "ca-certificates.crt"))
	require.NoError(t, err)
	assert.True(t, x509.NewCertPool().AppendCertsFromPEM(text))
	assert.Greater(t, len(text), 100_000)
}
