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
func (e *Event) Address() string {
	if hasMore(e.SourceIP) {
		return addressIn(e.SourceIP)
	}
	if _, err := netip.ParseAddr(e.SourceIP); err != nil {
		return ""
	}
	return e.SourceIP
}

// OtherAddress returns [Event.Address] where it is another text than SourceIP, or "".
func (e *Event) OtherAddress() string {
	if !hasMore(e.SourceIP) {
		return ""
	}
	if address := addressIn(e.SourceIP); address != e.SourceIP {
		return address
	}
	return ""
}

// hasMore reports whether a text may have an IP address and more, or one that is mapped
// to IPv6: these have a colon and one of the other characters.
func hasMore(text string) bool {
	return strings.IndexByte(text, ':') >= 0 && strings.ContainsAny(text, ".[%") || strings.HasPrefix(text, "[")
}

// addressIn returns the IP address in a text that may have more, or "".
func addressIn(text string) string {
	const longest = len("[0000:0000:0000:0000:0000:ffff:255.255.255.255]:65535") + 32 // and a zone
	if len(text) > longest {
		return ""
	}
	address, err := netip.ParseAddr(trimBrackets(text))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
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
