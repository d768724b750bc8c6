// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/translator/sentinel"
)

// maxWorkspacePost is what the Log Analytics Data Collector API takes in a
// post, in bytes.
const maxWorkspacePost = 30_000_000

// webOptions are the flags about sending over HTTP.
type webOptions struct {
	headers       []string
	gzip          bool
	batchEvents   int
	batchBytes    int
	tries         uint
	retryInterval time.Duration
	timeout       time.Duration

	splunkTokenFile string
	workspaceID     string
	sharedKeyFile   string
	logType         string
}

func (o *webOptions) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.headers, "header", nil, "a header of each request, as '`KEY: VALUE`'; ${env:NAME} and ${file:PATH}\nin the value are replaced. Can be given more than once")
	flags.BoolVar(&o.gzip, "gzip", false, "compress requests")
	flags.IntVar(&o.batchEvents, "batch-size", defaultBatchEvents, "events in a request, at most")
	flags.IntVar(&o.batchBytes, "batch-bytes", defaultBatchBytes, "bytes of a request before compression, at most; a larger event goes alone")
	flags.UintVar(&o.tries, "max-tries", defaultTries, "how often a request is sent before the export ends")
	flags.DurationVar(&o.retryInterval, "retry-interval", defaultRetryInterval, "the wait before the second try, without Retry-After; it grows with each one")
	flags.DurationVar(&o.timeout, "timeout", defaultTimeout, "how long a request may take")
}

func (o *webOptions) registerSecrets(flags *pflag.FlagSet) {
	flags.StringVar(&o.splunkTokenFile, "splunk-token-file", "", "`FILE` that holds the HEC token (default: $"+splunkTokenVariable+")")
	flags.StringVar(&o.workspaceID, "sentinel-workspace-id", "", "`ID` of the Log Analytics workspace to sign requests for")
	flags.StringVar(&o.sharedKeyFile, "sentinel-shared-key-file", "", "`FILE` that holds a key of the workspace (default: $"+sharedKeyVariable+")")
	flags.StringVar(&o.logType, "sentinel-log-type", "Oversight", "the table that Log Analytics puts events into, without its suffix _CL")
}

// webFlags are of use with a URL only.
var webFlags = []string{
	"header", "gzip", "batch-size", "batch-bytes", "max-tries", "retry-interval", "timeout",
	"splunk-token-file", "sentinel-workspace-id", "sentinel-shared-key-file", "sentinel-log-type",
}

// unused finds flags that say nothing about a file.
func (o *webOptions) unused(flags *pflag.FlagSet) error {
	for _, name := range webFlags {
		if flags.Changed(name) {
			return fmt.Errorf("--%s is for sending over HTTP: give an http or https URL as --output, or leave it out", name)
		}
	}
	return nil
}

var workspacePattern = regexp.MustCompile(`^[0-9A-Za-z-]+$`)

func (o *webOptions) workspaceURL() (string, error) {
	if !workspacePattern.MatchString(o.workspaceID) {
		return "", fmt.Errorf("--sentinel-workspace-id %q: give the workspace's id, letters, digits and hyphens", o.workspaceID)
	}
	return "https://" + o.workspaceID + ".ods.opinsights.azure.com/api/logs?api-version=2016-04-01", nil
}

// webSettings is how to send.
type webSettings struct {
	url           *url.URL
	header        http.Header
	host          string // instead of the URL's
	hidden        secrets
	body          framing
	reply         judge
	sign          signer // nil for none
	gzip          bool
	batchEvents   int
	batchBytes    int
	tries         uint
	retryInterval time.Duration
	timeout       time.Duration
}

