package nexmark

import (
	"strconv"
	"strings"
	"sync"

	"github.com/dirigo-stream/dirigo/exec/batch"
)

// Mean sizes of a row in bytes, and what the columns besides extra take of it,
// as the published generator counts: for a bid the four numbers, not channel
// and url, which later versions added.
const (
	personSize  = 200
	auctionSize = 500
	bidSize     = 100

	bidRest = 4 * 8
)

var (
	firstNames = strings.Split("Peter,Paul,Luke,John,Saul,Vicky,Kate,Julie,Sarah,Deiter,Walter", ",")
	lastNames  = strings.Split("Shultz,Abrams,Spencer,White,Bartels,Walton,Smith,Jones,Noris", ",")
	usCities   = strings.Split("Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne", ",")
	usStates   = strings.Split("AZ,CA,ID,OR,WA,WY", ",")
	fullNames  = cross(firstNames, lastNames)
)

func cross(a, b []string) []string {
	var out []string
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+" "+y)
		}
	}
	return out
}

// picks makes one of a few texts per row.
func (g *Generator) picks(row int64, n int, choice string, texts []string) batch.Column {
	s := g.seeds[choice]
	out := &batch.TextVec{Off: make([]uint32, 1, n+1), Data: make([]byte, 0, n*len(texts[0]))}
	for i := range n {
		out.AppendString(pick(s.at(g.table.event(row+int64(i))), texts))
	}
	return out
}

func pick(r uint64, texts []string) string { return texts[below(r, int64(len(texts)))] }

func (g *Generator) names(row int64, n int) batch.Column { return g.picks(row, n, "name", fullNames) }

func (g *Generator) cities(row int64, n int) batch.Column { return g.picks(row, n, "city", usCities) }

func (g *Generator) states(row int64, n int) batch.Column { return g.picks(row, n, "state", usStates) }

func (g *Generator) emails(row int64, n int) batch.Column {
	s := g.seeds["email"]
	out := &batch.TextVec{Off: make([]uint32, 1, n+1), Data: make([]byte, 0, n*16)}
	var buf []byte
	for i := range n {
		user, host := address(s.at(g.table.event(row + int64(i))))
		buf = append(append(append(buf[:0], user...), '@'), host...)
		out.Append(append(buf, dotCom...))
	}
	return out
}

const dotCom = ".com"

// address returns the parts of an email address.
func address(r uint64) (user, host []byte) {
	return cut(words(), mix(r), 7), cut(words(), mix(r+1), 5)
}

// cut returns between 3 and most characters (less the last) of p, trimmed.
func cut(p []byte, r uint64, most int64) []byte {
	x := trimmed(p, r, most)
	return p[x.from:x.to]
}

func trimmed(p []byte, r uint64, most int64) piece {
	from := int32(r % poolSize)
	to := from + 3 + int32(below(r, most-3))
	for from < to && p[from] == ' ' {
		from++
	}
	for from < to && p[to-1] == ' ' {
		to--
	}
	return piece{from, to}
}

func (g *Generator) cards(row int64, n int) batch.Column {
	s := g.seeds["card"]
	out := &batch.TextVec{Off: make([]uint32, 1, n+1), Data: make([]byte, 0, n*19)}
	var buf [19]byte
	for i := range n {
		r := s.at(g.table.event(row + int64(i)))
		for k := range buf {
			if k%5 == 4 {
				buf[k] = ' '
				continue
			}
			buf[k] = '0' + byte(r%10)
			r /= 10
		}
		out.Append(buf[:])
	}
	return out
}

func (g *Generator) itemNames(row int64, n int) batch.Column {
	return phrases(g.pieces(row, n, "item", longestItem))
}

func (g *Generator) descriptions(row int64, n int) batch.Column {
	return phrases(g.pieces(row, n, "description", longestDescription))
}

const (
	longestItem        = 20
	longestDescription = 100
)

// piece is a part of the pool of words. It is no slice: thousands of pointers
// would be as many for the collector to follow.
type piece struct{ from, to int32 }

// pieces cuts a phrase for each row out of the pool of words.
func (g *Generator) pieces(row int64, n int, choice string, most int64) []piece {
	s, p := g.seeds[choice], words()
	out := make([]piece, n)
	g.table.spans(row, n, func(_, e int64, i, j int) {
		for k := i; k < j; k++ {
			out[k] = trimmed(p, s.at(e+int64(k-i)), most)
		}
	})
	return out
}

