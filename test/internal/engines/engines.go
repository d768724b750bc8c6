// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package engines fetches and runs servers that are written in Java, for tests
// that need a real one: see the packages below it.
//
// It needs a JDK 17 or newer (java and javac) and Maven (mvn), and says so where
// one is missing. Maven runs once for each version of a server: the jars stay in
// the cache, see [CacheDir].
package engines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// CacheEnv is the environment variable that names the directory for the jars.
const CacheEnv = "OVERSIGHT_ENGINES_CACHE"

// CacheDir returns the directory for the jars: what [CacheEnv] names, otherwise
// oversight-otelcol-engines in the user's cache directory, see [os.UserCacheDir].
func CacheDir() (string, error) {
	if dir := os.Getenv(CacheEnv); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory for the jars: %w; set %s", err, CacheEnv)
	}
	return filepath.Join(dir, "oversight-otelcol-engines"), nil
}

// minJava is the oldest release of Java that the servers run on.
const minJava = 17

var javaRelease = regexp.MustCompile(`version "(\d+)`)

// checkJava returns an error if there is no Java that the servers run on.
func checkJava(ctx context.Context) error {
	output, err := exec.CommandContext(ctx, "java", "-version").CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("the real servers need Java %d or newer: java is not in the PATH", minJava)
	}
	if err != nil {
		return fmt.Errorf("java -version: %w: %s", err, output)
	}
	match := javaRelease.FindSubmatch(output)
	if match == nil {
		return fmt.Errorf("java -version printed no version: %s", output)
	}
	release, err := strconv.Atoi(string(match[1]))
	if err != nil || release < minJava {
		return fmt.Errorf("the real servers need Java %d or newer, found %s", minJava, match[1])
	}
	return nil
}
