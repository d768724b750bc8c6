// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package engines

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// dependencyPlugin copies the jars of a POM. Its version is fixed as those in the
// POMs are.
const dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

// Program is a Java program that Maven can fetch.
type Program struct {
	// Name is its directory's name in the cache, without a version.
	Name string
	// POM names the jars that it runs with, in exact versions: a pom.xml.
	POM []byte
	// Class and Source are a class to compile against the jars, and its text. With
	// an empty Class nothing is compiled, and javac is not needed.
	Class  string
	Source []byte
}

// Fetch returns the class path of a program. The first call fetches its jars,
// compiles its class and keeps both in [CacheDir]; later ones, of any process,
// find them there. A changed program is another one.
func Fetch(ctx context.Context, p Program) (classpath string, err error) {
	if err := checkJava(ctx); err != nil {
		return "", err
	}
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, p.Name+"-"+p.hash())
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		err = p.install(ctx, dir)
		if err != nil {
			return "", fmt.Errorf("install %s into %s: %w", p.Name, dir, err)
		}
	} else if err != nil {
		return "", err
	}
	return filepath.Join(dir, "classes") + string(os.PathListSeparator) + filepath.Join(dir, "lib", "*"), nil
}

// hash identifies everything that decides what is installed.
func (p Program) hash() string {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(dependencyPlugin), p.POM, []byte(p.Class), p.Source} {
		fmt.Fprintf(h, "%d:", len(part))
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// install makes the directory. It appears complete or not at all: an interrupted
// download leaves nothing that a later call would use.
func (p Program) install(ctx context.Context, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // public jars
		return err
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(dir), "unfinished-"+p.Name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(unfinished)
	if err := p.fill(ctx, unfinished); err != nil {
		return err
	}
	err = os.Rename(unfinished, dir)
	if _, statErr := os.Stat(dir); err != nil && statErr == nil {
		return nil // another process was faster
	}
	return err
}

func (p Program) fill(ctx context.Context, dir string) error {
	pom := filepath.Join(dir, "pom.xml")
	if err := os.WriteFile(pom, p.POM, 0o600); err != nil {
		return err
	}
	lib := filepath.Join(dir, "lib")
	err := run(ctx, "mvn", "--quiet", "--batch-mode", "--strict-checksums", "--file", pom,
		dependencyPlugin, "-DincludeScope=runtime", "-DoutputDirectory="+lib)
	if err != nil {
		return err
	}
	if p.Class == "" {
		return nil
	}
	source := filepath.Join(dir, p.Class+".java")
	if err := os.WriteFile(source, p.Source, 0o600); err != nil {
		return err
	}
	return run(ctx, "javac", "-cp", filepath.Join(lib, "*"), "-d", filepath.Join(dir, "classes"), source)
}

func run(ctx context.Context, name string, args ...string) error {
	output, err := exec.CommandContext(ctx, name, args...).CombinedOutput() //nolint:gosec // mvn and javac
	switch {
	case errors.Is(err, exec.ErrNotFound) && name == "mvn":
		return errors.New("the jars are fetched with Maven: mvn is not in the PATH")
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("a JDK %d or newer is needed: %s is not in the PATH", minJava, name)
	case err != nil:
		return fmt.Errorf("%s: %w: %s", name, err, output)
	}
	return nil
}
