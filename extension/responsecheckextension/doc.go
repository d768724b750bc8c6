// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate mdatagen metadata.yaml

// Package responsecheckextension checks the answers that exporters get to events: a
// login page, a redirect or an answer that leaves documents out is not success.
//
// The extension is a middleware for HTTP and gRPC clients. An exporter uses it with
// `middlewares: [{id: responsecheck}]`, and several exporters can use one instance.
// Requests that carry no events pass unchanged.
package responsecheckextension
