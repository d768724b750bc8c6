// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"

	"github.com/oversight-protocol/oversight-otelcol/internal/treehead"
)

// newHeadClient returns the client that requests tree heads, as it is configured. It
// reads short headers only. No setting of the client bounds them, so that a middleware
// does, which gets the transport first.
func newHeadClient(ctx context.Context, config *TreeHeadConfig, host component.Host, set component.TelemetrySettings) (*http.Client, error) {
	extensions := map[component.ID]component.Component{}
	maps.Copy(extensions, host.GetExtensions())
	extensions[headerLimitID] = headerLimit{}
	limited := config.ClientConfig
	limited.Middlewares = append(slices.Clone(limited.Middlewares), configmiddleware.Config{ID: headerLimitID})
	return limited.ToClient(ctx, extensions, set)
}

var headerLimitID = component.MustNewIDWithName("oversight", "header_limit")

// headerLimit is a middleware that bounds headers.
type headerLimit struct {
	component.StartFunc
	component.ShutdownFunc
}

var _ extensionmiddleware.HTTPClient = headerLimit{}

// GetHTTPRoundTripper implements [extensionmiddleware.HTTPClient].
func (headerLimit) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(_ context.Context, transport http.RoundTripper) (http.RoundTripper, error) {
		treehead.LimitHeader(transport)
		return transport, nil
	}, nil
}
