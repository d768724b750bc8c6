// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package detections

import (
	"path/filepath"
	"time"
)

// Sample is what a destination holds when a detection runs. Each sample is run alone.
type Sample struct {
	// Name says what it is, for a person.
	Name string `yaml:"name"`
	// Alerts is how many groups the detection must raise: 0 for none.
	Alerts int `yaml:"alerts"`
	// Records are what arrived before the detection runs.
	Records []SampleRecord `yaml:"records"`
}

// SampleRecord is one record, or several alike. Exactly one of Event, Finding and
// Checkpoint is set. In their texts, {n} is the number of the repetition, from 1.
type SampleRecord struct {
	Event      *SampleEvent      `yaml:"event"`
	Finding    *SampleFinding    `yaml:"finding"`
	Checkpoint *SampleCheckpoint `yaml:"checkpoint"`
	// Age is how long before the detection's run it happened.
	Age time.Duration `yaml:"age"`
	// Delay is how long after that it arrived. Default: two seconds.
	Delay *time.Duration `yaml:"delay"`
	// Repeat is how many different records there are. Default: 1.
	Repeat int `yaml:"repeat"`
	// Step is how much later each of them is than the one before.
	Step time.Duration `yaml:"step"`
	// Copies is how often each arrives, by at-least-once delivery. Default: 1.
	Copies int `yaml:"copies"`
}

// SampleEvent is an event. What is absent has a default that no detection minds.
type SampleEvent struct {
	RegistryID   string `yaml:"registry_id"`
	Kind         string `yaml:"kind"`
	TokenID      string `yaml:"token_id"`
	FileID       string `yaml:"file_id"`
	RecipientID  string `yaml:"recipient_id"`
	IssuerID     string `yaml:"issuer_id"`
	SourceIP     string `yaml:"source_ip"`
	UserAgent    string `yaml:"user_agent"`
	Extra        string `yaml:"extra"`
	TlogStatus   string `yaml:"tlog_status"`
	TlogMismatch string `yaml:"tlog_mismatch"`
	// Unknown is set for a token that the registry does not know: FileID, RecipientID
	// and IssuerID are empty.
	Unknown bool `yaml:"unknown"`
	// Nameless is set for a caller without a user agent, Addressless for one without an
	// address.
	Nameless    bool `yaml:"nameless"`
	Addressless bool `yaml:"addressless"`
	// Reduced is set for the reduced form of an event that the destination refused.
	Reduced bool `yaml:"reduced"`
}

// SampleFinding is a finding about the transparency log.
type SampleFinding struct {
	RegistryID string `yaml:"registry_id"`
	Kind       string `yaml:"kind"`
	Message    string `yaml:"message"`
	// Severity is informational, medium or high. Default: that of the kind.
	Severity string `yaml:"severity"`
}

// SampleCheckpoint is a checkpoint record.
type SampleCheckpoint struct {
	RegistryID    string `yaml:"registry_id"`
	Collector     string `yaml:"collector"`
	Receiver      string `yaml:"receiver"`
	Reason        string `yaml:"reason"`
	Quarantined   int64  `yaml:"quarantined"`
	HeadSize      int64  `yaml:"head_size"`
	HeadRoot      string `yaml:"head_root"`
	HeadSignature string `yaml:"head_signature"`
}

// Place is where a network of the samples is.
type Place struct {
	// Network is a prefix in CIDR notation.
	Network   string  `yaml:"network"`
	Country   string  `yaml:"country"`     // its name
	ISOCode   string  `yaml:"country_iso"` // its two letters
	City      string  `yaml:"city"`
	Latitude  float64 `yaml:"latitude"`
	Longitude float64 `yaml:"longitude"`
}

// LoadSamples reads the samples of a detection.
func LoadSamples(content, id string) ([]Sample, error) {
	var list struct {
		Samples []Sample `yaml:"samples"`
	}
	err := read(filepath.Join(content, "testdata", "samples", id+".yaml"), &list)
	return list.Samples, err
}

// LoadPlaces reads where the networks of the samples are.
func LoadPlaces(content string) ([]Place, error) {
	var list struct {
		Places []Place `yaml:"places"`
	}
	err := read(filepath.Join(content, "testdata", "samples", "places.yaml"), &list)
	return list.Places, err
}
