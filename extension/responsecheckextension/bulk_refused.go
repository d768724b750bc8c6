// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"fmt"
	"net/http"
	"strings"

	"go.uber.org/zap"
)

// refusedDocuments returns the refusal of a request of which documents were refused.
func refusedDocuments(a *answer, result *bulkResult) *refusal {
	ids, err := documentIDs(a.request)
	if err != nil || len(ids) != result.items {
		ids = make([]string, result.items)
	}
	classes := map[string]int{}
	var accepted, named []string
	for position := range result.items {
		item, refused := result.refused[position]
		if !refused {
			if ids[position] != "" {
				accepted = append(accepted, ids[position])
			}
			continue
		}
		classes[item.Error.class(item.Status)]++
		if len(named) < maxNamedDocuments {
			named = append(named, fmt.Sprintf("%s: status %d %s",
				documentName(a.request, ids, position), item.Status, item.Error.words(a)))
		}
	}
	refused := len(result.refused)
	message := fmt.Sprintf("the destination refused %d of %d documents: %s", refused, result.items, strings.Join(named, "; "))
	if more := refused - len(named); more > 0 {
		message += fmt.Sprintf("; and %d more", more)
	}
	class := documentsClass(classes, refused < result.items)
	return &refusal{
		class: class, permanent: class == classContent, message: message, documents: refused, accepted: accepted,
	}
}

// documentsClass returns the class of a request from the classes of its refused
// documents. A destination that accepted other documents of the same request is not
// to blame as a whole.
func documentsClass(classes map[string]int, someAccepted bool) string {
	switch {
	case classes[classContent] > 0:
		return classContent
	case classes[classUnknown] > 0 || classes[classSize] > 0:
		return classUnknown
	case classes[classDestination] > 0 && someAccepted:
		return classUnknown
	case classes[classDestination] > 0:
		return classDestination
	case classes[classRetryable] > 0:
		return classRetryable
	}
	return classBusy
}

// documentName names a document by its id, or by its position from 0 if it has none.
func documentName(req *http.Request, ids []string, position int) string {
	if ids[position] == "" {
		return fmt.Sprintf("document %d", position)
	}
	return "document " + words(req.Header, ids[position])
}

// reportFailureStore counts and logs documents that are in a failure store. They are
// kept there, so they are accepted; to send them again would add copies.
func (rc *responseCheck) reportFailureStore(req *http.Request, positions []int) {
	rc.telemetry.ResponsecheckFailureStoreDocuments.Add(req.Context(), int64(len(positions)))
	if !rc.failureStoreLog.Allow() {
		return
	}
	var named []string
	ids, err := documentIDs(req)
	for _, position := range positions[:min(len(positions), maxNamedDocuments)] {
		if err != nil || position >= len(ids) {
			ids = make([]string, position+1)
		}
		named = append(named, documentName(req, ids, position))
	}
	rc.logger.Warn("Documents were written to the failure store, not to their data stream. Its documents say why",
		zap.Int("documents", len(positions)), zap.Strings("first", named))
}
