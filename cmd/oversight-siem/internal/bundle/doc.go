// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package bundle writes support bundles: what somebody else needs to find out why a
// collector does not deliver, without secrets and without the content of events.
//
// What a configuration shows is decided by a list of the keys whose values may be shown.
// A key that is not on the list, of a component that this project has never heard of or
// with a typing error, shows no value. Beside that, every file of the bundle is searched
// for the values that the configuration did not show, and they are removed.
package bundle
