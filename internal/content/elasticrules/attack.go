// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package elasticrules

import (
	"fmt"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// tacticOf says which of a detection's tactics a technique belongs to: rules list
// techniques below their tactics.
var tacticOf = map[string]string{
	"T1020": "TA0010",
	"T1070": "TA0005",
	"T1078": "TA0001",
	"T1119": "TA0009",
	"T1562": "TA0005",
	"T1565": "TA0040",
	"T1567": "TA0010",
	"T1595": "TA0043",
}

type threat struct {
	Framework string   `json:"framework"`
	Tactic    attack   `json:"tactic"`
	Technique []attack `json:"technique"`
}

type attack struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Reference string `json:"reference"`
}

func newAttack(kind string, a detections.Attack) attack {
	return attack{a.ID, a.Name, "https://attack.mitre.org/" + kind + "/" + strings.ReplaceAll(a.ID, ".", "/") + "/"}
}

// threats returns a detection's tactics, each with its techniques.
func threats(d *detections.Detection) ([]threat, error) {
	all := make([]threat, len(d.Tactics))
	for i, tactic := range d.Tactics {
		all[i] = threat{"MITRE ATT&CK", newAttack("tactics", tactic), []attack{}}
	}
techniques:
	for _, technique := range d.Techniques {
		for i := range all {
			if all[i].Tactic.ID == tacticOf[technique.ID] {
				all[i].Technique = append(all[i].Technique, newAttack("techniques", technique))
				continue techniques
			}
		}
		return nil, fmt.Errorf("%s: technique %s belongs to none of its tactics: see tacticOf", d.ID, technique.ID)
	}
	return all, nil
}
