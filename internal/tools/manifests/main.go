// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Command manifests reads Kubernetes objects as YAML from standard input and checks
// them with the types of the Kubernetes API, as the API server decodes them: a field
// that does not exist or has another type is an error. It also checks what binds the
// parts of a StatefulSet together.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"

	appsv1 "k8s.io/api/apps/v1"
)

func main() {
	n, err := check(os.Stdin)
	if err != nil {
		fmt.Fprintf(os.Stderr, "manifests: %v\n", err)
		os.Exit(1)
	}
	fmt.Printf("%d objects are valid\n", n)
}

// check returns the number of objects, and what is wrong with them.
func check(r io.Reader) (n int, err error) {
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, json.SerializerOptions{Yaml: true, Strict: true})
	var found []error
	for documents := yaml.NewYAMLReader(bufio.NewReader(r)); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return n, err
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		object, kind, err := decoder.Decode(document, nil, nil)
		if err == nil {
			err = checkObject(object)
		}
		if err != nil {
			found = append(found, fmt.Errorf("%v: %w", kind, err))
		}
		n++
	}
	if n == 0 {
		found = append(found, errors.New("standard input has no objects"))
	}
	return n, errors.Join(found...)
}

func checkObject(object runtime.Object) error {
	if set, ok := object.(*appsv1.StatefulSet); ok {
		return checkStatefulSet(set)
	}
	return nil
}
