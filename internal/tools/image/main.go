// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command image writes the container image of the collector as an OCI layout, from the
// archives and SBOMs of a release. It needs no daemon. The same release, revision and
// time give the same bytes.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	var s options
	var epoch int64
	flag.StringVar(&s.Output, "output", "", "`DIR` of the OCI layout, which is replaced")
	flag.StringVar(&s.Archive, "archive", "", "`FILE` of an archive of the layout, or nothing")
	flag.StringVar(&s.Release, "release", "", "`DIR` with the archives and SBOMs of the release")
	flag.StringVar(&s.Version, "version", "", "the version of the release")
	flag.StringVar(&s.Revision, "revision", "", "the commit that the binaries are built from")
	flag.Int64Var(&epoch, "created", 0, "the time of that commit, in `SECONDS` since 1970")
	flag.Parse()
	s.Created = time.Unix(epoch, 0).UTC()
	if err := writeImage(s); err != nil {
		fmt.Fprintf(os.Stderr, "image: %v\n", err)
		os.Exit(1)
	}
}
