// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package elastic has what Elasticsearch and Kibana need for Oversight's documents: an
// integration package, and the same as plain assets. See docs/elastic.md.
package elastic
