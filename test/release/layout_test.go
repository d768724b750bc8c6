// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// descriptor names a blob of an OCI layout.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Annotations map[string]string `json:"annotations"`
	Platform    struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
	} `json:"platform"`
}

type imageIndex struct {
	Manifests   []descriptor      `json:"manifests"`
	Annotations map[string]string `json:"annotations"`
}

type imageManifest struct {
	Config descriptor   `json:"config"`
	Layers []descriptor `json:"layers"`
}

type imageConfig struct {
	Created      string `json:"created"`
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Config       struct {
		User        string
		Entrypoint  []string
		Cmd         []string
		Env         []string
		Labels      map[string]string
		Healthcheck struct{ Test []string }
	} `json:"config"`
}

// layout is the directory of an OCI layout.
type layout string

func (l layout) blob(d descriptor) string {
	return filepath.Join(string(l), "blobs", strings.Replace(d.Digest, ":", string(filepath.Separator), 1))
}

func readJSON(t testing.TB, path string, value any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, value))
}

// platforms returns the index of the images, which has one for each architecture.
func (l layout) platforms(t testing.TB) (descriptor, imageIndex) {
	t.Helper()
	var top, platforms imageIndex
	readJSON(t, filepath.Join(string(l), "index.json"), &top)
	require.Len(t, top.Manifests, 1)
	readJSON(t, l.blob(top.Manifests[0]), &platforms)
	return top.Manifests[0], platforms
}

// image returns the image of an architecture.
func (l layout) image(t testing.TB, architecture string) (imageManifest, imageConfig) {
	t.Helper()
	_, platforms := l.platforms(t)
	for _, d := range platforms.Manifests {
		if d.Platform.OS == "linux" && d.Platform.Architecture == architecture {
			var manifest imageManifest
			var config imageConfig
			readJSON(t, l.blob(d), &manifest)
			readJSON(t, l.blob(manifest.Config), &config)
			return manifest, config
		}
	}
	require.Fail(t, "the layout has no image for "+architecture)
	return imageManifest{}, imageConfig{}
}

// unpack writes the files of an image below a directory, with their owners.
func (l layout) unpack(t testing.TB, manifest imageManifest, directory string) {
	t.Helper()
	for _, d := range manifest.Layers {
		file, err := os.Open(l.blob(d))
		require.NoError(t, err)
		layer, err := gzip.NewReader(file)
		require.NoError(t, err)
		for r := tar.NewReader(layer); ; {
			header, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.NoError(t, extract(r, header, filepath.Join(directory, filepath.FromSlash(header.Name))))
		}
		require.NoError(t, file.Close())
	}
}

func extract(r io.Reader, header *tar.Header, path string) error {
	if header.Typeflag == tar.TypeDir {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return err
		}
	} else {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, io.LimitReader(r, header.Size))
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	if err := os.Chown(path, header.Uid, header.Gid); err != nil {
		return err
	}
	return os.Chmod(path, header.FileInfo().Mode())
}
