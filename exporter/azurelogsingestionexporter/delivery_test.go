// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
)

const (
	loadRows    = 100_000
	loadBatch   = 5000
	loadSenders = 4
	loadBadRow  = 9999 // every so many rows the service refuses one
	loadBigRow  = 1000 // every so many rows one has up to 200 kB
)

// loadRow is row number i: 100 bytes to 2 kB, and now and then up to 200 kB.
func loadRow(random *rand.Rand, record plog.LogRecord, i int) {
	size := 50 + random.IntN(300)
	if i%20 == 0 {
		size = 1000 + random.IntN(1000)
	}
	if i%loadBigRow == 0 {
		size = 2000 + random.IntN(198_000)
	}
	row := record.Body().SetEmptyMap()
	row.PutInt("Id", int64(i))
	row.PutBool("Bad", i%loadBadRow == 1)
	sum := uint32(0)
	for n := 0; size > 0; n++ {
		text := loadText(random, min(size, 50_000))
		row.PutStr(fmt.Sprintf("Text%d", n), text)
		sum = crc32.Update(sum, crc32.IEEETable, []byte(text))
		size -= 50_000
	}
	row.PutInt("Sum", int64(sum))
}

// loadWords is text that compresses as little as logs do.
var loadWords = func() string {
	random := rand.New(rand.NewPCG(5, 6))
	var b strings.Builder
	for b.Len() < 1<<20 {
		fmt.Fprintf(&b, "%x \"e\" ", random.Uint64())
	}
	return b.String()
}()

func loadText(random *rand.Rand, size int) string {
	start := random.IntN(len(loadWords) - size)
	return loadWords[start : start+size]
}

type loadedRow struct {
	ID                         int `json:"Id"`
	Bad                        bool
	Sum                        uint32
	Text0, Text1, Text2, Text3 string
}

// faultyService has every fault, and counts how often it accepted each row.
type faultyService struct {
	mu     sync.Mutex
	good   int    // requests without a fault
	times  []int  // by id: how often the row was accepted
	unsure []bool // by id: it was accepted, but the connection ended before the response
	faults map[string]int
	err    error
}

