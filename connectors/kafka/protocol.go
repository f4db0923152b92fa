package kafka

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"sync"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// register makes kafka-go decode answers to Fetch into a fetchResponse. It runs
// before the first connection of the process, once.
var register = sync.OnceFunc(func() { protocol.Register(&fetch.Request{}, &fetchResponse{}) })

// fetchResponse is fetch.Response with the record batches left as bytes.
type fetchResponse struct {
	ThrottleTimeMs int32        `kafka:"min=v1,max=v11"`
	ErrorCode      int16        `kafka:"min=v7,max=v11"`
	SessionID      int32        `kafka:"min=v7,max=v11"`
	Topics         []fetchTopic `kafka:"min=v0,max=v11"`
}

// ApiKey implements protocol.Message.
func (*fetchResponse) ApiKey() protocol.ApiKey { return protocol.Fetch }

type fetchTopic struct {
	Topic      string           `kafka:"min=v0,max=v11"`
	Partitions []fetchPartition `kafka:"min=v0,max=v11"`
}

type fetchPartition struct {
	Partition            int32        `kafka:"min=v0,max=v11"`
	ErrorCode            int16        `kafka:"min=v0,max=v11"`
	HighWatermark        int64        `kafka:"min=v0,max=v11"`
	LastStableOffset     int64        `kafka:"min=v4,max=v11"`
	LogStartOffset       int64        `kafka:"min=v5,max=v11"`
	AbortedTransactions  []abortedTxn `kafka:"min=v4,max=v11"`
	PreferredReadReplica int32        `kafka:"min=v11,max=v11"`
	Records              rawRecords   `kafka:"min=v0,max=v11"`
}

// abortedTxn is a transaction without effect: the transactional batches of its
// producer from FirstOffset up to its marker.
type abortedTxn struct {
	ProducerID  int64 `kafka:"min=v4,max=v11"`
	FirstOffset int64 `kafka:"min=v4,max=v11"`
}

// rawRecords is a partition's record batches, in a buffer of the pool.
type rawRecords struct{ data []byte }

// maxRecords bounds what one partition may have in one answer: a broker sends
// more than it was asked for only to return one whole batch.
const maxRecords = 1 << 30

// ReadFrom implements io.ReaderFrom, by which kafka-go decodes the field.
func (r *rawRecords) ReadFrom(from io.Reader) (int64, error) {
	var size [4]byte
	if _, err := io.ReadFull(from, size[:]); err != nil {
		return 0, err
	}
	n := int32(binary.BigEndian.Uint32(size[:]))
	if n <= 0 {
		return 4, nil
	}
	if n > maxRecords {
		return 4, fmt.Errorf("a record set of %d bytes", n)
	}
	r.data = takeBuffer(int(n))
	got, err := io.ReadFull(from, r.data)
	return int64(4 + got), err
}

// buffers holds used buffers by the power of two that they can hold, from 4 KB
// to 16 MB, so that fetching at full speed allocates nothing.
var buffers [13]sync.Pool

const smallest = 12 // 4 KB

func takeBuffer(n int) []byte {
	class := max(bits.Len(uint(n-1))-smallest, 0)
	if class >= len(buffers) {
		return make([]byte, n)
	}
	if b, _ := buffers[class].Get().(*[]byte); b != nil {
		return (*b)[:n]
	}
	return make([]byte, n, 1<<(class+smallest))
}

// giveBuffer takes back what nobody reads any more.
func giveBuffer(b []byte) {
	class := bits.Len(uint(cap(b))) - 1 - smallest
	if class >= 0 && class < len(buffers) && cap(b) == 1<<(class+smallest) {
		buffers[class].Put(&b)
	}
}
