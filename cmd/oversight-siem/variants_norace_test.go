// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package main

// variantStep is the step through the changes of a row that
// TestVerifyFindsEveryChangeOfARow makes: all of them.
const variantStep = 1
