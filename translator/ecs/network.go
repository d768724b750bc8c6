// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// The values of network.protocol and network.type. The first of each is for what is not
// known.
var (
	protocols = [...]string{"", "dns", "http"}
	types     = [...]string{"", "ipv4", "ipv6"}
)

// networks has the field set network (ecs-network.html) by the indexes of its two values,
// since a write of both at once is faster. Where there is neither, it is nil.
var networks = func() (fixed [len(protocols)][len(types)]*shape.Fixed) {
	for p, protocol := range protocols {
		for t, ipType := range types {
			if protocol == "" && ipType == "" {
				continue
			}
			fixed[p][t] = shape.NewFixed(func(w shape.Writer) {
				w.Begin("network")
				w.Text("protocol", protocol)
				w.Text("type", ipType)
				w.End()
			})
		}
	}
	return fixed
}()

// network writes by which protocols a beacon of a kind called from an IP address.
func network(w shape.Writer, kind, address string) {
	if fixed := networks[protocolOf(kind)][typeOf(address)]; fixed != nil {
		w.Fixed(fixed)
	}
}

// protocolOf is the index of the application protocol by which a beacon of a kind calls.
// A registry serves ocsp and license beacons by HTTP. Those that only newer registries
// know may call by any.
func protocolOf(kind string) int {
	switch kind {
	case "dns":
		return 1
	case "http_img", "ocsp", "license":
		return 2
	default:
		return 0
	}
}

// typeOf is the index of the network layer of an IP address.
func typeOf(address string) int {
	switch {
	case address == "":
		return 0
	case strings.IndexByte(address, ':') < 0:
		return 1
	default:
		return 2
	}
}
