// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package configuration writes configurations of the collector: those of config/, with
// answers in place of environment variables.
package configuration

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/config"
)

// destination is what a configuration of config/ asks for.
type destination struct {
	name     string // of the file, without .yaml
	endpoint string // the variable with the URL or address; "" without one
	secret   string // the variable with the secret; "" without one
}

var destinations = []destination{
	{"splunk", "SPLUNK_HEC_ENDPOINT", "SPLUNK_HEC_TOKEN"},
	{"elastic", "ELASTICSEARCH_ENDPOINT", "ELASTICSEARCH_API_KEY"},
	{"opensearch", "OPENSEARCH_ENDPOINT", "OPENSEARCH_PASSWORD"},
	{"sentinel", "AZURE_LOGS_ENDPOINT", "AZURE_CLIENT_SECRET"},
	{"azuremonitor", "", "APPLICATIONINSIGHTS_CONNECTION_STRING"},
	{"otlp", "OTLP_ENDPOINT", ""},
	{"files", "", ""},
}

// Destinations returns the names of the destinations.
func Destinations() (names []string) {
	for _, d := range destinations {
		names = append(names, d.name)
	}
	return names
}

func findDestination(name string) (destination, error) {
	list := strings.Join(Destinations(), ", ")
	if name == "" {
		return destination{}, fmt.Errorf("--for is required: must be one of %s", list)
	}
	i := slices.IndexFunc(destinations, func(d destination) bool { return d.name == name })
	if i < 0 {
		return destination{}, fmt.Errorf("--for is %.40q: must be one of %s", name, list)
	}
	return destinations[i], nil
}

// text returns the configuration of config/.
func (d destination) text() (string, error) {
	text, err := config.Files.ReadFile(d.name + ".yaml")
	return string(text), err
}

// checkOutput returns an error for a directory that the configuration has no use for.
func (d destination) checkOutput(directory string) error {
	text, err := d.text()
	if err == nil && directory != "" && !strings.Contains(text, "${env:OVERSIGHT_OUTPUT") {
		err = fmt.Errorf("--output-dir does not apply to --for %s: remove it", d.name)
	}
	return err
}

// checkEndpoint returns an error for an endpoint that is no URL, where the destination
// needs one.
func (d destination) checkEndpoint(endpoint string) error {
	if endpoint == "" || d.name == "otlp" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("--endpoint must be a URL, such as https://%s.example.org", d.name)
	}
	return nil
}
