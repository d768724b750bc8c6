// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"path/filepath"
)

// checkDatabaseFile checks the database as a file.
func (r *receiver) checkDatabaseFile(s *Settings) []finding {
	if r.Database == "" {
		return failed("set it to the path of the registry's SQLite file", "`receivers::%s::database` is empty", r.id)
	}
	file := inputFile{r.Database, fmt.Sprintf("receivers::%s::database", r.id), "the registry's SQLite file"}
	found := file.problem()
	if alone, err := mountedAlone(s.MountInfo, r.Database); err == nil && alone {
		found = append(found, failed(fmt.Sprintf("mount the directory %s, read-only, in place of the file", filepath.Dir(r.Database)),
			"%s is mounted without its directory: the registry's newest rows are in %s-wal, which is not there, and a file that replaces it is not seen", r.Database, filepath.Base(r.Database))...)
	}
	if len(found) > 0 {
		return found
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		beside := inputFile{r.Database + suffix, file.setting, file.what}
		if problem := beside.optionalProblem(); problem != nil {
			found = append(found, problem...)
		}
	}
	if len(found) > 0 {
		return found
	}
	return passed("this user can read %s and what is beside it", r.Database)
}