func phrases(pieces []piece) batch.Column {
	out, p := &batch.TextVec{Off: make([]uint32, len(pieces)+1)}, words()
	end := uint32(0)
	for i, x := range pieces {
		end += uint32(x.to - x.from)
		out.Off[i+1] = end
	}
	out.Data = make([]byte, 0, end)
	for _, x := range pieces {
		out.Data = append(out.Data, p[x.from:x.to]...)
	}
	return out
}

func (g *Generator) bidExtras(row int64, n int) batch.Column {
	return g.extras(row, n, func(int) int { return bidSize - bidRest })
}

func (g *Generator) personExtras(row int64, n int) batch.Column {
	name, email, city := g.seeds["name"], g.seeds["email"], g.seeds["city"]
	return g.extras(row, n, func(i int) int {
		e := g.table.event(row + int64(i))
		user, host := address(email.at(e))
		texts := len(pick(name.at(e), fullNames)) + len(user) + 1 + len(host) + len(dotCom) + len(pick(city.at(e), usCities))
		return personSize - 8 - 19 - 2 - texts
	})
}

func (g *Generator) auctionExtras(row int64, n int) batch.Column {
	texts := g.pieces(row, n, "item", longestItem)
	for i, d := range g.pieces(row, n, "description", longestDescription) {
		texts[i].to += d.to - d.from
	}
	return g.extras(row, n, func(i int) int { return auctionSize - 6*8 - int(texts[i].to-texts[i].from) })
}

// extras fills rows up to their mean size: mean says what is left of it in row
// i, and the text is that long, give or take a fifth.
func (g *Generator) extras(row int64, n int, mean func(i int) int) batch.Column {
	out := &batch.TextVec{Off: make([]uint32, n+1)}
	s, end := g.seeds["extra"], uint32(0)
	at := make([]uint16, n) // where in the pool
	g.table.spans(row, n, func(_, e int64, i, j int) {
		for k := i; k < j; k++ {
			r := s.at(e + int64(k-i))
			m := max(mean(k), 0)
			delta := (m + 2) / 5
			end += uint32(int64(m-delta) + below(r, int64(2*delta)))
			at[k], out.Off[k+1] = uint16(r), end
		}
	})
	out.Data = make([]byte, end)
	p := letters()
	for i, from := range at {
		copy(out.Data[out.Off[i]:out.Off[i+1]], p[from:])
	}
	return out
}

// Half of the bids come by one of four hot channels, the others by one of ten
// thousand; each channel has its own URL.
const (
	hotChannels  = 4
	coldChannels = 10_000
)

// links holds the names and URLs of all channels, the hot ones first.
var links = sync.OnceValue(func() *struct{ name, url batch.TextVec } {
	var l struct{ name, url batch.TextVec }
	for i, name := range []string{"Google", "Facebook", "Baidu", "Apple"} {
		l.name.AppendString(name)
		l.url.Append(baseURL(uint64(i)))
	}
	for i := range uint64(coldChannels) {
		l.name.AppendString("channel-" + strconv.FormatUint(i, 10))
		url := baseURL(i + hotChannels)
		if r := mix(^i); r%10 > 0 {
			url = strconv.AppendUint(append(url, "&channel_id="...), r>>32, 10)
		}
		l.url.Append(url)
	}
	return &l
})

func baseURL(i uint64) []byte {
	url := []byte("https://www.nexmark.com/")
	for part := range uint64(3) {
		at := mix(i*3+part+golden) % poolSize
		url = append(append(url, letters()[at:at+3+at%3]...), '/')
	}
	return append(url, "item.htm?query=1"...)
}

func (g *Generator) channels(row int64, n int) batch.Column {
	return g.linkColumn(row, n, &links().name)
}

func (g *Generator) urls(row int64, n int) batch.Column { return g.linkColumn(row, n, &links().url) }

func (g *Generator) linkColumn(row int64, n int, from *batch.TextVec) batch.Column {
	out := &batch.TextVec{Off: make([]uint32, n+1)}
	s, end := g.seeds["channel"], uint32(0)
	which := make([]uint16, n)
	g.table.spans(row, n, func(_, e int64, i, j int) {
		for k := i; k < j; k++ {
			r := s.at(e + int64(k-i))
			c := hotChannels + below(r, coldChannels)
			if r&1 != 0 {
				c = int64(r >> 1 % hotChannels)
			}
			end += from.Off[c+1] - from.Off[c]
			which[k], out.Off[k+1] = uint16(c), end
		}
	})
	out.Data = make([]byte, end)
	for i, c := range which {
		copy(out.Data[out.Off[i]:out.Off[i+1]], from.Data[from.Off[c]:from.Off[c+1]])
	}
	return out
}
