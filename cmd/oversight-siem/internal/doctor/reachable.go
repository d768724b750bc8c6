// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
)

// checkReachable opens a connection to destinations that cannot be asked anything
// without an event.
func (e *exporter) checkReachable(ctx context.Context) (found []finding) {
	addresses, err := e.addresses()
	if err != nil || len(addresses) == 0 {
		return failed("set `"+e.key()+"::endpoint`, or `brokers`, to host and port", "the exporter has no address")
	}
	for _, address := range addresses {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			client := &httpClient{key: e.key()}
			found = append(found, client.unreachable(address, err)...)
			continue
		}
		found = append(found, finding{StatusOK, address + " accepts connections", ""})
		if err := connection.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			found = append(found, failed("look at the network", "%s: %v", address, err)...)
		}
	}
	return append(found, notChecked("look at the collector's log and at its metrics after the start", "whether the destination accepts the credentials and events: it cannot be asked without an event")...)
}

// addresses are host and port of each address of the exporter.
func (e *exporter) addresses() ([]string, error) {
	var settings struct {
		Endpoint string   `mapstructure:"endpoint"`
		Brokers  []string `mapstructure:"brokers"`
		HTTP     struct {
			Endpoint string `mapstructure:"endpoint"`
		} `mapstructure:"http"`
		LogsEndpoint string `mapstructure:"logs_endpoint"`
	}
	if err := e.config.read("exporters", e.id, &settings); err != nil {
		return nil, err
	}
	var addresses []string
	for _, text := range append(settings.Brokers, settings.Endpoint, settings.LogsEndpoint, settings.HTTP.Endpoint) {
		if address := hostPort(text); address != "" {
			addresses = append(addresses, address)
		}
	}
	return addresses, nil
}

// hostPort is the address of a URL, or of host:port; empty for neither.
func hostPort(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return ""
	}
	switch {
	case u.Port() != "":
		return u.Host
	case u.Scheme == "https":
		return net.JoinHostPort(u.Hostname(), "443")
	default:
		return net.JoinHostPort(u.Hostname(), "80")
	}
}
