// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command release builds what users download, from the checkout that it runs in:
//
//	release [-output DIRECTORY] [-tools DIRECTORY] [-platforms LIST] [-tag TAG]
//
// For each platform it writes an archive and an SBOM for each program, for Linux also
// packages for Debian, Red Hat and Alpine, and at the end SHA256SUMS over every file. The same
// commit and the same release of Go always give the same bytes: nothing in them
// depends on the machine, and every time is SOURCE_DATE_EPOCH, which is the commit's if it
// is not set.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	var options options
	flag.StringVar(&options.output, "output", "dist/release", "directory for what is built; its contents are replaced")
	flag.StringVar(&options.tools, "tools", "bin/tools", "directory with nfpm and cyclonedx-gomod")
	flag.StringVar(&options.tag, "tag", "", "the tag that is released, to check it against the version")
	names := flag.String("platforms", strings.Join(platformNames(), ","), "platforms to build for")
	check := flag.Bool("check", false, "only check that everything names the same version")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, &options, *names, *check); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// options are what a user decides.
type options struct {
	output, tools, tag string
}

func run(ctx context.Context, options *options, names string, onlyCheck bool) error {
	version, err := readVersion(".")
	if err != nil {
		return err
	}
	if err := checkVersions(".", version, options.tag); err != nil || onlyCheck {
		return err
	}
	platforms, err := choosePlatforms(names)
	if err != nil {
		return err
	}
	modified, err := releaseTime(ctx)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(options.output); err != nil {
		return err
	}
	r := &release{
		version: version, modified: modified, tools: options.tools,
		output: options.output, work: filepath.Join(options.output, "work"),
	}
	defer os.RemoveAll(r.work)
	return r.build(ctx, platforms)
}
