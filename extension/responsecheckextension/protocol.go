// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"net/http"
	"slices"
	"strings"
)

// Names of protocols, as in the metrics.
const (
	protocolHEC   = "splunk_hec"
	protocolBulk  = "elasticsearch"
	protocolOTLP  = "otlp"
	protocolTrack = "azuremonitor"
	protocolOther = "other"
)

// headerSplunkApp is a header that the exporter `splunk_hec` sends with events, by
// which they are recognized at any path.
const headerSplunkApp = "__splunk_app_name"

// protocol is how the answers of one kind of service are checked.
type protocol struct {
	name string
	// maxAnswer is the longest answer in bytes that is read.
	maxAnswer int64
	// check returns what an answer refuses, or nil if it accepts all. It may be nil:
	// then only redirects and HTML are refused.
	check func(*responseCheck, *answer) *refusal
	// passAll says that refusals other than redirects are only counted.
	passAll bool
}

var (
	hec   = &protocol{name: protocolHEC, maxAnswer: 1 << 20, check: checkHEC}
	bulk  = &protocol{name: protocolBulk, maxAnswer: 16 << 20, check: checkBulk}
	otlp  = &protocol{name: protocolOTLP, maxAnswer: 1 << 20, check: checkOTLP}
	track = &protocol{name: protocolTrack, maxAnswer: 4 << 20, check: checkTrack, passAll: true}
	other = &protocol{name: protocolOther}
)

// otherSignals are the ends of the paths at which OTLP sends other signals than logs.
var otherSignals = []string{"/v1/traces", "/v1/metrics", "/v1development/profiles"}

// protocolOf returns the protocol of a request with events, nil for one without, such
// as a health check, and for other signals.
func protocolOf(req *http.Request) *protocol {
	if req.Method != http.MethodPost && req.Method != http.MethodPut {
		return nil
	}
	path := strings.TrimRight(req.URL.Path, "/")
	kind := mediaType(req.Header)
	switch {
	case slices.ContainsFunc(otherSignals, func(end string) bool { return strings.HasSuffix(path, end) }):
		return nil
	case len(req.Header.Values(headerSplunkApp)) > 0, strings.Contains(path, "/services/collector"):
		return hec
	case strings.HasSuffix(path, "/_bulk"):
		return bulk
	case strings.HasSuffix(path, "/v2.1/track"), strings.HasSuffix(path, "/v2/track"):
		return track
	case kind == typeProtobuf, kind == typeJSON && strings.HasSuffix(path, "/v1/logs"):
		return otlp
	}
	return other
}
