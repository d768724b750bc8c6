// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"go.opentelemetry.io/collector/extension/extensionmiddleware"
)

var _ extensionmiddleware.HTTPClient = (*responseCheck)(nil)

// GetHTTPRoundTripper returns what wraps the transport of an exporter's client.
func (rc *responseCheck) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(_ context.Context, base http.RoundTripper) (http.RoundTripper, error) {
		return &roundTripper{rc: rc, base: base}, nil
	}, nil
}

// roundTripper sends requests, and returns an error where the answer to events is not
// that they were accepted. It is below http.Client, so that a redirect that it
// refuses is not followed.
type roundTripper struct {
	rc   *responseCheck
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.base.RoundTrip(req)
	if err != nil {
		return res, err
	}
	protocol := protocolOf(req)
	if protocol == nil {
		return res, nil
	}
	if refused := t.rc.checkResponse(protocol, req, res); refused != nil {
		_ = res.Body.Close() // the error says more
		if t.rc.hidesFromStatus(protocol, req, refused) {
			return refusedInBody(req, res, refused), nil
		}
		return nil, refused
	}
	return res, nil
}

// checkResponse returns an error for a response that the exporter must not see.
func (rc *responseCheck) checkResponse(protocol *protocol, req *http.Request, res *http.Response) error {
	ctx := req.Context()
	if res.StatusCode >= 300 && res.StatusCode <= 399 {
		rc.telemetry.ResponsecheckRedirectsRefused.Add(ctx, 1)
		refused := refusedRedirect(req, res)
		rc.countRefusal(ctx, protocol.name, refused)
		return refused.err()
	}
	if protocol.check == nil {
		return rc.checkOther(req, res)
	}
	a, err := readAnswer(req, res, protocol.maxAnswer)
	if errors.Is(err, errTooLong) {
		a = &answer{request: req, status: res.StatusCode, header: res.Header}
		refused := a.refusal(classUnknown, false, err.Error())
		rc.countRefusal(ctx, protocol.name, refused)
		return refused.err()
	}
	if err != nil {
		return err
	}
	refused := protocol.check(rc, a)
	if refused == nil {
		rc.count(ctx, protocol.name, outcomeAccepted)
		return nil
	}
	rc.countRefusal(ctx, protocol.name, refused)
	if protocol.passAll {
		return nil
	}
	return refused.err()
}

// checkOther refuses HTML in answer to a request of an unknown protocol.
func (rc *responseCheck) checkOther(req *http.Request, res *http.Response) error {
	a := &answer{request: req, status: res.StatusCode, header: res.Header}
	if !a.ok() || a.mediaType() != "text/html" {
		rc.count(req.Context(), protocolOther, outcomeAccepted)
		return nil
	}
	refused := a.refusal(classUnknown, false, "a page of HTML")
	rc.countRefusal(req.Context(), protocolOther, refused)
	return refused.err()
}

// refusedRedirect returns the refusal of a redirect. The events stay here, and so do
// the headers of the request.
func refusedRedirect(req *http.Request, res *http.Response) *refusal {
	a := &answer{request: req, status: res.StatusCode, header: res.Header}
	target := "nowhere"
	if location, err := res.Location(); err == nil {
		// The query may have secrets of whoever redirects.
		location = &url.URL{Scheme: location.Scheme, Host: location.Host, Path: location.Path}
		target = a.words(location.String())
	}
	return a.refusal(classUnknown, false, "a redirect to "+target+", which is not followed")
}
