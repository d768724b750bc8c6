// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "time"

const (
	// MaxQuarantine bounds the events in quarantine.
	MaxQuarantine = 1000
	// MaxOwed bounds the events that are owed.
	MaxOwed = 4096
	// RefusedPageEntries is how many events share a page.
	RefusedPageEntries = 16
	// MaxReason bounds [Refused.Reason], in bytes.
	MaxReason = 512

	maxPageList    = 64 << 10
	maxRefusedPage = 64 << 10 // every byte of a reason may take six in JSON
)

// PageList is the numbers of the pages that a part has, in their order.
type PageList struct {
	Pages []int64 `json:"pages"`
	// Next is the number of the next page that is made. Numbers are not used again.
	Next int64 `json:"next"`
	// Extra is the members that this version does not know.
	Extra Extra `json:"-"`
}

// Encode returns the value of [QuarantineKey] or [OwedKey].
func (l *PageList) Encode() ([]byte, error) { return encodeObject(l, l.Extra, maxPageList) }

// DecodePageList reads the value of [QuarantineKey] or [OwedKey].
func DecodePageList(data []byte) (PageList, error) {
	var l PageList
	var err error
	if l.Extra, err = decodeObject(data, &l, maxPageList); err != nil {
		return PageList{}, err
	}
	last := int64(-1)
	for _, number := range l.Pages {
		if number <= last || number >= l.Next {
			return PageList{}, damaged("page %d after page %d, below %d", number, last, l.Next)
		}
		last = number
	}
	return l, nil
}

// Refused is an event that a destination did not accept whole.
type Refused struct {
	ID int64 `json:"id"`
	// UID is the log.record.uid, 32 hex digits.
	UID string `json:"uid"`
	// Reason is what the destination said.
	Reason string `json:"reason"`
	// Since is when it was refused first, and Tried when last.
	Since time.Time `json:"since"`
	Tried time.Time `json:"tried"`
	// TlogStatus and TlogMismatch are the result of the check against the transparency
	// log when it was refused first: it is not checked again.
	TlogStatus   string `json:"tlog_status,omitempty"`
	TlogMismatch string `json:"tlog_mismatch,omitempty"`
}

// RefusedPage is up to [RefusedPageEntries] events, in quarantine or owed.
type RefusedPage struct {
	Events []Refused `json:"events"`
	// Extra is the members that this version does not know.
	Extra Extra `json:"-"`
}

// Encode returns the value of a page under [QuarantinePrefix] or [OwedPrefix].
func (p *RefusedPage) Encode() ([]byte, error) { return encodeObject(p, p.Extra, maxRefusedPage) }

// DecodeRefusedPage reads such a value.
func DecodeRefusedPage(data []byte) (RefusedPage, error) {
	var p RefusedPage
	var err error
	if p.Extra, err = decodeObject(data, &p, maxRefusedPage); err != nil {
		return RefusedPage{}, err
	}
	if len(p.Events) > RefusedPageEntries {
		return RefusedPage{}, damaged("%d events, a page has at most %d", len(p.Events), RefusedPageEntries)
	}
	for _, e := range p.Events {
		if _, ok := NewRow(e.ID, e.UID); !ok || len(e.Reason) > MaxReason {
			return RefusedPage{}, damaged("event %d is not valid", e.ID)
		}
	}
	return p, nil
}
