// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package filestat distinguishes files, and states of one file, by what stat reports
// about them.
//
// On Linux, macOS and FreeBSD a file is identified by its device and inode, and a
// write by its change time, which no program can set. Elsewhere, on Windows for
// example, [fs.FileInfo] carries neither. There, two stats are of the same file
// only if size and modification time are equal too: a file that was written to
// counts as another one, and its reader starts over. Nothing is missed that
// way, with one exception: a write that keeps the size, after which the
// modification time was set back.
package filestat

import "io/fs"

// Stat is what a system says of a file at one moment. Stats are compared with
// ==, which reports whether nothing was written in between, as far as the
// system's clock shows. The zero value is that of no file.
type Stat struct {
	// Exists is false for the zero value only.
	Exists bool
	// Device and Inode identify the file while it exists; both are 0 where the
	// system does not say.
	Device, Inode uint64
	// Size is in bytes.
	Size int64
	// Modified is the modification time in unix nanoseconds. Programs can set it.
	Modified int64
	// Changed is the time of the last change of content or attributes, in unix
	// nanoseconds; 0 where the system does not say.
	Changed int64
}

// Of returns the Stat of a file from what [os.Stat] or [os.File.Stat] returned.
func Of(info fs.FileInfo) Stat {
	s := Stat{Exists: true, Size: info.Size(), Modified: info.ModTime().UnixNano()}
	s.addSystem(info.Sys())
	return s
}

// SameFile reports whether both are of the same file, whatever was written to it
// in between. Two that do not exist are the same. See the package's
// documentation for systems that do not identify files.
func (s Stat) SameFile(other Stat) bool {
	if !s.identified() || !other.identified() {
		return s == other
	}
	return s.Device == other.Device && s.Inode == other.Inode
}

func (s Stat) identified() bool { return s.Device != 0 || s.Inode != 0 }
