package bench

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// send sends one message of the PostgreSQL protocol.
func send(c net.Conn, kind byte, body []byte) error {
	msg := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))
	_, err := c.Write(append(msg, body...))
	return err
}

// until reads messages up to one of the wanted kind whose body is right; an
// error of the server ends it too.
func until(c net.Conn, kind byte, right func(body string) bool) error {
	for {
		var head [5]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(c, body); err != nil {
			return err
		}
		switch {
		case head[0] == 'E':
			return errors.New(strings.ReplaceAll(string(body), "\x00", " "))
		case head[0] == kind && (right == nil || right(string(body))):
			return nil
		}
	}
}

// processCPU returns the processor time that a process has used, in the kernel
// too; 0 where the system has no /proc.
func processCPU(pid int) time.Duration {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * (time.Second / 100) // ticks of 10 ms
}
