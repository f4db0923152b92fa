package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Every encoding begins with four bytes that tell its kind and version, and
// ends with the CRC32-C of all before it. Numbers are varints.
const (
	manifestMagic = "DMF1"
	rootMagic     = "DRT1"
	indexMagic    = "DIX1"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errShort    = errors.New("storage: the encoding ends early")
	errChecksum = errors.New("storage: checksum mismatch")
	errRange    = errors.New("storage: a number is out of range")
)

// seal appends the checksum.
func seal(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// unseal checks magic and checksum and returns what stands between them.
func unseal(b []byte, magic string) ([]byte, error) {
	if len(b) < len(magic)+4 {
		return nil, errShort
	}
	if got := string(b[:len(magic)]); got != magic {
		return nil, fmt.Errorf("storage: found %q, want %q: not of this kind, or of another version", got, magic)
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, errChecksum
	}
	return body[len(magic):], nil
}

// decoder takes values from the front of b; after the first error all are zero.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.b = nil
}

func (d *decoder) uvarint() uint64 {
	x, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail(errShort)
		return 0
	}
	d.b = d.b[n:]
	return x
}

// small takes a number that fits an int32.
func (d *decoder) small() int32 {
	x, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail(errShort)
		return 0
	}
	d.b = d.b[n:]
	if x != int64(int32(x)) {
		d.fail(errRange)
		return 0
	}
	return int32(x)
}

// count takes the number of items that follow, of at least min bytes each.
func (d *decoder) count(least int) int {
	x := d.uvarint()
	if x > uint64(len(d.b)/max(1, least)) {
		d.fail(errShort)
		return 0
	}
	return int(x)
}

// bytes takes a copy of a byte string with its length; nil where it is empty.
func (d *decoder) bytes() []byte {
	n := d.count(1)
	if n == 0 {
		return nil
	}
	out := append([]byte(nil), d.b[:n]...)
	d.b = d.b[n:]
	return out
}

// end returns the error, and one if something is left.
func (d *decoder) end() error {
	if d.err == nil && len(d.b) > 0 {
		d.err = fmt.Errorf("storage: %d bytes too many", len(d.b))
	}
	return d.err
}

func appendBytes(b, x []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(x))), x...)
}

// id is the unique part of the name of something stored: the incarnation and
// epoch that wrote it, and a number.
type id struct{ inc, epoch, n uint64 }

func (x id) append(b []byte) []byte {
	b = binary.AppendUvarint(b, x.inc)
	b = binary.AppendUvarint(b, x.epoch)
	return binary.AppendUvarint(b, x.n)
}

func (d *decoder) id() id {
	return id{inc: d.uvarint(), epoch: d.uvarint(), n: d.uvarint()}
}
