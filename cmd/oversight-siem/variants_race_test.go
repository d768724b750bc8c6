// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package main

// variantStep is the step through the changes of a row that
// TestVerifyFindsEveryChangeOfARow makes: a part, as the race detector is slow.
const variantStep = 16
