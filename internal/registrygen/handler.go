// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// Handler answers GET /tlog/head and GET /.well-known/oversight-registry as a
// registry does, with the current state. It answers 503 if [Registry.Head] fails. It
// is safe for concurrent use.
func (r *Registry) Handler() http.Handler {
	return handler(func() (head, about []byte, err error) {
		h, err := r.Head()
		if err != nil {
			return nil, nil, err
		}
		return h.JSON(), wellKnown(r.PublicKey(), h.Size), nil
	})
}

// FileHandler answers as [Registry.Handler] does, with the content of the files beside
// a database, for example after [Tamper]. It answers 503 if they cannot be read. It
// is safe for concurrent use.
func FileHandler(database string) http.Handler {
	dir := filepath.Dir(database)
	return handler(func() (head, about []byte, err error) {
		if head, err = os.ReadFile(filepath.Join(dir, HeadFile)); err != nil {
			return nil, nil, err
		}
		about, err = os.ReadFile(filepath.Join(dir, WellKnownFile))
		return head, about, err
	})
}

// handler answers with what source returns.
func handler(source func() (head, about []byte, err error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tlog/head", func(w http.ResponseWriter, _ *http.Request) {
		head, _, err := source()
		answer(w, head, err)
	})
	mux.HandleFunc("GET /.well-known/oversight-registry", func(w http.ResponseWriter, _ *http.Request) {
		_, about, err := source()
		answer(w, about, err)
	})
	return mux
}

func answer(w http.ResponseWriter, body []byte, err error) {
	status := http.StatusOK
	if err != nil {
		status, body = http.StatusServiceUnavailable, fmt.Appendf(nil, `{"detail":%q}`, err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error means that the client has disconnected
}
