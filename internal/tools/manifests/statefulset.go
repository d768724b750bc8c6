// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// checkStatefulSet checks what the API server would refuse, or a node could not start.
func checkStatefulSet(set *appsv1.StatefulSet) error {
	var found []error
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	switch {
	case err != nil:
		found = append(found, fmt.Errorf("spec.selector: %w", err))
	case !selector.Matches(labels.Set(set.Spec.Template.Labels)):
		found = append(found, errors.New("spec.selector does not select the pods of spec.template"))
	}
	volumes := map[string]bool{}
	for _, claim := range set.Spec.VolumeClaimTemplates {
		volumes[claim.Name] = true
	}
	pod := set.Spec.Template.Spec
	for _, volume := range pod.Volumes {
		volumes[volume.Name] = true
	}
	for _, container := range append(pod.InitContainers, pod.Containers...) {
		found = append(found, checkContainer(container, volumes))
	}
	return errors.Join(found...)
}

// checkContainer checks that the volumes and ports that a container uses exist.
func checkContainer(container corev1.Container, volumes map[string]bool) error {
	var found []error
	paths, ports := map[string]bool{}, map[string]bool{}
	for _, mount := range container.VolumeMounts {
		if !volumes[mount.Name] {
			found = append(found, fmt.Errorf("container %s mounts %s, which is no volume of the pod", container.Name, mount.Name))
		}
		if paths[mount.MountPath] {
			found = append(found, fmt.Errorf("container %s mounts two volumes at %s", container.Name, mount.MountPath))
		}
		paths[mount.MountPath] = true
	}
	for _, port := range container.Ports {
		ports[port.Name] = true
	}
	for _, probe := range []*corev1.Probe{container.LivenessProbe, container.ReadinessProbe, container.StartupProbe} {
		if probe == nil || probe.HTTPGet == nil {
			continue
		}
		if port := probe.HTTPGet.Port; port.Type == intstr.String && !ports[port.StrVal] {
			found = append(found, fmt.Errorf("a probe of container %s uses the port %s, which it does not have", container.Name, port.StrVal))
		}
	}
	return errors.Join(found...)
}
