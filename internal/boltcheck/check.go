// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package boltcheck

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrDamaged says that bbolt cannot open a file.
var ErrDamaged = errors.New("the file is damaged")

// Check returns an error that matches [ErrDamaged] if bbolt could not open the file,
// or would panic. A file that does not exist, is empty, or is used by another process
// has nothing to be checked. It reads each page that is in use once, and holds
// one path from the root in memory.
func Check(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return err
	}
	if used, err := isUsed(file); used || err != nil {
		return err
	}
	return check(file, info.Size())
}

func check(file io.ReaderAt, size int64) error {
	meta, err := readMeta(file, size)
	if err != nil {
		return err
	}
	c := &checker{file: file, size: size, meta: meta, seen: map[uint64]bool{}}
	return c.bucket(meta.root)
}

// checker walks the pages of a file.
type checker struct {
	file io.ReaderAt
	size int64
	meta meta
	seen map[uint64]bool // pages, also those that a page overflows into
}

// bucket checks the pages of a bucket; 0 stands for one that is kept in its parent.
func (c *checker) bucket(root uint64) error {
	if root == 0 {
		return nil
	}
	_, err := c.page(root, nil, nil)
	return err
}

// page checks a page and those below it. Their keys are from least on, and below limit
// if that is not nil. It returns the last of them.
func (c *checker) page(id uint64, least, limit []byte) (last []byte, err error) {
	p, err := c.read(id)
	if err != nil {
		return nil, err
	}
	last = least
	for i := range p.count {
		element, err := p.element(i)
		if err != nil {
			return nil, err
		}
		key := element.key
		if order := bytes.Compare(key, last); order < 0 || order == 0 && i > 0 || limit != nil && bytes.Compare(key, limit) >= 0 {
			return nil, fmt.Errorf("%w: keys of page %d are not in order", ErrDamaged, id)
		}
		if last, err = c.element(p, i, element, limit); err != nil {
			return nil, err
		}
	}
	return last, nil
}

// element checks what is below an element. It returns the last key there.
func (c *checker) element(p page, i int, e element, limit []byte) (last []byte, err error) {
	switch {
	case p.isLeaf && e.isBucket:
		root, err := bucketRoot(e.value)
		if err != nil {
			return nil, fmt.Errorf("%w: bucket in page %d", err, p.id)
		}
		return e.key, c.bucket(root)
	case p.isLeaf:
		return e.key, nil
	}
	if i+1 < p.count {
		next, err := p.element(i + 1)
		if err != nil {
			return nil, err
		}
		limit = next.key
	}
	return c.page(e.child, e.key, limit)
}
