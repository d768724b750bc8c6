// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package oversightsiemencodingextension writes Oversight's events and findings as
// lines of JSON, in the shape that a SIEM expects, for exporters that accept an
// encoding, such as file and kafka.
package oversightsiemencodingextension
