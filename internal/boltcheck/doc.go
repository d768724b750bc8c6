// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package boltcheck finds out whether bbolt can open a file. bbolt ends the process
// for some kinds of damage: it panics in a goroutine of its own, where nobody can
// recover, and recurses without end where pages refer to each other.
//
// It reads the file alone, and knows its format from go.etcd.io/bbolt v1.4.3,
// internal/common and tx_check.go.
package boltcheck
