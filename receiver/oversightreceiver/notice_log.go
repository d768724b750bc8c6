// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"time"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// noticeInterval is the time between two lines about the same kind of notice.
const noticeInterval = 24 * time.Hour

// noticeLog logs what is odd about a database, each kind once a day, whatever its text:
// every read repeats it, with other rows. It is for one goroutine.
type noticeLog struct {
	logger *zap.Logger
	logged map[registry.NoticeKind]time.Time
}

func newNoticeLog(logger *zap.Logger) *noticeLog {
	return &noticeLog{logger: logger, logged: map[registry.NoticeKind]time.Time{}}
}

func (l *noticeLog) log(notices []registry.Notice, now time.Time) {
	for _, notice := range notices {
		last, ok := l.logged[notice.Kind]
		if ok && now.Sub(last) < noticeInterval {
			continue
		}
		l.logged[notice.Kind] = now
		l.logger.Warn("The database is unusual", zap.String("kind", string(notice.Kind)), zap.String("notice", notice.Text))
	}
}
