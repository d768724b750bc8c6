// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxBulkRequest is how many bytes of a request, decompressed, are read to find the
// ids of refused documents. The exporter `elasticsearch` sends at most 5 MB unless it
// is configured otherwise.
const maxBulkRequest = 64 << 20

// maxAction is how long the line of an action may be. Ids have at most 512 bytes.
const maxAction = 64 << 10

var errNoBody = errors.New("the request cannot be read again")

// documentIDs returns the ids of the documents of a bulk request in their order, with
// an empty string for one without an id. The answer leaves them out, because the
// exporter asks for it without them.
func documentIDs(req *http.Request) ([]string, error) {
	if req.GetBody == nil {
		return nil, errNoBody
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var text io.Reader = body
	switch encoding := req.Header.Get("Content-Encoding"); encoding {
	case "":
	case "gzip":
		if text, err = gzip.NewReader(body); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("unknown encoding %q", encoding)
	}
	return readIDs(bufio.NewReaderSize(io.LimitReader(text, maxBulkRequest), maxAction))
}

func readIDs(lines *bufio.Reader) ([]string, error) {
	var ids []string
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return ids, nil
		}
		if err != nil {
			return nil, err
		}
		var action map[string]struct {
			ID string `json:"_id"`
		}
		if err := json.Unmarshal(line, &action); err != nil {
			return nil, err
		}
		for name, meta := range action {
			ids = append(ids, meta.ID)
			if name != "delete" { // which has no document
				if err := skipLine(lines); err != nil {
					return nil, err
				}
			}
		}
	}
}

func skipLine(lines *bufio.Reader) error {
	for {
		switch _, err := lines.ReadSlice('\n'); {
		case err == nil, errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}
