// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// newOptions are valid, with a release of files that only have the names of the binaries.
func newOptions(t *testing.T) options {
	t.Helper()
	s := options{
		Output: filepath.Join(t.TempDir(), "image"), Release: t.TempDir(),
		Version: "1.2.3", Revision: strings.Repeat("0", 40), Created: time.Unix(1_700_000_000, 0).UTC(),
	}
	s.Archive = filepath.Join(s.Release, "image.tar")
	for _, architecture := range architectures {
		writeRelease(t, s, architecture, append(slices.Clone(binaries), licenseFile, noticesFile))
	}
	return s
}

// writeRelease writes the release for an architecture, with these files.
func writeRelease(t *testing.T, s options, architecture string, names []string) {
	t.Helper()
	file, err := os.Create(filepath.Join(s.Release, "otelcol-oversight_1.2.3_linux_"+architecture+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	compressed := gzip.NewWriter(file)
	archive := tar.NewWriter(compressed)
	for _, name := range names {
		content := []byte(name + " for " + architecture)
		header := &tar.Header{Typeflag: tar.TypeReg, Name: "otelcol/" + name, Mode: 0o755, Size: int64(len(content))}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), compressed.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	for _, name := range binaries {
		text := fmt.Sprintf(`{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,
			"metadata":{"component":{"bom-ref":%[1]q,"type":"application","name":%[1]q,"version":"v1.2.3"}},
			"components":[{"bom-ref":"shared","type":"library","name":"shared"}],
			"dependencies":[{"ref":%[1]q,"dependsOn":["shared"]}]}`, name)
		file := filepath.Join(s.Release, name+"_1.2.3_linux_"+architecture+".cdx.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// What is written is valid, and the next image replaces it.
func TestWrite(t *testing.T) {
	s := newOptions(t)
	for range 2 {
		if err := writeImage(s); err != nil {
			t.Fatal(err)
		}
		index, err := layout.ImageIndexFromPath(s.Output)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Index(index); err != nil {
			t.Fatal(err)
		}
		manifest, err := index.IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(manifest.Manifests); n != 1 {
			t.Fatalf("the layout has %d images, want 1", n)
		}
	}
}

// The archive has every file of the layout, and the same settings give the same bytes.
func TestArchive(t *testing.T) {
	s := newOptions(t)
	var archives [2][]byte
	for i := range archives {
		if err := writeImage(s); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(s.Archive)
		if err != nil {
			t.Fatal(err)
		}
		archives[i] = text
		s.Output = filepath.Join(t.TempDir(), "elsewhere")
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("the second archive differs from the first")
	}
	directory := t.TempDir()
	root, err := os.OpenRoot(directory)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(bytes.NewReader(archives[0])); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(root.MkdirAll(filepath.Dir(header.Name), 0o700), root.WriteFile(header.Name, content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.Close(); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(directory)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
}

// The SBOM has both binaries, what they share once, and the root certificates.
func TestSBOM(t *testing.T) {
	text, err := sbom(newOptions(t), "arm64")
	if err != nil {
		t.Fatal(err)
	}
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, component := range *bom.Components {
		names = append(names, component.Name)
	}
	if want := []string{"otelcol-oversight", "oversight-siem", rootsModule, "shared"}; !slices.Equal(names, want) {
		t.Errorf("the components are %q, want %q", names, want)
	}
	if component := bom.Metadata.Component; component.Type != cdx.ComponentTypeContainer || component.Version != "1.2.3" {
		t.Errorf("the SBOM is about %+v", component)
	}
}

// A release without a file that the image needs is refused, and the file named.
func TestIncompleteRelease(t *testing.T) {
	for _, missing := range append(slices.Clone(binaries), licenseFile, noticesFile) {
		s := newOptions(t)
		names := append(slices.Clone(binaries), licenseFile, noticesFile)
		writeRelease(t, s, "arm64", slices.DeleteFunc(names, func(name string) bool { return name == missing }))
		if err := writeImage(s); err == nil || !strings.HasSuffix(err.Error(), "_linux_arm64.tar.gz has no "+missing) {
			t.Errorf("the error is %v, want one about %s", err, missing)
		}
	}
}

// An error names the flag, and leaves the last image as it is.
func TestErrorsNameFlags(t *testing.T) {
	for _, test := range []struct {
		flag   string
		damage func(*options)
	}{
		{"-output", func(s *options) { s.Output = "" }},
		{"-release", func(s *options) { s.Release = "" }},
		{"-release", func(s *options) { s.Release = filepath.Join(s.Release, "missing") }},
		{"-version", func(s *options) { s.Version = "" }},
		{"-revision", func(s *options) { s.Revision = "" }},
		{"-created", func(s *options) { s.Created = time.Unix(0, 0) }},
	} {
		s := newOptions(t)
		kept := s.Output
		if err := writeImage(s); err != nil {
			t.Fatal(err)
		}
		test.damage(&s)
		if err := writeImage(s); err == nil || !strings.Contains(err.Error(), test.flag) {
			t.Errorf("the error is %v, want one about %s", err, test.flag)
		}
		if _, err := os.Stat(filepath.Join(kept, "index.json")); err != nil {
			t.Errorf("%s: %v", test.flag, err)
		}
	}
}

// The certificates are those of a hundred authorities or more, each of them whole.
func TestCertificates(t *testing.T) {
	n := 0
	for rest := certificates(); len(rest) > 0; n++ {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			t.Fatalf("no certificate after the first %d", n)
		}
		rest = after
	}
	if n < 100 {
		t.Errorf("%d certificates", n)
	}
}