// answer responds with every fault: 401 and 403 first, then each of the others
// several times.
func (l *faultyService) answer(c *call) answer {
	rows := make([]loadedRow, len(c.rows))
	for i := range c.rows {
		if err := json.Unmarshal(c.rows[i], &rows[i]); err != nil {
			l.fail(err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	name, a := l.fault(c, len(rows))
	if a.status == 0 {
		name, a = l.checkRows(rows)
	}
	l.faults[name]++
	if name == "accepted" || name == "cut after" {
		l.accept(rows, name == "cut after")
	}
	return a
}

// fault returns a fault that does not depend on the rows.
func (l *faultyService) fault(c *call, rows int) (string, answer) {
	switch {
	case c.n <= 3:
		return "401", answer{status: 401, code: "InvalidToken", message: "not yet"}
	case c.n <= 6:
		return "403", answer{status: 403, code: "OperationFailed", message: "not yet"}
	case c.n == 20:
		return "429 1s", answer{status: 429, retryAfter: "1"}
	case c.n%23 == 7:
		return "429", answer{status: 429, retryAfter: "0"}
	case c.n%29 == 8:
		return "500", broken
	case c.n%37 == 9:
		return "503", answer{status: 503, retryAfter: time.Now().UTC().Format(time.RFC1123)}
	case c.n%41 == 10:
		return "cut before", answer{status: -1, cut: true}
	case c.n%31 == 11 && rows > 1:
		return "413", answer{status: 413, code: "ContentLengthLimitExceeded", message: "too long"}
	}
	return "", answer{}
}

// checkRows responds depending on the rows.
func (l *faultyService) checkRows(rows []loadedRow) (string, answer) {
	for i, row := range rows {
		if row.Bad {
			return "400", refused(fmt.Sprintf("record %d is bad", i))
		}
	}
	if l.good++; l.good%25 == 0 {
		return "cut after", answer{status: -1, cut: true}
	}
	return "accepted", accepted
}

func (l *faultyService) accept(rows []loadedRow, unsure bool) {
	for _, row := range rows {
		l.times[row.ID]++
		l.unsure[row.ID] = l.unsure[row.ID] || unsure
		sum := uint32(0)
		for _, text := range []string{row.Text0, row.Text1, row.Text2, row.Text3} {
			sum = crc32.Update(sum, crc32.IEEETable, []byte(text))
		}
		if sum != row.Sum {
			l.err = fmt.Errorf("row %d was changed on the way", row.ID)
		}
	}
}

func (l *faultyService) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// A hundred thousand rows are delivered to a service with every fault. Each row
// arrives, exactly once if the service responded, and only invalid rows are
// dropped.
func TestDeliversThroughFaults(t *testing.T) {
	l := &faultyService{
		faults: map[string]int{}, times: make([]int, loadRows), unsure: make([]bool, loadRows),
	}
	s := newSetup(t, l.answer)
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.WaitForResult = true
	queue.NumConsumers = loadSenders
	s.config.QueueConfig = configoptional.Some(queue)
	s.config.ClientConfig.CompressionParams.Level = 1 // compression dominates the time of this test
	sendLoad(t, s.start(t))
	require.NoError(t, l.err)
	l.check(t)
	bad := (loadRows + loadBadRow - 2) / loadBadRow
	assert.EqualValues(t, bad, s.counted(t, "rows_dropped", "refused"))
	for _, fault := range []string{"400", "401", "403", "413", "429", "429 1s", "500", "503", "cut before", "cut after"} {
		assert.Positive(t, l.faults[fault], "the service had no %s", fault)
	}
	report(t, s, l)
}

// check checks how often each row was accepted.
func (l *faultyService) check(t *testing.T) {
	t.Helper()
	var lost, twice, repeated int
	for id, times := range l.times {
		bad := id%loadBadRow == 1
		switch {
		case bad && times > 0:
			t.Errorf("bad row %d was accepted", id)
		case !bad && times == 0:
			lost++
		case times > 1 && l.unsure[id]:
			repeated++
		case times > 1:
			twice++
		}
	}
	assert.Zero(t, lost, "rows that did not arrive")
	assert.Zero(t, twice, "rows that were sent again although the service had responded")
	t.Logf("%d rows twice, after a connection that ended without a response", repeated)
}

func report(t *testing.T, s *setup, l *faultyService) {
	t.Helper()
	var size, most, received, mostReceived int
	for _, c := range s.service.requests() {
		size, most = size+c.size, max(most, c.size)
		received, mostReceived = received+c.received, max(mostReceived, c.received)
	}
	t.Logf("%d requests, %d bytes, at most %d in one; compressed %d, at most %d", len(s.service.requests()), size, most, received, mostReceived)
	t.Logf("responses: %v", l.faults)
	assert.LessOrEqual(t, most, serviceLimit)
	assert.LessOrEqual(t, mostReceived, serviceLimit)
}

// sendLoad sends the rows from several goroutines, as a pipeline does.
func sendLoad(t *testing.T, e exporter.Logs) {
	t.Helper()
	next := make(chan int)
	var senders sync.WaitGroup
	for range loadSenders {
		senders.Go(func() {
			for first := range next {
				logs := plog.NewLogs()
				records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
				random := rand.New(rand.NewPCG(3, uint64(first)))
				for i := first; i < first+loadBatch; i++ {
					loadRow(random, records.AppendEmpty(), i)
				}
				logs.MarkReadOnly()
				if err := e.ConsumeLogs(t.Context(), logs); err != nil {
					t.Errorf("rows from %d: %v", first, err)
				}
			}
		})
	}
	for first := 0; first < loadRows; first += loadBatch {
		next <- first
	}
	close(next)
	senders.Wait()
}
