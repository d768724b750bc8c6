// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"net/netip"
	"regexp"
	"strings"
	"sync"
)

// wildcard matches in upper or lower case, * for any text.
func wildcard(pattern, value string) bool {
	if !strings.Contains(pattern, "*") {
		return strings.EqualFold(pattern, value)
	}
	quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `(?s:.*)`)
	compiled, err := compile("(?i)^" + quoted + "$")
	return err == nil && compiled.MatchString(value)
}

// compiled are the patterns that were compiled before.
var compiled sync.Map

func compile(pattern string) (*regexp.Regexp, error) {
	if known, ok := compiled.Load(pattern); ok {
		return known.(*regexp.Regexp), nil
	}
	p, err := regexp.Compile(pattern)
	if err == nil {
		compiled.Store(pattern, p)
	}
	return p, err
}

// like matches SQL's % and _.
func like(value, pattern string) bool {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, "%", "(?s:.*)"), "_", "(?s:.)")
	return regexp.MustCompile("^" + quoted + "$").MatchString(value)
}

func cidrMatch(network, address string) bool {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(address)
	return err == nil && prefix.Contains(ip)
}
