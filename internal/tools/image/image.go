// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
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

// layoutAnnotations name the image for tools that load the layout: skopeo and podman
// look at the first one, containerd and Docker at the second.
func layoutAnnotations(s options) map[string]string {
	return map[string]string{
		"org.opencontainers.image.ref.name": s.Version,
		"io.containerd.image.name":          "docker.io/library/otelcol-oversight:" + s.Version,
	}
}

// writeImage replaces options.Output by an OCI layout with one image for every
// architecture, and options.Archive by an archive of that.
func writeImage(s options) error {
	if err := s.check(); err != nil {
		return err
	}
	index, err := newIndex(s)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(s.Output); err != nil {
		return err
	}
	path, err := layout.Write(s.Output, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(layoutAnnotations(s))); err != nil || s.Archive == "" {
		return err
	}
	return writeArchive(s.Output, s.Archive, s.Created)
}

// newIndex returns an index of the images of all architectures.
func newIndex(s options) (v1.ImageIndex, error) {
	base, err := baseLayer(s)
	if err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, architecture := range architectures {
		image, err := newImage(s, base, architecture)
		if err != nil {
			return nil, err
		}
		platform := &v1.Platform{OS: "linux", Architecture: architecture}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	return mutate.Annotations(index, labels(s)).(v1.ImageIndex), nil
}

// newImage returns the image of one architecture: the layer that all share, and its
// binaries.
func newImage(s options, base v1.Layer, architecture string) (v1.Image, error) {
	programs, err := programLayer(s, architecture)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	created := v1.Time{Time: s.Created}
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: base, History: v1.History{Created: created, CreatedBy: "root certificates, directories"}},
		mutate.Addendum{Layer: programs, History: v1.History{Created: created, CreatedBy: "binaries, licenses, SBOM"}},
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
	if image, err = mutate.ConfigFile(image, file); err != nil {
		return nil, err
	}
	return mutate.Annotations(image, labels(s)).(v1.Image), nil
}

func config(s options) v1.Config {
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

func labels(s options) map[string]string {
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
func baseLayer(s options) (v1.Layer, error) {
	return newLayer([]entry{
		{name: "etc/", mode: 0o755},
		{name: "etc/otelcol-oversight/", mode: 0o755},
		{name: "etc/ssl/", mode: 0o755},
		{name: "etc/ssl/certs/", mode: 0o755},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: certificates()},
		{name: "var/", mode: 0o755},
		{name: "var/lib/", mode: 0o755},
		{name: "var/lib/otelcol-oversight/", mode: 0o750, owner: user},
		{name: "var/log/", mode: 0o755},
		{name: "var/log/otelcol-oversight/", mode: 0o750, owner: user},
	}, s.Created)
}

// programLayer has what the release has for an architecture, and the SBOM of the image.
func programLayer(s options, architecture string) (v1.Layer, error) {
	files, err := readArchive(s, architecture)
	if err != nil {
		return nil, err
	}
	bom, err := sbom(s, architecture)
	if err != nil {
		return nil, err
	}
	const documents = "usr/share/doc/otelcol-oversight/"
	entries := []entry{{name: "usr/", mode: 0o755}, {name: "usr/bin/", mode: 0o755}}
	for _, name := range binaries {
		entries = append(entries, entry{name: "usr/bin/" + name, mode: 0o755, content: files[name]})
	}
	return newLayer(append(entries,
		entry{name: "usr/share/", mode: 0o755},
		entry{name: "usr/share/doc/", mode: 0o755},
		entry{name: documents, mode: 0o755},
		entry{name: documents + licenseFile, mode: 0o644, content: files[licenseFile]},
		entry{name: documents + noticesFile, mode: 0o644, content: files[noticesFile]},
		// Scanners of images look for files with this ending.
		entry{name: documents + "otelcol-oversight.cdx.json", mode: 0o644, content: bom},
	), s.Created)
}
