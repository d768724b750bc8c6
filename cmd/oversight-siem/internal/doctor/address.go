// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"
)

// address is where a destination listens.
type address struct {
	hostPort string
	tls      bool
}

// addresses are those of the exporter.
func (e *exporter) addresses() (settings destinationSettings, all []address, found []finding) {
	if found := e.read(&settings); found != nil {
		return settings, nil, found
	}
	settings.merge()
	secure := e.id.Type().String() == "otlp_grpc" || e.id.Type().String() == "otlp" || e.usesTLS()
	for _, text := range settings.texts() {
		if a := parseAddress(text, secure && !settings.TLS.Insecure); a.hostPort != "" {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return settings, nil, failed("set `"+e.key()+"::endpoint`, or `brokers`, to host and port", "the exporter has no address")
	}
	return settings, all, nil
}

// usesTLS reports whether a Kafka exporter has settings of TLS: it uses it then.
func (e *exporter) usesTLS() bool {
	return e.id.Type().String() == "kafka" && e.config.conf.IsSet("exporters::"+e.id.String()+"::tls")
}

// destinationSettings are where the settings of several exporters have addresses.
type destinationSettings struct {
	Endpoint string      `mapstructure:"endpoint"`
	Brokers  []string    `mapstructure:"brokers"`
	TLS      tlsSettings `mapstructure:"tls"`
	ProxyURL string      `mapstructure:"proxy_url"`
	HTTP     struct {
		Endpoint string      `mapstructure:"endpoint"`
		TLS      tlsSettings `mapstructure:"tls"`
		ProxyURL string      `mapstructure:"proxy_url"`
	} `mapstructure:"http"`
	LogsEndpoint     string `mapstructure:"logs_endpoint"`
	ConnectionString string `mapstructure:"connection_string"`
}

// merge takes the settings of the client from where opensearch has them.
func (s *destinationSettings) merge() {
	if s.HTTP.Endpoint != "" {
		s.TLS, s.ProxyURL = s.HTTP.TLS, s.HTTP.ProxyURL
	}
}

// texts are the addresses as they are written.
func (s *destinationSettings) texts() []string {
	all := append(slices.Clone(s.Brokers), s.Endpoint, s.LogsEndpoint, s.HTTP.Endpoint)
	for part := range strings.SplitSeq(s.ConnectionString, ";") {
		if ingestion, ok := strings.CutPrefix(part, "IngestionEndpoint="); ok {
			all = append(all, ingestion)
		}
	}
	return all
}

// parseAddress is the address of a URL, or of host:port; empty for neither.
func parseAddress(text string, secure bool) address {
	text = strings.TrimPrefix(text, "dns:///") // a target of gRPC
	if !strings.Contains(text, "://") {
		return address{text, secure}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return address{}
	}
	port := map[bool]string{true: "443", false: "80"}[u.Scheme == "https"]
	return address{net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)), u.Scheme == "https"}
}
