// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

var errUnreadable = errors.New("the configuration cannot be read")

// addStatus asks the running collector for its status and its metrics.
func (j *job) addStatus(ctx context.Context) {
	address, err := j.healthURL()
	j.addAnswer(ctx, "health.json", "the status of the running collector", address, err, maxFile)
	address, err = j.metricsURL()
	j.addAnswer(ctx, "metrics.txt", "the metrics of the running collector", address, err, maxMetrics)
}

func (j *job) addAnswer(ctx context.Context, name, what, address string, err error, limit int) {
	var text string
	if err == nil {
		text, err = j.get(ctx, address, limit)
	}
	j.addOrAbsent(name, what, text, err)
}

// get asks a collector on this machine. It uses no proxy and follows no redirects.
func (j *job) get(ctx context.Context, address string, limit int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, j.Doctor.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", fmt.Errorf("no answer from %s: %w", address, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(limit)+1))
	if err != nil {
		return "", fmt.Errorf("no answer from %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusInternalServerError && response.StatusCode != http.StatusServiceUnavailable {
		return "", fmt.Errorf("%s answers %s", address, response.Status)
	}
	return firstPart(string(body), limit), nil
}

// healthURL is the address of the extension health_check.
func (j *job) healthURL() (string, error) {
	if j.resolved == nil {
		return "", errUnreadable
	}
	extensions := section(j.resolved, "extensions")
	for _, id := range slices.Sorted(maps.Keys(extensions)) {
		kind, _, _ := strings.Cut(id, "/")
		if kind != "health_check" && kind != "healthcheckv2" {
			continue
		}
		settings := section(extensions, id)
		server, path := section(settings, "http"), text(settings, "path")
		if status := section(server, "status"); status != nil {
			path = text(status, "path")
		}
		if server["tls"] != nil || settings["tls"] != nil {
			return "", fmt.Errorf("extensions::%s uses TLS: ask it by hand", id)
		}
		address, err := local(cmp.Or(text(server, "endpoint"), text(settings, "endpoint"), "127.0.0.1:13133"))
		return (&url.URL{Scheme: "http", Host: address, Path: cmp.Or(path, "/"), RawQuery: "verbose"}).String(), err
	}
	return "", errors.New("the configuration has no extension health_check")
}

// metricsURL is the address of the collector's own metrics for Prometheus.
func (j *job) metricsURL() (string, error) {
	if j.resolved == nil {
		return "", errUnreadable
	}
	metrics := section(section(section(j.resolved, "service"), "telemetry"), "metrics")
	readers, named := metrics["readers"].([]any)
	if !named { // the collector's default
		return "http://127.0.0.1:8888/metrics", nil
	}
	for _, reader := range readers {
		reader, _ := reader.(map[string]any)
		exporter := section(section(section(reader, "pull"), "exporter"), "prometheus")
		if exporter == nil {
			continue
		}
		address, err := local(net.JoinHostPort(cmp.Or(text(exporter, "host"), "127.0.0.1"), cmp.Or(text(exporter, "port"), "8888")))
		return "http://" + address + "/metrics", err
	}
	return "", errors.New("the configuration has no reader for Prometheus in service::telemetry::metrics")
}

// local is the address at which this machine reaches a server that listens there.
func local(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("the address %s has no port", cleanValue(address))
	}
	if host == "" || host == "0.0.0.0" {
		host = "127.0.0.1"
	}
	if host == "::" {
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}

// section is the settings below a key; nil for none.
func section(settings map[string]any, key string) map[string]any {
	inner, _ := settings[key].(map[string]any)
	return inner
}

// text is the value of a key as text; empty for none.
func text(settings map[string]any, key string) string {
	if value := settings[key]; value != nil {
		return fmt.Sprint(value)
	}
	return ""
}
