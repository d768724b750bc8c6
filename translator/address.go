// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"net/netip"
	"strings"
)

// Address returns the IP address in SourceIP, or "" if there is none: without a port,
// brackets or a zone, and an IPv4 address that is mapped to IPv6 as what it is.
// Registries write what their web server, or a proxy's X-Forwarded-For, has.
func (e *Event) Address() string { return addressIn(e.SourceIP) }

// OtherAddress returns [Event.Address] where it is another text than SourceIP, or "".
func (e *Event) OtherAddress() string {
	if strings.IndexByte(e.SourceIP, ':') < 0 && strings.IndexByte(e.SourceIP, '[') < 0 {
		return "" // an IPv4 address has one form
	}
	if address := e.Address(); address != e.SourceIP {
		return address
	}
	return ""
}

// addressIn returns the IP address in a source_ip, or "".
func addressIn(sourceIP string) string {
	const longest = len("[0000:0000:0000:0000:0000:ffff:255.255.255.255]:65535") + 32 // and a zone
	if len(sourceIP) > longest {
		return ""
	}
	address, err := netip.ParseAddr(trimBrackets(sourceIP))
	if err != nil {
		withPort, err := netip.ParseAddrPort(sourceIP)
		if err != nil {
			return ""
		}
		address = withPort.Addr()
	}
	return address.WithZone("").Unmap().String()
}

func trimBrackets(text string) string {
	if len(text) > 2 && text[0] == '[' && text[len(text)-1] == ']' {
		return text[1 : len(text)-1]
	}
	return text
}