// settings checks the flags and reads the secrets.
func (o *webOptions) settings(format, output string) (webSettings, error) {
	s := webSettings{
		gzip: o.gzip, batchEvents: o.batchEvents, batchBytes: o.batchBytes,
		tries: o.tries, retryInterval: o.retryInterval, timeout: o.timeout,
	}
	if err := o.checkNumbers(); err != nil {
		return s, err
	}
	var err error
	if s.url, err = parseURL(output, &s.hidden); err != nil {
		return s, err
	}
	s.body, s.reply = protocol(format, s.url)
	s.header = http.Header{"Content-Type": {s.body.contentType}, "User-Agent": {"oversight-siem"}}
	if o.gzip {
		s.header.Set("Content-Encoding", "gzip")
	}
	switch format {
	case formatSplunk:
		err = o.setToken(&s)
	case formatSentinel:
		err = o.setSigner(&s)
	}
	if err != nil {
		return s, err
	}
	return s, o.setHeaders(&s)
}

func (o *webOptions) checkNumbers() error {
	switch {
	case o.batchEvents < 1:
		return fmt.Errorf("--batch-size %d: give a positive number of events", o.batchEvents)
	case o.batchBytes < 1:
		return fmt.Errorf("--batch-bytes %d: give a positive number of bytes", o.batchBytes)
	case o.tries < 1:
		return fmt.Errorf("--max-tries %d: give a positive number", o.tries)
	case o.retryInterval <= 0:
		return fmt.Errorf("--retry-interval %s: give a positive duration like 500ms", o.retryInterval)
	case o.timeout <= 0:
		return fmt.Errorf("--timeout %s: give a positive duration like 1m", o.timeout)
	}
	return nil
}

// parseURL hides what a URL may hold of secrets. Its errors do not repeat it.
func parseURL(text string, hidden *secrets) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, errors.New("--output is no URL that can be used: give one like https://siem.example.org:8088/services/collector/event")
	}
	hidden.addURL(u)
	return u, nil
}

// setToken adds the token of Splunk's HTTP Event Collector.
func (o *webOptions) setToken(s *webSettings) error {
	token, err := readSecret("--splunk-token-file", o.splunkTokenFile, splunkTokenVariable)
	if err != nil || token == "" {
		return err
	}
	s.hidden.add(token)
	s.header.Set("Authorization", "Splunk "+token)
	return nil
}

// logTypePattern is from the API's documentation.
var logTypePattern = regexp.MustCompile(`^[0-9A-Za-z_]{1,100}$`)

// setSigner prepares for the Log Analytics Data Collector API.
func (o *webOptions) setSigner(s *webSettings) error {
	key, err := readSecret("--sentinel-shared-key-file", o.sharedKeyFile, sharedKeyVariable)
	switch {
	case err != nil:
		return err
	case o.workspaceID == "" && o.sharedKeyFile != "":
		return errors.New("--sentinel-shared-key-file needs --sentinel-workspace-id: say whose key it is")
	case o.workspaceID == "":
		return nil
	case key == "":
		return fmt.Errorf("--sentinel-workspace-id needs a key: give --sentinel-shared-key-file or set %s", sharedKeyVariable)
	case !logTypePattern.MatchString(o.logType):
		return fmt.Errorf("--sentinel-log-type %q: give up to 100 letters, digits and underscores", o.logType)
	case o.gzip:
		return errors.New("--gzip: the Log Analytics Data Collector API takes no compressed requests: leave it out")
	case o.batchBytes > maxWorkspacePost:
		return fmt.Errorf("--batch-bytes %d: the Log Analytics Data Collector API takes up to %d", o.batchBytes, maxWorkspacePost)
	}
	s.hidden.add(key)
	if _, err := sentinel.SharedKeyAuthorization(o.workspaceID, key, "", 0); err != nil {
		return fmt.Errorf("--sentinel-shared-key-file or %s: %w", sharedKeyVariable, err)
	}
	s.header.Set("Log-Type", o.logType)
	s.header.Set("Time-Generated-Field", "TimeGenerated")
	s.sign = sharedKeySigner(o.workspaceID, key)
	return nil
}

// setHeaders adds the headers that the user gives; they win.
func (o *webOptions) setHeaders(s *webSettings) error {
	for _, text := range o.headers {
		name, value, err := parseHeader(text)
		if err != nil {
			return err
		}
		s.hidden.addHeader(value)
		if strings.EqualFold(name, "Host") {
			s.host = value
			continue
		}
		s.header.Set(name, value)
	}
	return nil
}
