// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

const set = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: collector}
spec:
  selector: {matchLabels: {app: collector}}
  template:
    metadata: {labels: {app: collector}}
    spec:
      containers:
        - name: collector
          image: otelcol
          ports: [{name: health, containerPort: 13133}]
          livenessProbe: {httpGet: {path: /health, port: health}}
          volumeMounts: [{name: state, mountPath: /state}]
  volumeClaimTemplates: [{metadata: {name: state}}]
`

// Each change of a valid object is found, and named.
func TestCheck(t *testing.T) {
	for _, test := range []struct{ from, to, want string }{
		{"", "", ""},
		{"image:", "imagee:", `unknown field "spec.template.spec.containers[0].imagee"`},
		{"containerPort: 13133", "containerPort: x", "cannot unmarshal string"},
		{"kind: StatefulSet", "kind: StatefullSet", "StatefullSet"},
		{"labels: {app: collector}", "labels: {app: other}", "spec.selector"},
		{"metadata: {name: state}", "metadata: {name: other}", "container collector mounts state"},
		{"[{name: state, mountPath: /state}]", "[{name: state, mountPath: /a}, {name: state, mountPath: /a}]", "mounts two volumes at /a"},
		{"port: health", "port: other", "uses the port other"},
	} {
		_, err := check(strings.NewReader(strings.Replace(set, test.from, test.to, 1)))
		if test.want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, want one with %q", test.to, err, test.want)
		}
	}
	if _, err := check(strings.NewReader("---\n")); err == nil {
		t.Error("no objects are not an error")
	}
}
