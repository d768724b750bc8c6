// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// geo maps the attributes that the processor geoip adds, and those of the
// OpenTelemetry semantic conventions, to fields of source.geo.
var geo = []struct {
	field string
	names []string // the first that is present counts
}{
	{"city_name", []string{"geo.city_name", "geo.locality.name"}},
	{"continent_code", []string{"geo.continent_code", "geo.continent.code"}},
	{"continent_name", []string{"geo.continent_name"}},
	{"country_iso_code", []string{"geo.country_iso_code", "geo.country.iso_code"}},
	{"country_name", []string{"geo.country_name"}},
	{"postal_code", []string{"geo.postal_code"}},
	{"region_iso_code", []string{"geo.region_iso_code", "geo.region.iso_code"}},
	{"region_name", []string{"geo.region_name"}},
	{"timezone", []string{"geo.timezone"}},
}

// The two halves of source.geo.location.
const (
	latitude  = "geo.location.lat"
	longitude = "geo.location.lon"
)

// isLocation has the attributes that location writes.
var isLocation = func() map[string]bool {
	known := map[string]bool{latitude: true, longitude: true}
	for _, g := range geo {
		for _, name := range g.names {
			known[name] = true
		}
	}
	return known
}()

// location writes geo.
func location(w shape.Writer, extra translator.ExtraAttributes) {
	if extra.Empty() {
		return
	}
	w.Begin("geo")
	for _, g := range geo {
		for _, name := range g.names {
			if value, ok := extra.Get(name); ok {
				w.AttributeText(g.field, value)
				break
			}
		}
	}
	lat, hasLat := extra.Get(latitude)
	lon, hasLon := extra.Get(longitude)
	if hasLat && hasLon { // Elasticsearch rejects half a geo_point
		w.Begin("location")
		w.Attribute("lat", lat)
		w.Attribute("lon", lon)
		w.End()
	}
	w.End()
}

// extraLabels writes what a pipeline added, except locations. Of attributes whose labels
// would be the same, or that of a field, the second is followed by _2, and so on.
func extraLabels(w shape.Writer, extra translator.ExtraAttributes, isField func(label string) bool) {
	if extra.Empty() {
		return
	}
	written := map[string]bool{}
	for name, value := range extra.All() {
		if isLocation[name] {
			continue
		}
		label := shape.UniqueName(labelOf(name), func(label string) bool { return written[label] || isField(label) })
		written[label] = true
		w.AttributeText(label, value)
	}
}

// labelOf is the label of an attribute. It has no dots, which Elasticsearch would read
// as objects; no brackets, which Logstash reads as the path of a field; and no NUL,
// which Elasticsearch refuses.
func labelOf(name string) string {
	label := strings.Map(func(r rune) rune {
		if r == '.' || r == '[' || r == ']' || r == 0 {
			return '_'
		}
		return r
	}, name)
	if strings.TrimSpace(label) == "" {
		return shape.Unnamed
	}
	return label
}
