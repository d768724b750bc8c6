// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package config contains the collector's configurations, for commands that print them.
package config

import "embed"

// Files are the configurations of this directory that deliver to one destination.
//
//go:embed azuremonitor.yaml elastic.yaml files.yaml opensearch.yaml otlp.yaml sentinel.yaml splunk.yaml
var Files embed.FS

// All are all configurations of this directory.
//
//go:embed *.yaml gateway/*.yaml
var All embed.FS
