// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// rootsModule is the module that the root certificates are from.
const rootsModule = "golang.org/x/crypto/x509roots/fallback"

// sbom lists what the image of an architecture is made of, as CycloneDX: the binaries
// with their modules, as the SBOMs of the release have them, and the root certificates.
func sbom(s options, architecture string) ([]byte, error) {
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: s.Created.Format(time.RFC3339),
		Component: &cdx.Component{
			BOMRef: "image", Type: cdx.ComponentTypeContainer, Name: "otelcol-oversight", Version: s.Version,
			Description: "Container image for linux/" + architecture,
		},
	}
	roots := rootsComponent()
	components := map[string]cdx.Component{roots.BOMRef: roots}
	dependencies := map[string][]string{"image": {roots.BOMRef}}
	for _, binary := range binaries {
		name := filepath.Join(s.Release, fmt.Sprintf("%s_%s_linux_%s.cdx.json", binary, s.Version, architecture))
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("-release: %w", err)
		}
		var program cdx.BOM
		if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&program); err != nil {
			return nil, fmt.Errorf("-release: %s: %w", name, err)
		}
		if program.Metadata == nil || program.Metadata.Component == nil {
			return nil, fmt.Errorf("-release: %s names no component", name)
		}
		main := *program.Metadata.Component
		dependencies["image"] = append(dependencies["image"], main.BOMRef)
		for _, component := range append(list(program.Components), main) {
			components[component.BOMRef] = component
		}
		for _, dependency := range list(program.Dependencies) {
			dependencies[dependency.Ref] = append(dependencies[dependency.Ref], list(dependency.Dependencies)...)
		}
	}
	bom.Components, bom.Dependencies = sortedComponents(components), sortedDependencies(dependencies)
	var text bytes.Buffer
	err := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
	return text.Bytes(), err
}

// list is what an optional list has.
func list[T any](optional *[]T) []T {
	if optional == nil {
		return nil
	}
	return *optional
}

func sortedComponents(byRef map[string]cdx.Component) *[]cdx.Component {
	var sorted []cdx.Component
	for _, component := range byRef {
		sorted = append(sorted, component)
	}
	slices.SortFunc(sorted, func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	return &sorted
}

func sortedDependencies(byRef map[string][]string) *[]cdx.Dependency {
	var sorted []cdx.Dependency
	for ref, on := range byRef {
		slices.Sort(on)
		on = slices.Compact(on)
		sorted = append(sorted, cdx.Dependency{Ref: ref, Dependencies: &on})
	}
	slices.SortFunc(sorted, func(a, b cdx.Dependency) int { return strings.Compare(a.Ref, b.Ref) })
	return &sorted
}

// rootsComponent is the component of the root certificates. Its version is that which
// this command is built with.
func rootsComponent() cdx.Component {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == rootsModule {
				version = module.Version
			}
		}
	}
	purl := "pkg:golang/" + rootsModule + "@" + version
	return cdx.Component{BOMRef: purl, Type: cdx.ComponentTypeData, Name: rootsModule, Version: version, PackageURL: purl}
}
