// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// checkFileEvent writes a test line to a file of its own beside the exporter's. The
// exporter writes a new file at its own position and not at the end, so that it would
// overwrite a line that somebody else appended.
// Source: timberjack v1.4.2, openNew in timberjack.go, as fileexporter v0.152.0 uses it.
func (e *exporter) checkFileEvent(context.Context) []finding {
	var settings struct {
		Path string `mapstructure:"path"`
	}
	if err := e.config.read("exporters", e.id, &settings); err != nil {
		return failed("mend `"+e.key()+"`", "the settings cannot be read: %v", err)
	}
	extension := filepath.Ext(settings.Path)
	path := strings.TrimSuffix(settings.Path, extension) + ".doctor-test" + extension
	line, err := json.Marshal(map[string]string{"time": testTime(), "message": testMark})
	if err == nil {
		err = appendLine(path, line)
	}
	if err != nil {
		return failed("see file.directory", "no test line was written to %s: %v", path, plain(err))
	}
	return passed("a test line was written to %s, which is not the exporter's own file; look for \"%s\" where files of this directory are sent to, then remove the file", path, testMark)
}

func appendLine(path string, line []byte) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}
