// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package filestat

import "syscall"

// addSystem adds what only this system says. Another kind of value, from a file
// system that is not the system's own, says nothing.
func (s *Stat) addSystem(sys any) {
	if st, ok := sys.(*syscall.Stat_t); ok {
		s.Device, s.Inode, s.Changed = uint64(st.Dev), st.Ino, st.Ctim.Nano() //nolint:unconvert // the type of Dev differs between architectures
	}
}
