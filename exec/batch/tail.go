package batch

import "encoding/binary"

// Tailed tells whether values of k end in a tail: what their order leaves out
// and their display needs, as the zeros of 1.00 in JSONB.
func (k Kind) Tailed() bool { return k == JSONB || k == Array }

// Significant returns the part of a tailed value that counts in comparisons.
//
// A tailed value is its key (bytes that order as the values do, none a prefix of
// another), a zero byte, and, where there is something to say, the tail with its
// length behind it: one byte below 255, or four little-endian ones and 255. The
// key with its zero byte is significant; so a value without tail is it as a
// whole, and whole values order like keys, ties settled by their tails.
func Significant(v []byte) []byte {
	n := len(v)
	if n == 0 || v[n-1] == 0 {
		return v
	}
	key, _ := cutTail(v)
	return key
}

// cutTail splits a tailed value into its key with the zero byte, and its tail.
// A value that is none comes back whole.
func cutTail(v []byte) (key, tail []byte) {
	n := len(v)
	if n == 0 || v[n-1] == 0 {
		return v, nil
	}
	end, size := n-1, int(v[n-1])
	if size == 255 {
		if end -= 4; end < 0 {
			return v, nil
		}
		size = int(binary.LittleEndian.Uint32(v[end:]))
	}
	if size > end {
		return v, nil
	}
	return v[:end-size], v[end-size : end]
}

// appendTail ends a value whose key stands in dst.
func appendTail(dst, tail []byte) []byte {
	dst = append(dst, 0)
	if len(tail) == 0 {
		return dst
	}
	dst = append(dst, tail...)
	if len(tail) < 255 {
		return append(dst, byte(len(tail)))
	}
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(tail))), 255)
}
