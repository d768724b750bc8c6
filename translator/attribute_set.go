// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

// attribute is an attribute that carries a field.
type attribute struct {
	name  string // "" where no attribute carries the field
	field field
	form  form
}

// attributeSet is the attributes of one kind of record, in the order in which they
// are put.
type attributeSet struct {
	list   []attribute
	byName map[string]*attribute
}

// add appends an attribute. One without a name is skipped.
func (s *attributeSet) add(a attribute) {
	if a.name != "" {
		s.list = append(s.list, a)
	}
}

// index makes the attributes of the list findable.
func (s *attributeSet) index() *attributeSet {
	s.byName = make(map[string]*attribute, len(s.list))
	for i := range s.list {
		s.byName[s.list[i].name] = &s.list[i]
	}
	return s
}

// find returns the attribute of a name and the index at which to start the next
// search, or nil. A search starts at an index, since attributes nearly always come
// in the order in which they were put.
func (s *attributeSet) find(name string, start int) (a *attribute, next int) {
	if start < len(s.list) && s.list[start].name == name {
		return &s.list[start], start + 1
	}
	return s.search(name, start)
}

// search is find for an attribute that is not the next one.
func (s *attributeSet) search(name string, start int) (a *attribute, next int) {
	for i := start; i < len(s.list); i++ {
		if s.list[i].name == name {
			return &s.list[i], i + 1
		}
	}
	return s.byName[name], len(s.list)
}

func (s *attributeSet) has(name string) bool { return s.byName[name] != nil }
