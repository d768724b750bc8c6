// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Contentsamples writes the samples of all detections as each destination holds them, for
// tests that run the queries of a SIEM with tools that are not written in Go:
// DIR/{splunk,ecs,sentinel}/DETECTION.ndjson, a line for each record.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

func main() {
	content := flag.String("content", "content", "the directory content of the checkout")
	out := flag.String("out", "", "the directory to write to")
	now := flag.String("now", time.Now().UTC().Format(time.RFC3339), "when the detections run, in RFC 3339")
	flag.Parse()
	if err := write(*content, *out, *now); err != nil {
		fmt.Fprintln(os.Stderr, "contentsamples:", err)
		os.Exit(1)
	}
}

func write(content, out, now string) error {
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return err
	}
	list, err := detections.Load(content)
	if err != nil {
		return err
	}
	places, err := detections.LoadPlaces(content)
	if err != nil {
		return err
	}
	renderer := &detections.Renderer{Now: at, Places: places}
	for _, format := range detections.Formats {
		if err := os.MkdirAll(filepath.Join(out, format), 0o750); err != nil {
			return err
		}
		for _, detection := range list {
			lines, err := render(renderer, content, detection.ID, format)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(out, format, detection.ID+".ndjson"), lines, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// render returns the records of all samples of a detection, a line for each.
func render(renderer *detections.Renderer, content, detection, format string) ([]byte, error) {
	samples, err := detections.LoadSamples(content, detection)
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for i := range samples {
		records, err := renderer.Render(&samples[i], format)
		if err != nil {
			return nil, fmt.Errorf("detection %s: %w", detection, err)
		}
		for _, record := range records {
			if err := encoder.Encode(record); err != nil {
				return nil, err
			}
		}
	}
	return lines.Bytes(), nil
}
