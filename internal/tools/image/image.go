// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is the user and the group that the collector runs as, which are those of the
// official images of the OpenTelemetry Collector. A number, since Kubernetes cannot
// tell whether a name is root.
const user = 10001

// architectures are those of the image.
var architectures = []string{"amd64", "arm64"}

// binaries are the commands of the image. The second one checks the health of the
// first.
var binaries = []string{"otelcol-oversight", "oversight-siem"}

// noticesFile is the name of the licences of what is linked into the binaries.
const noticesFile = "THIRD_PARTY_NOTICES.txt"

// Write replaces Settings.Output by an OCI layout with one image for every
// architecture.
func Write(s Settings) error {
	if err := s.check(); err != nil {
		return err
	}
	base, err := baseLayer(s)
	if err != nil {
		return err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, architecture := range architectures {
		image, err := newImage(s, base, architecture)
		if err != nil {
			return err
		}
		platform := &v1.Platform{OS: "linux", Architecture: architecture}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	index = mutate.Annotations(index, labels(s)).(v1.ImageIndex)
	if err := os.RemoveAll(s.Output); err != nil {
		return err
	}
	path, err := layout.Write(s.Output, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": s.Version}))
}

// newImage returns the image of one architecture: the layer that all share, and its
// binaries.
func newImage(s Settings, base v1.Layer, architecture string) (v1.Image, error) {
	programs, err := programLayer(s, architecture)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	created := v1.Time{Time: s.Created}
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: base, History: v1.History{Created: created, CreatedBy: "root certificates, licence, directories"}},
		mutate.Addendum{Layer: programs, History: v1.History{Created: created, CreatedBy: "binaries"}},
	)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Created, file.OS, file.Architecture, file.Config = created, "linux", architecture, config(s)
	return mutate.ConfigFile(image, file)
}

func config(s Settings) v1.Config {
	owner := strconv.Itoa(user)
	return v1.Config{
		User:       owner + ":" + owner,
		Entrypoint: []string{"/usr/bin/otelcol-oversight"},
		Cmd:        []string{"--config", "/etc/otelcol-oversight/config.yaml"},
		Env:        []string{"PATH=/usr/bin", "OVERSIGHT_STATE=/var/lib/otelcol-oversight"},
		WorkingDir: "/",
		Labels:     labels(s),
		// Whether the collector runs, and not whether its destinations answer: a
		// restart repairs none of those.
		Healthcheck: &v1.HealthConfig{
			Test:        []string{"CMD", "/usr/bin/oversight-siem", "health", "--alive"},
			Interval:    30 * time.Second,
			Timeout:     5 * time.Second,
			StartPeriod: 10 * time.Second,
			Retries:     3,
		},
	}
}

func labels(s Settings) map[string]string {
	const source = "https://github.com/oversight-protocol/oversight-otelcol"
	return map[string]string{
		"org.opencontainers.image.title":         "otelcol-oversight",
		"org.opencontainers.image.description":   "OpenTelemetry Collector that delivers the beacon events of an Oversight registry to a SIEM",
		"org.opencontainers.image.version":       s.Version,
		"org.opencontainers.image.revision":      s.Revision,
		"org.opencontainers.image.created":       s.Created.Format(time.RFC3339),
		"org.opencontainers.image.source":        source,
		"org.opencontainers.image.documentation": source + "/blob/v" + s.Version + "/README.md",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.vendor":        "The Oversight Authors",
	}
}

// baseLayer has what does not depend on the architecture. The user owns the
// directories of state and output: an empty named volume mounted there gets their
// owner.
func baseLayer(s Settings) (v1.Layer, error) {
	licence, err := os.ReadFile(s.Licence)
	if err != nil {
		return nil, fmt.Errorf("-licence: %w", err)
	}
	return newLayer([]entry{
		{name: "etc/", mode: 0o755},
		{name: "etc/otelcol-oversight/", mode: 0o755},
		{name: "etc/ssl/", mode: 0o755},
		{name: "etc/ssl/certs/", mode: 0o755},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: certificates()},
		{name: "usr/", mode: 0o755},
		{name: "usr/share/", mode: 0o755},
		{name: "usr/share/doc/", mode: 0o755},
		{name: "usr/share/doc/otelcol-oversight/", mode: 0o755},
		{name: "usr/share/doc/otelcol-oversight/LICENSE", mode: 0o644, content: licence},
		{name: "var/", mode: 0o755},
		{name: "var/lib/", mode: 0o755},
		{name: "var/lib/otelcol-oversight/", mode: 0o750, owner: user},
		{name: "var/log/", mode: 0o755},
		{name: "var/log/otelcol-oversight/", mode: 0o750, owner: user},
	}, s.Created)
}

// programLayer has the binaries of an architecture, and the notices of what is linked
// into them if a release has written those beside them.
func programLayer(s Settings, architecture string) (v1.Layer, error) {
	directory := filepath.Join(s.Binaries, "linux_"+architecture)
	entries := []entry{{name: "usr/", mode: 0o755}, {name: "usr/bin/", mode: 0o755}}
	for _, name := range binaries {
		content, err := os.ReadFile(filepath.Join(directory, name))
		if err != nil {
			return nil, fmt.Errorf("-binaries: %w", err)
		}
		entries = append(entries, entry{name: "usr/bin/" + name, mode: 0o755, content: content})
	}
	notices, err := os.ReadFile(filepath.Join(directory, noticesFile))
	switch {
	case err == nil:
		entries = append(entries, entry{name: "usr/share/doc/otelcol-oversight/" + noticesFile, mode: 0o644, content: notices})
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("-binaries: %w", err)
	}
	return newLayer(entries, s.Created)
}
