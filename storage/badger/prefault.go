package badger

import (
	"bytes"
	"path/filepath"
	"strconv"
	"sync"
)

// prefault has the system make the pages of a value log ready before Badger
// copies values into its mapping. The copy would else stop at each page until the
// file system has made room for it, which takes hundreds of ms where the disk is
// busy. A goroutine that stands in a page fault cannot be stopped, so that the
// whole process would wait for the disk whenever the garbage collector begins or
// ends; one that stands in a system call keeps nobody waiting.
//
// It is a guess at where Badger writes next. Where it is wrong, all is as without.
type prefault struct {
	dir string // of the value log, as the system names it

	mu   sync.Mutex
	file string // the value-log file written to last
	end  int64  // of what has been written to it
}

const (
	vlogHeader   = 20       // bytes with which a value-log file begins
	vlogEntry    = 32       // bytes that Badger adds to a key and a value, at most
	prefaultFrom = 16 << 10 // a write of fewer bytes is not worth a system call
)

func newPrefault(dir string) *prefault {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return &prefault{dir: dir}
}

// before is called before puts go to Badger, of which those with values of
// threshold bytes or more go to the value log.
func (p *prefault) before(puts []entry, threshold int64) {
	n := int64(0)
	for _, e := range puts {
		if int64(len(e.value))+4 >= threshold {
			n += int64(len(e.key)+len(e.value)) + vlogEntry
		}
	}
	if n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n < prefaultFrom {
		p.end += n
		return
	}
	m, ok := newest(mappings(), p.dir)
	if !ok {
		return
	}
	if m.file != p.file {
		p.file, p.end = m.file, vlogHeader
	}
	from, to := p.end&^(pageSize-1), min((p.end+n+pageSize-1)&^(pageSize-1), m.size)
	p.end += n
	if from < to {
		populate(m.at+uintptr(from), uintptr(to-from))
	}
}

const pageSize = 4 << 10 // the least there is: larger ones are covered too

// mapping is a file in the memory of this process.
type mapping struct {
	file string
	at   uintptr
	size int64
}

// newest finds the value-log file of dir with the highest number in the text of
// /proc/self/maps.
func newest(maps []byte, dir string) (m mapping, ok bool) {
	for line := range bytes.Lines(maps) {
		at := bytes.IndexByte(line, '/')
		if at < 0 || !bytes.HasSuffix(line, []byte(".vlog\n")) {
			continue
		}
		file := string(line[at : len(line)-1])
		if filepath.Dir(file) != dir || file < m.file {
			continue
		}
		span, _, _ := bytes.Cut(line, []byte(" "))
		low, high, _ := bytes.Cut(span, []byte("-"))
		from, err := strconv.ParseUint(string(low), 16, 64)
		to, err2 := strconv.ParseUint(string(high), 16, 64)
		if err == nil && err2 == nil && from < to {
			m, ok = mapping{file, uintptr(from), int64(to - from)}, true
		}
	}
	return m, ok
}
