// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"net"
	"net/url"
	"strings"

	"go.opentelemetry.io/collector/config/configtls"
)

// address is where a destination listens.
type address struct {
	// network is tcp or unix.
	network, hostPort string
	tls               bool
	// setting is the exporter's that has the address, and url what it says, for HTTP.
	setting string
	url     *url.URL
}

// addresses are those of the exporter.
func (e *exporter) addresses() (settings destinationSettings, all []address, found []finding) {
	if found := e.read(&settings); found != nil {
		return settings, nil, found
	}
	settings.merge()
	secure := e.isGRPC() || e.usesTLS()
	for _, text := range settings.texts() {
		if a := parseAddress(text.value, secure && !settings.TLS.Insecure); a.hostPort != "" {
			a.setting = text.setting
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return settings, nil, failed("set `"+e.key()+"::endpoint`, or `brokers`, to host and port", "the exporter has no address")
	}
	return settings, all, nil
}

func (e *exporter) isGRPC() bool {
	return e.id.Type().String() == "otlp_grpc" || e.id.Type().String() == "otlp"
}

// usesTLS reports whether a Kafka exporter has settings of TLS: it uses it then.
func (e *exporter) usesTLS() bool {
	return e.id.Type().String() == "kafka" && e.config.conf.IsSet("exporters::"+e.id.String()+"::tls")
}

// destinationSettings are where the settings of several exporters have addresses.
type destinationSettings struct {
	Endpoint         string                 `mapstructure:"endpoint"`
	Brokers          []string               `mapstructure:"brokers"`
	TLS              configtls.ClientConfig `mapstructure:"tls"`
	ProxyURL         string                 `mapstructure:"proxy_url"`
	HTTP             clientSettings         `mapstructure:"http"`
	LogsEndpoint     string                 `mapstructure:"logs_endpoint"`
	ConnectionString string                 `mapstructure:"connection_string"`
}

// merge takes the settings of TLS and of the proxy from where opensearch has them.
func (s *destinationSettings) merge() {
	if s.HTTP.Endpoint != "" {
		s.TLS, s.ProxyURL = s.HTTP.TLS, s.HTTP.ProxyURL
	}
}

// addressText is an address as it is written.
type addressText struct{ setting, value string }

// texts are the addresses as they are written.
func (s *destinationSettings) texts() (all []addressText) {
	for _, broker := range s.Brokers {
		all = append(all, addressText{"brokers", broker})
	}
	all = append(all, addressText{"endpoint", s.Endpoint}, addressText{"logs_endpoint", s.LogsEndpoint}, addressText{"http::endpoint", s.HTTP.Endpoint})
	for part := range strings.SplitSeq(s.ConnectionString, ";") {
		if ingestion, ok := strings.CutPrefix(part, "IngestionEndpoint="); ok {
			all = append(all, addressText{"connection_string", ingestion})
		}
	}
	return all
}

// parseAddress is the address of a URL, of a target of gRPC or of host:port; empty for
// none of them.
func parseAddress(text string, secure bool) address {
	scheme, rest, ok := strings.Cut(text, ":")
	switch {
	case ok && scheme == "unix": // unix:path, unix:///path
		return address{network: "unix", hostPort: strings.TrimPrefix(rest, "//"), tls: secure}
	case ok && (scheme == "dns" || scheme == "passthrough"): // dns:host:port, dns://server/host:port
		if target, found := strings.CutPrefix(rest, "//"); found {
			_, rest, _ = strings.Cut(target, "/")
		}
		text = rest
	}
	if !strings.Contains(text, "://") {
		return address{network: "tcp", hostPort: text, tls: secure}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return address{}
	}
	port := map[bool]string{true: "443", false: "80"}[u.Scheme == "https"]
	return address{network: "tcp", hostPort: net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)), tls: u.Scheme == "https", url: u}
}
