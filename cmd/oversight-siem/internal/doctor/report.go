// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// Status is the result of a check.
type Status string

// The results of a check.
const (
	// StatusOK says that nothing is wrong.
	StatusOK Status = "ok"
	// StatusFailed says that events are not delivered, or will not be.
	StatusFailed Status = "failed"
	// StatusWarning says that somebody should look at it.
	StatusWarning Status = "warning"
	// StatusNotChecked says that the check could not be made, and Seen says why.
	StatusNotChecked Status = "not checked"
)

// Result is what a check found. It is also the JSON object of --json.
type Result struct {
	// Check is the id of the check, such as registry.file.
	Check string `json:"check"`
	// Component is the component of the configuration that it is about; empty for none.
	Component string `json:"component,omitempty"`
	Status    Status `json:"status"`
	// Seen says what was found, in one line.
	Seen string `json:"seen"`
	// Remedy says what to do; empty where there is nothing to do.
	Remedy string `json:"remedy,omitempty"`
}

// Report is the results in the order of the checks.
type Report []Result

// Count returns how many results have that status.
func (r Report) Count(status Status) (n int) {
	for i := range r {
		if r[i].Status == status {
			n++
		}
	}
	return n
}

// WriteText writes one line for each result.
func (r Report) WriteText(w io.Writer) error {
	for i := range r {
		if _, err := fmt.Fprintln(w, r[i].line()); err != nil {
			return err
		}
	}
	return nil
}

func (r *Result) line() string {
	line := fmt.Sprintf("[%s] %s", r.Status, r.Check)
	if r.Component != "" {
		line += " " + r.Component
	}
	line += ": " + r.Seen
	if r.Remedy != "" {
		line += ". Remedy: " + r.Remedy
	}
	return cli.Printable(line)
}

// WriteJSON writes one JSON object per line for each result.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for i := range r {
		if err := encoder.Encode(&r[i]); err != nil {
			return err
		}
	}
	return nil
}
