// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"time"
)

// options say what the image is made of. All of them but Archive are required.
type options struct {
	// Output is the directory of the OCI layout. What is there is replaced.
	Output string
	// Archive is the file of an archive of the layout, or empty.
	Archive string
	// Release is a directory with the archives and SBOMs of the release for linux.
	Release string
	// Version is the version of the release, without a leading v.
	Version string
	// Revision is the commit that the binaries are built from.
	Revision string
	// Created is the time of every file and of the image.
	Created time.Time
}

func (s options) check() error {
	switch {
	case s.Output == "":
		return errors.New("-output is required: pass the directory of the OCI layout")
	case s.Release == "":
		return errors.New("-release is required: pass the directory with the archives of the release")
	case s.Version == "":
		return errors.New("-version is required: pass dist.version of builder-config.yaml")
	case s.Revision == "":
		return errors.New("-revision is required: pass the commit that the binaries are built from")
	case s.Created.Unix() <= 0:
		return errors.New("-created is required: pass the time of the commit in seconds since 1970")
	}
	return nil
}
