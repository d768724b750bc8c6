// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The image has both architectures, says what it is, and is the same each time.
func TestImage(t *testing.T) {
	image := theImage(t)
	top, platforms := image.platforms(t)
	assert.Equal(t, version(t), top.Annotations["org.opencontainers.image.ref.name"])
	assert.Len(t, platforms.Manifests, 2)
	for _, architecture := range architectures {
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
		assert.Equal(t, platforms.Annotations, config.Config.Labels)
		assert.Regexp(t, "^[0-9a-f]{40}$", config.Config.Labels["org.opencontainers.image.revision"])
	}
	require.NoError(t, buildImage(releaseDirectory(t), "again"))
	again, _ := layout(filepath.Join(releaseDirectory(t), "again")).platforms(t)
	assert.Equal(t, top.Digest, again.Digest)
}

// Another tool than the one that wrote the archive reads it: it checks every digest,
// and finds both architectures. The release has its checksum.
func TestImageArchive(t *testing.T) {
	install(t, "skopeo")
	name := fmt.Sprintf("otelcol-oversight_%s_image.tar", version(t))
	reference := "oci-archive:" + filepath.Join(releaseDirectory(t), name) + ":" + version(t)
	copied := filepath.Join(t.TempDir(), "copy")
	run(t, nil, "skopeo", "--insecure-policy", "copy", "--quiet", "--all", reference, "oci:"+copied)
	_, platforms := layout(copied).platforms(t)
	assert.Len(t, platforms.Manifests, len(architectures))
	for _, architecture := range architectures {
		var inspected struct{ Architecture, Os string }
		require.NoError(t, json.Unmarshal(run(t, nil, "skopeo", "--override-arch", architecture, "inspect", reference), &inspected))
		assert.Equal(t, architecture, inspected.Architecture)
		assert.Equal(t, "linux", inspected.Os)
	}

	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = releaseDirectory(t)
	output, err := check.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Equal(t, 1, strings.Count(string(output), name+": OK\n"))
}

// There is nothing in the image that it does not need: no shell, and nothing that the
// user could write except below its two directories.
func TestImageFiles(t *testing.T) {
	image := theImage(t)
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
		"usr/share/doc/otelcol-oversight/THIRD_PARTY_NOTICES.txt",
		"usr/share/doc/otelcol-oversight/otelcol-oversight.cdx.json",
	}, files)

	text, err := os.ReadFile(filepath.Join(directory, "etc", "ssl", "certs", "ca-certificates.crt"))
	require.NoError(t, err)
	assert.True(t, x509.NewCertPool().AppendCertsFromPEM(text))
	assert.Greater(t, len(text), 100_000)
}
