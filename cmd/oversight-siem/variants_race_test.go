// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package main

// variantStep is how many changes of a row there are for each that
// TestVerifyFindsEveryChangeOfARow makes: one in so many, since the race detector takes its time.
const variantStep = 16
