// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package deadletterconnector connects a logs pipeline to others, the targets, and
// waits until each of them has accepted every record. A record that a target refuses
// for good, while it accepts others, goes to the `refused` pipelines, with the reason
// as attributes.
package deadletterconnector
