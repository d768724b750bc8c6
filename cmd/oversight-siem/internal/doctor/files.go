// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

var errNotRegular = errors.New("not a regular file")

// plain is the reason of an error of a file, without the path.
func plain(err error) error {
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
		return wrapped.Err
	}
	return err
}

// inputFile is a file that somebody else writes.
type inputFile struct {
	path string
	// setting is the key that names it, and what says what it is.
	setting, what string
}

// problem says what keeps this user from reading the file; nil for nothing.
func (f inputFile) problem() []finding {
	info, err := os.Stat(f.path)
	if err == nil && !info.Mode().IsRegular() {
		return failed(fmt.Sprintf("set `%s` to the path of %s", f.setting, f.what), "%s is %s, not a regular file", f.path, kindOf(info.Mode()))
	}
	if err == nil {
		var file *os.File
		if file, err = cli.OpenRegular(f.path); err == nil {
			err = file.Close()
		}
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return failed(fmt.Sprintf("set `%s` to the path of %s, or mount its directory here", f.setting, f.what), "%s does not exist%s", f.path, existingPart(f.path))
	case errors.Is(err, fs.ErrPermission):
		return failed(permit(groupOf(info, f.path), f.path), "this user cannot read %s: %v", f.path, plain(err))
	case errors.Is(err, syscall.ENOTDIR):
		return failed(fmt.Sprintf("set `%s` to the path of %s", f.setting, f.what), "%s does not exist: a part of its path is a file, not a directory", f.path)
	default:
		return failed("look at the disk and the mount: the system reports an error", "%s: %v", f.path, plain(err))
	}
}

// permit says how the collector's user gets to read a file of a group. That of root opens
// much more than the file.
func permit(group, path string) string {
	if group == "root" || group == "0" {
		return fmt.Sprintf("give the collector's user a right of its own, and not root's group: setfacl -m u:otelcol-oversight:rX,d:u:otelcol-oversight:rX %s; setfacl -m u:otelcol-oversight:r %s*; it must be able to search all directories above, too (see docs/operate.md)", filepath.Dir(path), path)
	}
	return fmt.Sprintf("add the collector's user to the group that owns it, such as with usermod -aG %s otelcol-oversight, and let the group read the file and search all directories above it; then restart the service (see docs/operate.md)", group)
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe (FIFO)"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	default:
		return "a device"
	}
}

// existingPart says which directory is the first that is missing.
func existingPart(path string) string {
	missing := ""
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		missing = dir
	}
	if missing == "" {
		return ", its directory does"
	}
	return ", nor does the directory " + missing
}

// mountedAlone reports whether the file itself is mounted, and not its directory.
func mountedAlone(mountInfo, path string) (bool, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(mountInfo)
	if err != nil {
		return false, err
	}
	// The fifth field is the mount point; see proc_pid_mountinfo(5).
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 4 && unescapeMount.Replace(fields[4]) == path {
			return true, nil
		}
	}
	return false, nil
}

var unescapeMount = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// optionalProblem is problem for a file that need not exist.
func (f inputFile) optionalProblem() []finding {
	if _, err := os.Stat(f.path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return f.problem()
}
