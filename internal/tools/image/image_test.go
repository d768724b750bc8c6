// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// settings are valid, with files that only have the names of the binaries.
func settings(t *testing.T) Settings {
	t.Helper()
	directory := t.TempDir()
	for _, architecture := range architectures {
		target := filepath.Join(directory, "linux_"+architecture)
		if err := os.Mkdir(target, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range binaries {
			if err := os.WriteFile(filepath.Join(target, name), []byte(architecture), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return Settings{
		Output: filepath.Join(t.TempDir(), "image"), Binaries: directory, Licence: filepath.Join("..", "..", "..", "LICENSE"),
		Version: "1.2.3", Revision: strings.Repeat("0", 40), Created: time.Unix(1_700_000_000, 0).UTC(),
	}
}

// What is written is valid, and the next image replaces it.
func TestWrite(t *testing.T) {
	s := settings(t)
	for range 2 {
		if err := Write(s); err != nil {
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

// The notices of a release are in the image.
func TestNotices(t *testing.T) {
	s := settings(t)
	digests := map[string]bool{}
	for _, text := range []string{"", "licences"} {
		if text != "" {
			if err := os.WriteFile(filepath.Join(s.Binaries, "linux_arm64", noticesFile), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		layer, err := programLayer(s, "arm64")
		if err != nil {
			t.Fatal(err)
		}
		digest, err := layer.Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests[digest.String()] = true
	}
	if len(digests) != 2 {
		t.Error("a layer with notices is the same as one without")
	}
}

// An error names the flag, and leaves the last image as it is.
func TestErrorsNameFlags(t *testing.T) {
	for _, test := range []struct {
		flag   string
		damage func(*Settings)
	}{
		{"-output", func(s *Settings) { s.Output = "" }},
		{"-binaries", func(s *Settings) { s.Binaries = "" }},
		{"-binaries", func(s *Settings) { s.Binaries = filepath.Join(s.Binaries, "missing") }},
		{"-licence", func(s *Settings) { s.Licence = "missing" }},
		{"-version", func(s *Settings) { s.Version = "" }},
		{"-revision", func(s *Settings) { s.Revision = "" }},
		{"-created", func(s *Settings) { s.Created = time.Unix(0, 0) }},
	} {
		s := settings(t)
		kept := s.Output
		if err := Write(s); err != nil {
			t.Fatal(err)
		}
		test.damage(&s)
		if err := Write(s); err == nil || !strings.Contains(err.Error(), test.flag) {
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
