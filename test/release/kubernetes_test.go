// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// chart is the official chart. testdata/README.md says where it is from.
var chart = filepath.Join("testdata", "opentelemetry-collector-0.170.0.tgz")

type object = map[string]any

// helmTemplate returns the objects that the chart makes of values in deploy/kubernetes.
func helmTemplate(t *testing.T, values ...string) []byte {
	t.Helper()
	arguments := []string{"template", "oversight", chart}
	for _, name := range values {
		arguments = append(arguments, "--values", root(t, "deploy", "kubernetes", name))
	}
	// Nothing of a user's own helm.
	home := t.TempDir()
	return run(t, []string{"HELM_CONFIG_HOME=" + home, "HELM_CACHE_HOME=" + home, "HELM_DATA_HOME=" + home}, tool(t, "helm"), arguments...)
}

// renderChart returns the objects of [helmTemplate] by kind.
func renderChart(t *testing.T, values ...string) map[string]object {
	t.Helper()
	rendered := map[string]object{}
	for decoder := yaml.NewDecoder(bytes.NewReader(helmTemplate(t, values...))); ; {
		var document object
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return rendered
		}
		require.NoError(t, err)
		if document != nil {
			rendered[document["kind"].(string)] = document
		}
	}
}

// at returns a value by the keys and indexes that lead to it.
func at(t testing.TB, value any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			require.Contains(t, value, step)
			value = value.(object)[step]
		case int:
			require.Greater(t, len(value.([]any)), step)
			value = value.([]any)[step]
		}
	}
	return value
}

// named returns the element of a list with a name.
func named(t testing.TB, list any, name string) object {
	t.Helper()
	for _, element := range list.([]any) {
		if element.(object)["name"] == name {
			return element.(object)
		}
	}
	require.Fail(t, "nothing is named "+name)
	return nil
}

// Both layouts are rendered, and the collector accepts the configuration in them.
func TestChartValues(t *testing.T) {
	for name, values := range map[string][]string{
		"beside":  {"values.yaml"},
		"sidecar": {"values.yaml", "values-sidecar.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			requireValidObjects(t, helmTemplate(t, values...))
			rendered := renderChart(t, values...)
			pod := at(t, rendered["StatefulSet"], "spec", "template", "spec")
			requireLockedDown(t, pod)
			assert.Equal(t, 1, at(t, rendered["StatefulSet"], "spec", "replicas"))
			collector := named(t, at(t, pod, "containers"), "opentelemetry-collector")
			assert.True(t, strings.HasSuffix(collector["image"].(string), ":"+version(t)))
			assert.Equal(t, []any{"/usr/bin/otelcol-oversight"}, collector["command"])
			for _, probe := range []string{"livenessProbe", "readinessProbe"} {
				assert.Equal(t, "/health?pipeline=extensions", at(t, collector, probe, "httpGet", "path"))
			}
			validate(t, at(t, rendered["ConfigMap"], "data", "relay").(string))
		})
	}
}

// requireLockedDown checks what the collector's container may do.
func requireLockedDown(t *testing.T, pod any) {
	t.Helper()
	collector := named(t, at(t, pod, "containers"), "opentelemetry-collector")
	assert.Equal(t, 10001, at(t, pod, "securityContext", "runAsUser"))
	assert.Equal(t, true, at(t, collector, "securityContext", "readOnlyRootFilesystem"))
	assert.Equal(t, false, at(t, collector, "securityContext", "allowPrivilegeEscalation"))
	assert.Equal(t, []any{"ALL"}, at(t, collector, "securityContext", "capabilities", "drop"))
	assert.Equal(t, false, at(t, pod, "automountServiceAccountToken"))
	assert.Greater(t, at(t, pod, "terminationGracePeriodSeconds"), int(shutdownLimit.Seconds()))

	mounts := at(t, collector, "volumeMounts")
	assert.Equal(t, object{"name": "registry", "mountPath": "/data", "readOnly": true}, named(t, mounts, "registry"))
	assert.Equal(t, object{"name": "secrets", "mountPath": "/run/secrets/oversight", "readOnly": true}, named(t, mounts, "secrets"))
}

// requireValidObjects checks objects with the types of the Kubernetes API.
func requireValidObjects(t *testing.T, objects []byte) {
	t.Helper()
	command := exec.CommandContext(t.Context(), tool(t, "manifests"))
	command.Stdin = bytes.NewReader(objects)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// A volume of its own pod is read-only, so that fsGroup does not change it.
func TestChartMountsRegistryReadOnly(t *testing.T) {
	pod := at(t, renderChart(t, "values.yaml")["StatefulSet"], "spec", "template", "spec")
	volume := named(t, at(t, pod, "volumes"), "registry")
	assert.Equal(t, object{"claimName": "oversight-registry", "readOnly": true}, volume["persistentVolumeClaim"])
}

// Beside the registry, no group gets access to its private key.
func TestChartSidecar(t *testing.T) {
	rendered := renderChart(t, "values.yaml", "values-sidecar.yaml")
	pod := at(t, rendered["StatefulSet"], "spec", "template", "spec")
	assert.Nil(t, at(t, pod, "securityContext").(object)["fsGroup"])
	registry := named(t, at(t, pod, "containers"), "registry")
	assert.Equal(t, object{"name": "registry", "mountPath": "/data"}, named(t, registry["volumeMounts"], "registry"))
	assert.Len(t, at(t, rendered["StatefulSet"], "spec", "volumeClaimTemplates"), 2)
	assert.Equal(t, "oversight", at(t, rendered["Service"], "spec", "selector", "app.kubernetes.io/instance"))
}

// validate lets the collector check a configuration of the chart.
func validate(t *testing.T, text string) {
	t.Helper()
	const secret = "/run/secrets/oversight/splunk_hec_token"
	require.Contains(t, text, secret)
	directory := t.TempDir()
	token, config := filepath.Join(directory, "token"), filepath.Join(directory, "relay.yaml")
	require.NoError(t, os.WriteFile(token, []byte(hecToken), 0o600))
	require.NoError(t, os.WriteFile(config, []byte(strings.ReplaceAll(text, secret, token)), 0o600))
	run(t, append([]string{"MY_POD_IP=127.0.0.1"}, composeVariables...), binaries(t, "otelcol-oversight"), "validate", "--config", config)
}
